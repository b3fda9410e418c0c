// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/record.h"

#include "base/bytes.h"
#include "ghmesh/cache.h"
#include "packing/varint.h"

namespace ghmesh::library {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kOfPeer = 1;
constexpr std::uint8_t kHasFields = 2;
constexpr std::size_t kCidBytesMax = 128;  // ours has 59 characters

std::optional<std::string_view> take_text(Reader& in, std::size_t bytes_max) {
  const auto bytes_count = packing::take_varint(in);
  if (!bytes_count || *bytes_count > bytes_max) return std::nullopt;
  const auto bytes = in.take(*bytes_count);
  if (!bytes) return std::nullopt;
  return as_text(*bytes);
}

void append_text(Bytes& out, std::string_view text) {
  packing::append_varint(out, text.size());
  append(out, as_bytes(text));
}

}  // namespace

std::string write_record(const Record& record) {
  const bool has_fields = !record.validation_fields.empty();
  Bytes out;
  out.reserve(record.data.size() + record.name.size() + record.validation_fields.size() + 128);
  append_big_endian<std::uint8_t>(out, kVersion);
  append_big_endian<std::uint8_t>(out, static_cast<std::uint8_t>((record.is_of_peer ? kOfPeer : 0) |
                                                                 (has_fields ? kHasFields : 0)));
  append_big_endian<std::uint64_t>(out, static_cast<std::uint64_t>(record.written_at));
  packing::append_varint(out, static_cast<std::uint64_t>(record.ttl));
  append_text(out, record.name);
  if (has_fields) {
    append_text(out, record.validation_fields);
    append_text(out, record.validation_cid);
  }
  append(out, as_bytes(record.data));
  return std::string(as_text(out));
}

Result<Record> parse_record(std::string_view bytes) {
  Reader in(as_bytes(bytes));
  const auto version = in.take_big_endian<std::uint8_t>();
  const auto flags = in.take_big_endian<std::uint8_t>();
  const auto written_at = in.take_big_endian<std::uint64_t>();
  if (!version || !flags || !written_at) return Errc::truncated;
  if (*version != kVersion) return Errc::unsupported;
  const auto ttl = packing::take_varint(in);
  if (*flags > (kOfPeer | kHasFields) || !ttl || *ttl > static_cast<std::uint64_t>(kTtlMax) ||
      *written_at > (std::uint64_t{1} << 52))
    return Errc::malformed;
  const auto name = take_text(in, kKeyBytesMax);
  if (!name || name->empty()) return Errc::malformed;
  Record record{.name = *name,
                .written_at = static_cast<std::int64_t>(*written_at),
                .ttl = static_cast<std::int64_t>(*ttl)};
  record.is_of_peer = (*flags & kOfPeer) != 0;
  if ((*flags & kHasFields) != 0) {
    const auto fields = take_text(in, kFieldsBytesMax);
    const auto cid = fields ? take_text(in, kCidBytesMax) : std::nullopt;
    if (!cid || fields->empty()) return Errc::malformed;
    record.validation_fields = *fields;
    record.validation_cid = *cid;
  }
  if (in.remaining() > kDataBytesMax) return Errc::too_large;
  record.data = as_text(in.rest());
  return record;
}

}  // namespace ghmesh::library
