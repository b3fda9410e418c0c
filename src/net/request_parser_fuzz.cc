// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as a request: parsed at once and in two pieces, which must mean the same; then its body, whole and byte by
// byte.
#include "net/request_parser.h"

#include <string>
#include <vector>

#include "base/check.h"
#include "net/body_decoder.h"

namespace {

using namespace ghmesh;
using net::BodyDecoder;
using net::RequestParser;

constexpr std::uint64_t kBodyBytesMax = 1 << 20;

void check_views(std::string_view input, const http::RequestHead& head, std::size_t head_bytes) {
  GHMESH_CHECK(head_bytes <= input.size() && head_bytes <= kHeadBytesMax);
  GHMESH_CHECK(input.substr(0, head_bytes).ends_with("\r\n\r\n"));
  GHMESH_CHECK(!head.method.empty() && !head.target.empty() &&
               head.target.size() <= kTargetBytesMax);
  GHMESH_CHECK(head.version_minor == 0 || !head.host.empty());
  GHMESH_CHECK(!(head.is_chunked && head.content_length));
  for (const auto& field : head.all_fields()) {
    GHMESH_CHECK(!field.name.empty());
    GHMESH_CHECK(field.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                 std::string_view::npos);
    GHMESH_CHECK(field.name.data() >= input.data());
    GHMESH_CHECK(field.value.data() + field.value.size() <= input.data() + head_bytes);
  }
}

// The body and how it ended.
std::string decode(const http::RequestHead& head, std::string_view input, std::size_t piece_bytes) {
  BodyDecoder decoder(head, kBodyBytesMax);
  std::string body;
  for (std::size_t at = 0;;) {
    const auto step = decoder.decode(input.substr(at, piece_bytes));
    GHMESH_CHECK(step.consumed_bytes <= input.size() - at);
    at += step.consumed_bytes;
    body += step.part;
    GHMESH_CHECK(body.size() <= kBodyBytesMax);
    if (step.outcome == BodyDecoder::Outcome::end) return body + "|" + std::to_string(at);
    if (step.outcome == BodyDecoder::Outcome::rejected)
      return body + "|" + std::to_string(decoder.rejection().status);
    if (step.outcome == BodyDecoder::Outcome::needs_more && at == input.size())
      return body + "|more";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  http::RequestHead head;
  RequestParser whole;
  const auto outcome = whole.parse(input, head);
  if (outcome == RequestParser::Outcome::complete) check_views(input, head, whole.head_bytes());

  // Cut where the input itself says, so that the fuzzer can choose.
  http::RequestHead second_head;
  RequestParser pieces;
  const std::size_t cut = size == 0 ? 0 : data[size - 1] % (size + 1);
  auto second = pieces.parse(input.substr(0, cut), second_head);
  if (second == RequestParser::Outcome::needs_more) second = pieces.parse(input, second_head);
  // What is refused may be found out later when it comes in pieces, but what is accepted is the same.
  GHMESH_CHECK((outcome == RequestParser::Outcome::complete) ==
               (second == RequestParser::Outcome::complete));
  if (outcome != RequestParser::Outcome::complete) return 0;
  GHMESH_CHECK(whole.head_bytes() == pieces.head_bytes() && head.host == second_head.host);
  GHMESH_CHECK(head.fields_count == second_head.fields_count &&
               head.content_length == second_head.content_length);

  const std::string_view rest = input.substr(whole.head_bytes());
  GHMESH_CHECK(decode(head, rest, rest.size() + 1) == decode(head, rest, 1));
  return 0;
}
