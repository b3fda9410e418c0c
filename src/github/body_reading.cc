// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/body_reading.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/text.h"
#include "github/freshness.h"
#include "github/json_document.h"

namespace ghmesh::github {
namespace {

namespace dom = simdjson::dom;

// An error answer is a few lines; a larger one is somebody's page, and is not read.
constexpr std::size_t kDenialBytesMax = 64 * 1024;

std::string_view text_of(const dom::object& object, std::string_view name) {
  std::string_view text;
  if (object.at_key(name).get_string().get(text) != simdjson::SUCCESS) return {};
  return text;
}

bool is_true(const dom::object& object, std::string_view name) {
  bool value = false;
  return object.at_key(name).get_bool().get(value) == simdjson::SUCCESS && value;
}

bool is_false(const dom::object& object, std::string_view name) {
  bool value = true;
  return object.at_key(name).get_bool().get(value) == simdjson::SUCCESS && !value;
}

bool is_null(const dom::object& object, std::string_view name) {
  dom::element value;
  return object.at_key(name).get(value) == simdjson::SUCCESS && value.is_null();
}

BodyState state_of_status(std::string_view status) {
  if (status.empty()) return BodyState::unsaid;
  return status == "completed" ? BodyState::settled : BodyState::active;
}

// {"total_count": 2, "workflow_runs": [{"status": ...}, ...]}: settled when every member is. An empty list is not: the
// first run may be about to appear.
BodyState state_of_list(const dom::object& object, std::string_view name) {
  dom::array members;
  if (object.at_key(name).get_array().get(members) != simdjson::SUCCESS) return BodyState::unsaid;
  BodyState state = BodyState::active;
  for (const dom::element member : members) {
    dom::object run;
    if (member.get_object().get(run) != simdjson::SUCCESS) return BodyState::active;
    state = state_of_status(text_of(run, "status"));
    if (state != BodyState::settled) return BodyState::active;
  }
  return state;
}

BodyState state_of_lists(const dom::object& object, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    if (const BodyState state = state_of_list(object, name); state != BodyState::unsaid)
      return state;
  return BodyState::unsaid;
}

// A single check run or suite, a list of them, or the combined status of a commit.
BodyState state_of_checks(const dom::object& object) {
  if (const auto state = state_of_status(text_of(object, "status")); state != BodyState::unsaid)
    return state;
  if (const auto state = state_of_lists(object, {"check_runs", "check_suites"});
      state != BodyState::unsaid)
    return state;
  const std::string_view combined = text_of(object, "state");
  if (combined.empty()) return BodyState::unsaid;
  return combined == "pending" ? BodyState::active : BodyState::settled;
}

// Closed without a merge counts as open: it is reopened about as often as it is looked at.
BodyState state_of_pull(const dom::object& object) {
  if (is_true(object, "merged")) return BodyState::settled;
  if (text_of(object, "state") == "open" && is_null(object, "mergeable"))
    return BodyState::being_computed;
  return BodyState::active;
}

BodyState state_of_attempt(const dom::object& object) {
  if (const auto state = state_of_status(text_of(object, "status")); state != BodyState::unsaid)
    return state;
  return state_of_list(object, "jobs");
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) { return ascii_lower(a) == ascii_lower(b); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

// What a signed URL is known by: a parameter of its query.
constexpr std::array<std::string_view, 7> kCapabilityParameters{"token=",
                                                                "jwt=",
                                                                "sig=",
                                                                "X-Amz-Signature=",
                                                                "X-Goog-Signature=",
                                                                "X-Amz-Security-Token=",
                                                                "access_token="};
// Fields whose value is a credential, where it is not empty.
constexpr std::array<std::string_view, 4> kCredentialFields{
    "\"token\"", "\"encoded_jit_config\"", "\"temp_download_token\"", "\"client_secret\""};

// A URL is shorter than this. Bounds how far back its beginning is looked for.
constexpr std::size_t kUrlBytesMax = 4096;

// Whether what stands before `position` is a URL's query that has just begun a parameter. JSON may spell & as \u0026,
// HTML as &amp;
bool is_parameter_of_url(std::string_view body, std::size_t position) {
  const std::string_view before = body.substr(0, position);
  const bool begins = before.ends_with('?') || before.ends_with('&') || before.ends_with("u0026") ||
                      before.ends_with("&amp;");
  if (!begins) return false;
  std::size_t start = position;
  while (start > 0 && position - start < kUrlBytesMax &&
         std::string_view(" \t\r\n\"'<>()").find(body[start - 1]) == std::string_view::npos)
    --start;
  return body.substr(start, position - start).find("http") != std::string_view::npos;
}

const char* find_bytes(std::string_view text, std::size_t from, std::string_view part) {
  return static_cast<const char*>(
      ::memmem(text.data() + from, text.size() - from, part.data(), part.size()));
}

bool has_signed_url(std::string_view body) {
  if (!std::memchr(body.data(), '?', body.size())) return false;
  for (std::string_view parameter : kCapabilityParameters) {
    std::size_t from = 0;
    while (const char* found = find_bytes(body, from, parameter)) {
      const auto position = static_cast<std::size_t>(found - body.data());
      if (is_parameter_of_url(body, position)) return true;
      from = position + parameter.size();
    }
  }
  return false;
}

// Whether a string that is not empty follows `"name"` at `position`.
bool has_text_value(std::string_view body, std::size_t position) {
  std::string_view rest = body.substr(position);
  const auto skip_blanks = [&] {
    while (!rest.empty() &&
           std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos)
      rest.remove_prefix(1);
  };
  skip_blanks();
  if (!rest.starts_with(':')) return false;
  rest.remove_prefix(1);
  skip_blanks();
  return rest.size() >= 2 && rest[0] == '"' && rest[1] != '"';
}

bool has_credential_field(std::string_view body) {
  for (std::string_view field : kCredentialFields) {
    std::size_t from = 0;
    while (const char* found = find_bytes(body, from, field)) {
      from = static_cast<std::size_t>(found - body.data()) + field.size();
      if (has_text_value(body, from)) return true;
    }
  }
  return false;
}

}  // namespace

BodyState read_body_state(RouteClass route_class, std::string_view body) {
  using enum RouteClass;
  constexpr std::array kTelling{checks, pull, issue, run, run_attempt, run_list, search};
  if (std::ranges::find(kTelling, route_class) == kTelling.end()) return BodyState::unsaid;
  const JsonDocument document(body, kJudgedBytesMax);
  if (!document.is_open()) return BodyState::unsaid;
  const dom::object& object = document.object();
  switch (route_class) {
    case checks: return state_of_checks(object);
    case pull: return state_of_pull(object);
    case issue:
      return text_of(object, "state") == "closed" ? BodyState::settled : BodyState::active;
    case run: return state_of_status(text_of(object, "status"));
    case run_attempt: return state_of_attempt(object);
    case run_list: return state_of_lists(object, {"workflow_runs", "jobs"});
    default:
      return is_true(object, "incomplete_results") ? BodyState::incomplete : BodyState::unsaid;
  }
}

Denial read_denial(std::string_view body) {
  const JsonDocument document(body, kDenialBytesMax);
  if (!document.is_open()) return Denial::unknown;
  const std::string_view message = text_of(document.object(), "message");
  if (message.empty()) return Denial::unknown;
  const bool speaks_of_limit = contains_ignoring_case(message, "rate limit") ||
                               contains_ignoring_case(message, "abuse detection") ||
                               contains_ignoring_case(message, "too quickly");
  return speaks_of_limit ? Denial::limit : Denial::permission;
}

bool says_public(const Route& route, std::string_view body) {
  if (route.route_class != RouteClass::repository) return false;
  const JsonDocument document(body, kJudgedBytesMax);
  if (!document.is_open() || !is_false(document.object(), "private")) return false;
  if (route.repository.empty()) return true;  // asked by id: the name is not ours to compare
  // The answer must speak of the repository that was asked for.
  const std::string_view full_name = text_of(document.object(), "full_name");
  std::string asked(route.owner);
  asked += '/';
  asked += route.repository;
  return equal_ignoring_case(full_name, asked);
}

bool carries_capability(std::string_view body) {
  return !body.empty() && (has_signed_url(body) || has_credential_field(body));
}

}  // namespace ghmesh::github
