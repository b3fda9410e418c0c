// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/request_parser.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/limits.h"
#include "base/text.h"

namespace ghmesh::net {
namespace {

using Outcome = RequestParser::Outcome;

constexpr Rejection malformed(std::string_view message) {
  return {400, RejectReason::malformed, message};
}
constexpr Rejection unsupported(int status, std::string_view message) {
  return {status, RejectReason::unsupported, message};
}
constexpr Rejection too_large(int status, std::string_view message) {
  return {status, RejectReason::head_too_large, message};
}

constexpr std::array<bool, 256> make_table(std::string_view extra) {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : extra) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto kTokenBytes = make_table("!#$%&'*+-.^_`|~");  // RFC 9110, 5.6.2
// RFC 3986, 3.2.2: reg-name without percent-encoding, which no host of ours has.
constexpr auto kHostBytes = make_table("-._~!$&'()*+,;=");

bool is_token_byte(char c) { return kTokenBytes[static_cast<unsigned char>(c)]; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The first byte at or after `at` that is a control character (a tab too); eight at a time, because values are most of
// a head.
const char* find_control(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x8080808080808080;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t deletes = word ^ (ones * 0x7f);
    const std::uint64_t is_delete = (deletes - ones) & ~deletes;
    if (((below_space | is_delete) & highs) != 0) break;
    at += 8;
  }
  while (at < end && static_cast<unsigned char>(*at) >= 0x20 && *at != 0x7f) ++at;
  return at;
}

bool is_port(std::string_view digits) {
  const auto port = digits.size() <= 5 ? parse_decimal(digits) : std::nullopt;
  return port && *port <= 65535;
}

// uri-host [ ":" port ], RFC 9110, 7.2, and not empty.
bool is_host(std::string_view host) {
  std::size_t end = 0;
  if (!host.empty() && host.front() == '[') {
    end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (const char c : host.substr(1, end - 1)) {
      const char lower = ascii_lower(c);
      if (!is_digit(c) && !(lower >= 'a' && lower <= 'f') && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    while (end < host.size() && kHostBytes[static_cast<unsigned char>(host[end])]) ++end;
    if (end == 0) return false;
  }
  const std::string_view rest = host.substr(end);
  return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
}

// The authority of an absolute-form target; nullopt when it is not one of http or https.
std::optional<std::string_view> absolute_authority(std::string_view target) {
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://")}) {
    if (!starts_with_ignoring_case(target, scheme)) continue;
    target.remove_prefix(scheme.size());
    return target.substr(0, target.find_first_of("/?"));
  }
  return std::nullopt;
}

}  // namespace

// One walk over one head. `at` moves; each step says needs_more, rejected (with `rejection` set) or complete.
struct RequestParser::Scan {
  const char* at;
  const char* end;
  http::RequestHead& head;
  Rejection rejection = {};
  // Fields that decide framing and routing; counted, because saying it twice is an attack and not a style.
  int hosts_count = 0, content_lengths_count = 0, transfer_encodings_count = 0;
  std::string_view content_length = {}, transfer_encoding = {};
  bool says_close = false, says_keep_alive = false, expects_continue = false;

  Outcome fail(Rejection why) {
    rejection = why;
    return Outcome::rejected;
  }

  Outcome end_of_line() {
    if (at == end) return Outcome::needs_more;
    if (*at != '\r') return fail(malformed("Control characters are not allowed in a request."));
    if (at + 1 == end) return Outcome::needs_more;
    if (at[1] != '\n') return fail(malformed("A carriage return must be followed by a line feed."));
    at += 2;
    return Outcome::complete;
  }

  Outcome request_line();
  Outcome version();
  Outcome target_form();
  Outcome field_line();
  Outcome field_meaning(std::string_view name, std::string_view value);
  void connection_options(std::string_view value);
  Outcome framing();
};

Outcome RequestParser::Scan::request_line() {
  const char* begin = at;
  while (at < end && is_token_byte(*at)) ++at;
  head.method = std::string_view(begin, static_cast<std::size_t>(at - begin));
  if (head.method.size() > kMethodBytesMax)
    return fail(unsupported(501, "This method is not supported."));
  if (at == end) return Outcome::needs_more;
  if (head.method.empty() || *at != ' ') return fail(malformed("The request line is not valid."));

  begin = ++at;
  while (at<end&& * at> 0x20 && *at < 0x7f) ++at;
  head.target = std::string_view(begin, static_cast<std::size_t>(at - begin));
  if (head.target.size() > kTargetBytesMax)
    return fail(too_large(414, "The request's target is too long."));
  if (at == end) return Outcome::needs_more;
  if (head.target.empty() || *at != ' ') return fail(malformed("The request line is not valid."));

  ++at;
  return version();
}

Outcome RequestParser::Scan::version() {
  constexpr std::string_view pattern = "HTTP/d.d";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (at + i == end) return Outcome::needs_more;
    const bool matches = pattern[i] == 'd' ? is_digit(at[i]) : at[i] == pattern[i];
    if (!matches) return fail(malformed("The request line does not end with a version of HTTP."));
  }
  const char major = at[5];
  const char minor = at[7];
  at += pattern.size();
  const Outcome ended = end_of_line();
  if (ended != Outcome::complete) return ended;
  if (major != '1' || minor > '1')
    return fail(unsupported(505, "This version of HTTP is not supported here."));
  head.version_minor = minor - '0';
  return target_form();
}

Outcome RequestParser::Scan::target_form() {
  if (head.method == "CONNECT") return fail(unsupported(501, "CONNECT is not supported."));
  if (head.target.find('#') != std::string_view::npos)
    return fail(malformed("A target has no fragment."));
  if (head.target.front() == '/') return Outcome::complete;
  if (head.target == "*" && head.method == "OPTIONS") return Outcome::complete;
  const auto authority = absolute_authority(head.target);
  if (!authority || !is_host(*authority))
    return fail(malformed("The request's target is not valid."));
  head.host = *authority;
  return Outcome::complete;
}

Outcome RequestParser::Scan::field_line() {
  const char* begin = at;
  while (at < end && is_token_byte(*at)) ++at;
  const std::string_view name(begin, static_cast<std::size_t>(at - begin));
  if (at == end) return Outcome::needs_more;
  if (name.empty() || *at != ':') return fail(malformed("A header field is not valid."));

  begin = ++at;
  at = find_control(at, end);
  while (at < end && *at == '\t') at = find_control(at + 1, end);
  const std::string_view value =
      trim(std::string_view(begin, static_cast<std::size_t>(at - begin)));
  const Outcome ended = end_of_line();
  if (ended != Outcome::complete) return ended;

  if (head.fields_count == kFieldsCountMax)
    return fail(too_large(431, "The request has too many header fields."));
  head.fields[head.fields_count++] = {name, value};
  return field_meaning(name, value);
}

Outcome RequestParser::Scan::field_meaning(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (!equal_ignoring_case(name, "host")) break;
      if (++hosts_count > 1) return fail(malformed("The Host header is repeated."));
      if (!is_host(value)) return fail(malformed("The Host header is not valid."));
      if (head.host.empty()) head.host = value;  // an absolute-form target goes before it
      break;
    case 6:
      if (!equal_ignoring_case(name, "expect") || head.version_minor == 0) break;
      if (!equal_ignoring_case(value, "100-continue"))
        return fail(unsupported(417, "This Expect cannot be met."));
      expects_continue = true;
      break;
    case 10:
      if (equal_ignoring_case(name, "connection")) connection_options(value);
      break;
    case 14:
      if (!equal_ignoring_case(name, "content-length")) break;
      ++content_lengths_count;
      content_length = value;
      break;
    case 17:
      if (!equal_ignoring_case(name, "transfer-encoding")) break;
      ++transfer_encodings_count;
      transfer_encoding = value;
      break;
    default: break;
  }
  return Outcome::complete;
}

void RequestParser::Scan::connection_options(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = trim(take_until(value, ','));
    if (equal_ignoring_case(option, "close")) says_close = true;
    if (equal_ignoring_case(option, "keep-alive")) says_keep_alive = true;
  }
}

// RFC 9112, 6: what says how long the body is must say it once, and only one way.
Outcome RequestParser::Scan::framing() {
  if (hosts_count == 0 && head.version_minor > 0)
    return fail(malformed("The Host header is missing."));
  head.keep_alive = !says_close && (head.version_minor > 0 || says_keep_alive);
  if (content_lengths_count > 1) return fail(malformed("The Content-Length header is repeated."));
  if (transfer_encodings_count > 0) {
    if (content_lengths_count > 0)
      return fail(malformed("Content-Length and Transfer-Encoding exclude each other."));
    if (head.version_minor == 0) return fail(malformed("HTTP/1.0 has no Transfer-Encoding."));
    if (transfer_encodings_count > 1)
      return fail(malformed("The Transfer-Encoding header is repeated."));
    if (!equal_ignoring_case(transfer_encoding, "chunked")) {
      return fail(unsupported(501, "This Transfer-Encoding is not supported."));
    }
    head.is_chunked = true;
  } else if (content_lengths_count > 0) {
    head.content_length = parse_decimal(content_length);
    if (!head.content_length) return fail(malformed("The Content-Length header is not valid."));
  }
  return Outcome::complete;
}

RequestParser::Outcome RequestParser::parse(std::string_view input, http::RequestHead& head) {
  if (!is_worth_parsing(input)) return Outcome::needs_more;

  head.host = {};
  head.fields_count = 0;
  head.content_length.reset();
  head.is_chunked = false;
  Scan scan{input.data(), input.data() + input.size(), head};
  // One empty line before a request is forgiven (RFC 9112, 2.2): some clients end a body with one.
  if (input.starts_with("\r\n")) scan.at += 2;

  Outcome outcome = scan.request_line();
  while (outcome == Outcome::complete && (scan.at == scan.end || *scan.at != '\r'))
    outcome = scan.field_line();
  if (outcome == Outcome::complete) outcome = scan.end_of_line();
  if (outcome == Outcome::complete) outcome = scan.framing();

  if (outcome == Outcome::rejected) return reject(scan.rejection);
  const auto walked_bytes = static_cast<std::size_t>(scan.at - input.data());
  if (walked_bytes > kHeadBytesMax ||
      (outcome == Outcome::needs_more && input.size() >= kHeadBytesMax)) {
    return reject(too_large(431, "The request's head is too large."));
  }
  head_bytes_ = walked_bytes;
  expects_continue_ = scan.expects_continue;
  return outcome;
}

bool RequestParser::is_worth_parsing(std::string_view input) {
  if (input == "\r") return false;  // perhaps the empty line before a request
  const std::size_t before = searched_bytes_;
  searched_bytes_ = input.size();
  if (before == 0 || input.size() >= kHeadBytesMax) return true;
  for (std::size_t i = before < 3 ? 0 : before - 3; i < input.size(); ++i) {
    const char c = input[i];
    if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') continue;
    // What the walk refuses: other control characters, and half of an end of line.
    const bool is_return = c == '\r' && (i + 1 == input.size() || input[i + 1] == '\n');
    const bool is_line_feed = c == '\n' && i > 0 && input[i - 1] == '\r';
    if (!is_return && !is_line_feed) return true;
    // The empty line at the end.
    if (is_line_feed && i >= 3 && input[i - 2] == '\n') return true;
  }
  return false;
}

RequestParser::Outcome RequestParser::reject(Rejection rejection) {
  rejection_ = rejection;
  return Outcome::rejected;
}

}  // namespace ghmesh::net
