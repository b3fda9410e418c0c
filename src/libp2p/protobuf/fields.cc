// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/protobuf/fields.h"

#include <array>
#include <protozero/pbf_reader.hpp>
#include <protozero/varint.hpp>

namespace ghmesh::protobuf {
namespace {

Field take_field(protozero::pbf_reader& reader) {
  Field field{.number = reader.tag()};
  switch (reader.wire_type()) {
    case protozero::pbf_wire_type::varint:
      field.type = WireType::varint;
      field.value = reader.get_uint64();
      break;
    case protozero::pbf_wire_type::fixed64:
      field.type = WireType::fixed64;
      field.value = reader.get_fixed64();
      break;
    case protozero::pbf_wire_type::fixed32:
      field.type = WireType::fixed32;
      field.value = reader.get_fixed32();
      break;
    default:  // next() has refused every other
      field.type = WireType::bytes;
      const protozero::data_view view = reader.get_view();
      field.bytes = as_bytes({view.data(), view.size()});
  }
  return field;
}

void append_varint(Bytes& out, std::uint64_t value) {
  std::array<char, protozero::max_varint_length> digits;
  const int count = protozero::add_varint_to_buffer(digits.data(), value);
  append(out, as_bytes({digits.data(), static_cast<std::size_t>(count)}));
}

void append_tag(Bytes& out, std::uint32_t number, std::uint32_t wire_type) {
  append_varint(out, (std::uint64_t{number} << 3) | wire_type);
}

}  // namespace

Result<std::optional<Field>> FieldReader::next() {
  if (rest_.empty()) return std::optional<Field>();
  const std::string_view text = as_text(rest_);
  try {
    protozero::pbf_reader reader(text.data(), text.size());
    if (!reader.next()) return Errc::malformed;
    const Field field = take_field(reader);
    rest_ = rest_.last(reader.length());
    return std::optional<Field>(field);
  } catch (const protozero::exception&) {
    return Errc::malformed;
  }
}

void append_field(Bytes& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, 0);
  append_varint(out, value);
}

void append_field(Bytes& out, std::uint32_t number, ByteView bytes) {
  append_tag(out, number, 2);
  append_varint(out, bytes.size());
  append(out, bytes);
}

}  // namespace ghmesh::protobuf
