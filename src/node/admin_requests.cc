// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/admin_requests.h"

#include <boost/json.hpp>

#include "base/text.h"

namespace ghmesh::node {
namespace {

namespace json = boost::json;

// The members of an object that has no others than these, each at most once, and strings or booleans as it should be.
class Members {
 public:
  explicit Members(std::string_view body) {
    json::error_code error;
    value_ = json::parse(body, error);
    object_ = error ? nullptr : value_.if_object();
  }
  bool is_whole() const { return object_ && taken_count_ == object_->size() && !is_wrong_; }
  std::string text(std::string_view name) {
    const json::value* found = take(name);
    if (!found) return {};
    if (!found->is_string()) return is_wrong_ = true, std::string();
    return std::string(std::string_view(found->get_string()));
  }
  bool flag(std::string_view name) {
    const json::value* found = take(name);
    if (!found) return false;
    if (!found->is_bool()) return is_wrong_ = true, false;
    return found->get_bool();
  }

 private:
  const json::value* take(std::string_view name) {
    const json::value* found = object_ ? object_->if_contains(name) : nullptr;
    if (found) ++taken_count_;
    return found;
  }

  json::value value_;
  const json::object* object_ = nullptr;
  std::size_t taken_count_ = 0;
  bool is_wrong_ = false;
};

std::string hexadecimal(const std::array<std::byte, 4>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<unsigned>(byte) >> 4];
    text += kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::string_view word_of(proxy::Action action) {
  switch (action) {
    case proxy::Action::serve: return "serve";
    case proxy::Action::serve_and_ask: return "serve-and-ask";
    case proxy::Action::refuse: return "refuse";
    case proxy::Action::ask: break;
  }
  return "ask";
}

std::string_view word_of(proxy::Validator validator) {
  switch (validator) {
    case proxy::Validator::own: return "own";
    case proxy::Validator::candidate: return "candidate";
    case proxy::Validator::empty_list: return "empty-list";
    case proxy::Validator::none: break;
  }
  return "none";
}

// Calls that GitHub counted for it: everything that it answered, but for a 304.
int calls_charged(const proxy::Decision& decision) {
  using enum http::Detail;
  const auto detail = decision.cache_status.detail;
  const auto status = decision.cache_status.forwarded_status;
  return (detail == fetched || detail == passed) && status && *status != 304 ? 1 : 0;
}

json::object decision_object(const proxy::Decision& decision) {
  json::object made{
      {"at", to_seconds(decision.at)},
      {"method", decision.method},
      {"target", proxy::without_secrets(decision.target())},
      {"route", decision.route},
      {"principal", decision.is_anonymous ? "anonymous" : hexadecimal(decision.whose)},
      {"status", decision.status},
      {"detail", http::detail_name(decision.cache_status.detail)},
      {"cache_status", http::write_cache_status(decision.cache_status)},
      {"github_said", nullptr},
      {"calls_charged", calls_charged(decision)},
      {"age", nullptr},
      {"bytes", decision.bytes},
      {"taken_us", std::chrono::duration_cast<std::chrono::microseconds>(decision.taken).count()}};
  if (decision.cache_status.forwarded_status)
    made["github_said"] = *decision.cache_status.forwarded_status;
  if (decision.age >= Seconds(0)) made["age"] = decision.age.count();
  return made;
}

json::array decisions_array(const std::vector<proxy::Decision>& decisions) {
  json::array made;
  for (const proxy::Decision& decision : decisions) made.push_back(decision_object(decision));
  return made;
}

json::object held_object(const proxy::Explanation::Held& held) {
  return {{"status", held.status},
          {"age", held.age.count()},
          {"ttl", held.ttl.count()},
          {"fresh_for", held.time_left.count()},
          {"bytes", held.bytes},
          {"has_etag", held.has_etag},
          {"proven_public", held.is_public},
          {"outdated", held.is_outdated},
          {"of_peer", held.is_of_peer}};
}

json::array near_array(const proxy::Explanation& why) {
  json::array made;
  for (const proxy::NearEntry& near : why.near)
    made.push_back(json::object{
        {"target", near.target},
        {"media_type", near.accept},
        {"api_version", near.api_version},
        {"differs_in", json::array(near.differences.begin(), near.differences.end())}});
  return made;
}

}  // namespace

std::optional<SelectRequest> parse_select_request(std::string_view body) {
  Members members(body);
  SelectRequest request{.pattern = members.text("pattern"),
                        .route = members.text("route"),
                        .is_mine = members.flag("mine")};
  const bool is_dry = members.flag("dry_run"), is_again = members.flag("again");
  if (is_dry) request.effect = proxy::Proxy::Effect::none;
  else if (is_again) request.effect = proxy::Proxy::Effect::ask_again;
  if (!members.is_whole()) return std::nullopt;
  if (request.pattern.empty() && request.route.empty() && !request.is_mine) return std::nullopt;
  return request;
}

std::string write_selected(const proxy::Proxy::Selected& selected, proxy::Proxy::Effect effect) {
  using Effect = proxy::Proxy::Effect;
  return json::serialize(
      json::object{{"known", selected.known_count},
                   {"forgotten", effect == Effect::forget ? selected.known_count : 0},
                   {"asked_again", effect != Effect::none},
                   {"targets", json::array(selected.targets.begin(), selected.targets.end())}});
}

std::optional<WhyRequest> parse_why_request(std::string_view body) {
  Members members(body);
  WhyRequest request{.url = members.text("url"),
                     .accept = members.text("accept"),
                     .api_version = members.text("api_version")};
  if (!members.is_whole() || request.url.empty()) return std::nullopt;
  return request;
}

std::string write_explanation(const proxy::Explanation& why) {
  json::object made{
      {"key", json::object{{"host", why.host},
                           {"path", why.path},
                           {"query", why.query},
                           {"media_type", why.media_type},
                           {"api_version", why.api_version}}},
      {"route", why.route},
      {"class", why.route_class},
      {"passed_through", nullptr},
      {"principal", json::object{{"id", why.is_anonymous ? "anonymous" : hexadecimal(why.whose)},
                                 {"group", why.group},
                                 {"refused", why.is_refused}}},
      {"held", nullptr},
      {"now", json::object{{"action", word_of(why.action)},
                           {"validator", word_of(why.validator)},
                           {"says", proxy::say_what_happens(why)}}},
      {"would_help", proxy::say_what_would_help(why)},
      {"nearest", near_array(why)},
      {"last", decisions_array(why.history)}};
  if (why.bypass != github::Bypass::none) made["passed_through"] = github::bypass_name(why.bypass);
  if (why.held) made["held"] = held_object(*why.held);
  return json::serialize(made);
}

std::string write_decisions(const std::vector<proxy::Decision>& decisions) {
  return json::serialize(json::object{{"last", decisions_array(decisions)}});
}

}  // namespace ghmesh::node
