// SPDX-License-Identifier: Apache-2.0 OR MIT
// Protocol buffers, one field at a time: what stands on the wire, before anything is built from it.
//
// There are no generated classes. A parser walks the fields with a FieldReader, counts and compares with its limits,
// and takes what it knows; the views point into the input. protozero does the reading; its exceptions end here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::protobuf {

enum class WireType : std::uint8_t { varint, fixed64, bytes, fixed32 };

struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of varint, fixed64 and fixed32
  ByteView bytes;           // of bytes: also text and embedded messages

  bool is_bytes(std::uint32_t wanted) const { return number == wanted && type == WireType::bytes; }
  bool is_varint(std::uint32_t wanted) const {
    return number == wanted && type == WireType::varint;
  }
};

class FieldReader {
 public:
  explicit FieldReader(ByteView message) : rest_(message) {}

  // The next field; nullopt at the end. Errors (final): malformed (a length beyond the end, a varint that is too long,
  // a field number or wire type that does not exist; groups, too, which nobody has sent since 2008).
  Result<std::optional<Field>> next();

 private:
  ByteView rest_;
};

// In the shortest spelling. Fields come out in the order of the calls.
void append_field(Bytes& out, std::uint32_t number, std::uint64_t value);
void append_field(Bytes& out, std::uint32_t number, ByteView bytes);

}  // namespace ghmesh::protobuf
