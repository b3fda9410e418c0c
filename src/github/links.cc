// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/links.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.h"
#include "github/route.h"

namespace ghmesh::github {
namespace {

// What may follow the prefix for it to be the whole of scheme, host and port: "https://api.github.com.evil" is another
// host.
bool ends_authority(std::string_view rest) {
  return rest.empty() || rest.starts_with('/') || rest.starts_with('?') || rest.starts_with('{') ||
         rest.starts_with('>') || rest.starts_with('"') || rest.starts_with("\\/");
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

#if defined(__SSE2__)
__m128i load_block(const char* bytes) {
  __m128i block;
  std::memcpy(&block, bytes, sizeof block);
  return block;
}
#endif

// Like memmem(), which prepares a table at every call: too dear where every other line of a body is found.
std::size_t find_bytes(std::string_view text, std::size_t from, std::string_view part) {
#if defined(__SSE2__)
  // Sixteen places at once: those where the part's first and last byte both stand are looked at.
  const __m128i first = _mm_set1_epi8(part.front());
  const __m128i last = _mm_set1_epi8(part.back());
  for (; from + part.size() + 15 <= text.size(); from += 16) {
    const __m128i both =
        _mm_and_si128(_mm_cmpeq_epi8(first, load_block(text.data() + from)),
                      _mm_cmpeq_epi8(last, load_block(text.data() + from + part.size() - 1)));
    for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(both)); mask != 0; mask &= mask - 1) {
      const auto offset = static_cast<std::size_t>(std::countr_zero(mask));
      if (text.substr(from + offset, part.size()) == part) return from + offset;
    }
  }
#endif
  return text.find(part, from);
}

// Whether the quote at `position` opens or closes a string, rather than being an escaped part of one.
bool is_real_quote(std::string_view body, std::size_t position) {
  std::size_t backslashes_count = 0;
  while (backslashes_count < position && body[position - 1 - backslashes_count] == '\\')
    ++backslashes_count;
  return backslashes_count % 2 == 0;
}

// Whether the string that begins at `start` is the name of a member rather than a value. A value follows ":" or "[", or
// "," in an array; only after "{" and "," does it take a look at what follows the string.
bool is_member_name(std::string_view body, std::size_t start) {
  std::size_t before = start - 1;
  while (before > 0 && is_blank(body[before - 1])) --before;
  if (before == 0 || (body[before - 1] != '{' && body[before - 1] != ',')) return false;
  std::size_t end = body.find('"', start);
  while (end != std::string_view::npos && !is_real_quote(body, end)) end = body.find('"', end + 1);
  if (end == std::string_view::npos) return false;
  ++end;
  while (end < body.size() && is_blank(body[end])) ++end;
  return end < body.size() && body[end] == ':';
}

// How many bytes of `text` spell `plain`, where each "/" may be written "\/"; nullopt when they do not.
std::optional<std::size_t> match_escaped(std::string_view text, std::string_view plain) {
  if (text.starts_with(plain)) return plain.size();
  std::size_t position = 0;
  for (char c : plain) {
    if (c == '/' && text.substr(position).starts_with("\\/")) ++position;
    if (position >= text.size() || text[position] != c) return std::nullopt;
    ++position;
  }
  return position;
}

void append_escaped(std::string& out, std::string_view plain) {
  for (char c : plain) {
    if (c == '/') out += '\\';
    out += c;
  }
}

// The authority of "https://host:port/path": the part that no escaping changes, so one search finds every spelling.
std::string_view authority(std::string_view url) {
  const std::size_t mark = url.find("://");
  std::string_view rest = mark == std::string_view::npos ? url : url.substr(mark + 3);
  return rest.substr(0, rest.find('/'));
}

// Where the string that the authority at `position` belongs to begins: after its opening quote. nullopt when the
// authority does not stand where `from` would put it.
std::optional<std::size_t> string_start(std::string_view body, std::size_t position,
                                        std::size_t scheme_bytes) {
  // "https://" and "https:\/\/": two bytes more.
  for (const std::size_t bytes : {scheme_bytes, scheme_bytes + 2}) {
    if (position <= bytes) continue;
    const std::size_t start = position - bytes;
    if (body[start - 1] == '"' && is_real_quote(body, start - 1)) return start;
  }
  return std::nullopt;
}

bool is_usable(const Rewrite& rewrite) {
  return !authority(rewrite.from).empty() && rewrite.from != rewrite.to &&
         rewrite.to.size() <= kRewriteBytesMax;
}

// Everything before the separator, which is removed together with it; one inside a quoted string does not count.
std::string_view take_unquoted_until(std::string_view& rest, char separator) {
  bool is_quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (rest[end] == '"') is_quoted = !is_quoted;
    if (is_quoted && rest[end] == '\\' && end + 1 < rest.size()) ++end;
    if (!is_quoted && rest[end] == separator) break;
  }
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return taken;
}

// RFC 8288, 3.3: rel holds one or more relations; only the first rel of a link counts.
bool has_relation(std::string_view parameters, std::string_view relation) {
  while (!parameters.empty()) {
    std::string_view value = trim(take_unquoted_until(parameters, ';'));
    const std::string_view name = trim(take_until(value, '='));
    if (!equal_ignoring_case(name, "rel")) continue;
    value = trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    while (!value.empty())
      if (equal_ignoring_case(take_until(value, ' '), relation)) return true;
    return false;
  }
  return false;
}

}  // namespace

std::string rewrite_urls(std::string_view text, const Rewrite& rewrite) {
  std::string out;
  if (text.empty() || !is_usable(rewrite)) return std::string(text);
  out.reserve(text.size() + rewrite.to.size());
  std::size_t copied = 0;
  std::size_t position = 0;
  while ((position = find_bytes(text, position, rewrite.from)) != std::string_view::npos) {
    const std::size_t end = position + rewrite.from.size();
    const bool begins_url = position == 0 || text[position - 1] == '<';
    if (begins_url && ends_authority(text.substr(end))) {
      out += text.substr(copied, position - copied);
      out += rewrite.to;
      copied = end;
    }
    position = end;
  }
  out += text.substr(copied);
  return out;
}

std::string rewrite_json_urls(std::string_view body, const Rewrite& rewrite) {
  if (body.empty() || !is_usable(rewrite)) return std::string(body);
  const std::string_view needle = authority(rewrite.from);
  const auto scheme_bytes = static_cast<std::size_t>(needle.data() - rewrite.from.data());
  std::string out;
  out.reserve(body.size() + body.size() / 16);
  std::size_t copied = 0;
  std::size_t position = 0;
  while ((position = find_bytes(body, position, needle)) != std::string_view::npos) {
    const auto start = string_start(body, position, scheme_bytes);
    position += needle.size();
    if (!start) continue;
    const auto matched = match_escaped(body.substr(*start), rewrite.from);
    if (!matched || !ends_authority(body.substr(*start + *matched))) continue;
    if (is_member_name(body, *start)) continue;
    out += body.substr(copied, *start - copied);
    const bool is_escaped = *matched != rewrite.from.size();
    if (is_escaped) append_escaped(out, rewrite.to);
    else out += rewrite.to;
    copied = *start + *matched;
    position = copied;
  }
  out += body.substr(copied);
  return out;
}

std::string_view find_link(std::string_view link, std::string_view relation) {
  std::string_view rest = link;
  while (!rest.empty()) {
    const std::size_t open = rest.find('<');
    if (open == std::string_view::npos) return {};
    rest.remove_prefix(open + 1);
    const std::size_t close = rest.find('>');
    if (close == std::string_view::npos) return {};
    const std::string_view target = rest.substr(0, close);
    rest.remove_prefix(close + 1);
    if (has_relation(take_unquoted_until(rest, ','), relation)) return target;
  }
  return {};
}

bool links_fit(std::string_view link, std::string_view origin, std::string_view path) {
  const std::string_view route = classify_route(path).name;
  const auto is_numbered = [](std::string_view target) {
    return target.starts_with("/repositories/") || target.starts_with("/organizations/") ||
           target.starts_with("/user/");
  };
  std::string_view rest = link;
  for (std::size_t begin = rest.find('<'); begin != rest.npos; begin = rest.find('<')) {
    rest.remove_prefix(begin + 1);
    const std::size_t end = rest.find('>');
    if (end == rest.npos) return false;
    std::string_view target = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!target.starts_with(origin)) return false;
    target.remove_prefix(origin.size());
    const std::string_view target_path = target.substr(0, target.find_first_of("?#"));
    if (!target_path.starts_with('/')) return false;
    if (target_path == path) continue;
    if (!is_numbered(target_path) || classify_route(target_path).name != route) return false;
  }
  return true;
}

}  // namespace ghmesh::github
