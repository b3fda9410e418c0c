// SPDX-License-Identifier: Apache-2.0 OR MIT
// What names a message: bytes that Options::id_scheme makes of it.
#pragma once

#include <compare>
#include <string>

#include "base/bytes.h"
#include "base/text.h"

namespace ghmesh::gossipsub {

class MessageId {
 public:
  MessageId() = default;
  explicit MessageId(ByteView bytes) : bytes_(as_text(bytes)) {}

  ByteView bytes() const { return as_bytes(bytes_); }
  std::string text() const { return hex(bytes()); }
  auto operator<=>(const MessageId&) const = default;

 private:
  std::string bytes_;
};

}  // namespace ghmesh::gossipsub
