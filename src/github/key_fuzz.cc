// SPDX-License-Identifier: Apache-2.0 OR MIT
// Two requests, written as lines: target, host, Accept, X-GitHub-Api-Version, and one more field, then the same again.
// Their keys are read back into parts: each must hold what was asked for, and equal keys must mean requests that ask
// the same of GitHub.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "github/key.h"

namespace {

using namespace ghmesh;

struct Parts {
  std::string_view host, path, query, accept, api_version;
};

std::string_view take_part(std::string_view& text) {
  const auto bytes_count = parse_decimal(take_until(text, ':'));
  GHMESH_CHECK(bytes_count && *bytes_count <= text.size());
  const std::string_view part = text.substr(0, *bytes_count);
  text.remove_prefix(*bytes_count);
  return part;
}

Parts read_key(std::string_view text) {
  GHMESH_CHECK(text.starts_with("v1:"));
  text.remove_prefix(3);
  Parts parts;
  for (std::string_view* part :
       {&parts.host, &parts.path, &parts.query, &parts.accept, &parts.api_version})
    *part = take_part(text);
  GHMESH_CHECK(text.empty());
  return parts;
}

struct Asked {
  std::string_view target, host;
  http::RequestHead head;
};

Asked take_request(std::string_view& input) {
  Asked asked;
  asked.target = take_until(input, '\n');
  asked.host = take_until(input, '\n');
  asked.head.method = "GET";
  asked.head.fields[0] = {"Accept", trim(take_until(input, '\n'))};
  asked.head.fields[1] = {"X-GitHub-Api-Version", trim(take_until(input, '\n'))};
  std::string_view more = take_until(input, '\n');
  const std::string_view name = take_until(more, ':');
  asked.head.fields[2] = {name, trim(more)};
  asked.head.fields_count = name.empty() ? 2 : 3;
  return asked;
}

bool key_of(const Asked& asked, github::KeyedRequest& keyed) {
  const auto target = github::parse_target(asked.host, asked.target);
  if (!target) return false;
  github::key_request(*target, asked.head, keyed);
  const auto question_mark = target->has_query ? "?" + std::string(target->query) : std::string();
  GHMESH_CHECK(keyed.upstream_target == std::string(target->path) + question_mark);
  GHMESH_CHECK(keyed.text.empty() == (keyed.bypass != github::Bypass::none));
  if (keyed.bypass != github::Bypass::none) return false;
  const Parts parts = read_key(keyed.text);
  GHMESH_CHECK(equal_ignoring_case(parts.host, target->host));
  GHMESH_CHECK(equal_ignoring_case(parts.path, target->path));
  GHMESH_CHECK(parts.query.size() <= question_mark.size());
  GHMESH_CHECK(parts.accept == keyed.accept && !keyed.accept.empty());
  GHMESH_CHECK(parts.api_version == keyed.api_version);
  GHMESH_CHECK(keyed.route.may_keep);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const Asked first = take_request(input);
  const Asked second = take_request(input);
  github::KeyedRequest first_keyed;
  github::KeyedRequest second_keyed;
  if (!key_of(first, first_keyed) || !key_of(second, second_keyed)) return 0;
  if (first_keyed.text != second_keyed.text) return 0;
  GHMESH_CHECK(first_keyed.accept == second_keyed.accept);
  GHMESH_CHECK(first_keyed.api_version == second_keyed.api_version);
  GHMESH_CHECK(first_keyed.route.name == second_keyed.route.name);
  return 0;
}
