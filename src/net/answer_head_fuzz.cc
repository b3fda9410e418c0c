// SPDX-License-Identifier: Apache-2.0 OR MIT
// A head that was accepted holds nothing that could be read as more than its lines.
#include <cstdint>

#include "base/check.h"
#include "net/answer_head.h"

using namespace ghmesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  net::AnswerHead head;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line =
        text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    if (!head.receive_line(line)) return 0;
  }
  if (!head.is_complete()) return 0;
  GHMESH_CHECK(head.status() >= 200 && head.status() <= 599);
  GHMESH_CHECK(head.headers().size() <= kFieldsCountMax);
  for (const auto& header : head.headers())
    GHMESH_CHECK(net::is_token(header.name) && net::is_field_value(header.value));
  if (head.framing() == net::AnswerHead::Framing::chunked) GHMESH_CHECK(!head.content_length());
  return 0;
}
