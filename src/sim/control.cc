// SPDX-License-Identifier: Apache-2.0 OR MIT
// The control side, below /_model/: what a test reads and turns. Nothing here is counted or limited. docs/model.md
// lists it.
#include "base/text.h"
#include "sim/state.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

constexpr std::string_view kDone = "{\"ok\":true}";

http::Answer make_answer(int status, std::string body) {
  http::Answer answer;
  answer.status = status;
  answer.headers.add("Content-Type", "application/json; charset=utf-8");
  answer.headers.add("Content-Length", std::to_string(body.size()));
  answer.body = http::make_body(std::move(body));
  return answer;
}

std::int64_t number_of(const Query& query, std::string_view name, std::int64_t otherwise) {
  const auto number = parse_decimal(query.get(name));
  return number ? static_cast<std::int64_t>(*number) : otherwise;
}

std::optional<Fault> parse_fault(const Query& query) {
  Fault fault;
  fault.count = number_of(query, "count", 1);
  fault.path_prefix = query.get("path");
  const std::string_view kind = query.get("kind");
  if (const auto status = parse_decimal(kind); status && *status >= 500 && *status < 600) {
    fault.status = static_cast<int>(*status);
  } else if (kind == "reset") {
    fault.kind = Fault::Kind::reset;
  } else if (kind == "truncated") {
    fault.kind = Fault::Kind::truncated;
  } else if (kind == "slow") {
    fault.kind = Fault::Kind::slow;
    fault.delay = std::chrono::milliseconds(number_of(query, "ms", 5000));
  } else if (kind == "429" || kind == "403" || kind == "primary") {
    fault.kind = Fault::Kind::primary;
  } else if (kind == "secondary") {
    fault.kind = Fault::Kind::secondary;
  } else {
    return std::nullopt;
  }
  return fault;
}

}  // namespace

world::Repository* GitHub::State::named_repository(const Query& query) {
  std::string_view name = query.get("repo");
  const std::string_view owner = take_until(name, '/');
  return world_->find(owner, name);
}

std::optional<std::string> GitHub::State::control_world(std::string_view verb, const Query& query,
                                                        WallTime now) {
  world_->mark_changed();
  if (verb == "change") {
    const std::string path(query.get("path"));
    const Request request{.method = "GET", .target = path};
    const std::string authorization =
        query.contains("token") ? "token " + std::string(query.get("token")) : "";
    const Caller caller = accounts_->authenticate(authorization, "");
    Place place = find_place(request, {});
    find_repository(place, caller);
    if (!rest_->change(make_question(request, place, caller, now))) return std::nullopt;
    return std::string(kDone);
  }
  if (verb == "create") {
    std::string_view name = query.get("repo");
    const std::string_view owner = take_until(name, '/');
    if (owner.empty() || name.empty() || world_->find(owner, name)) return std::nullopt;
    world_->create_repository(owner, name, query.get("private") == "true",
                              static_cast<int>(number_of(query, "issues", 10)));
    return std::string(kDone);
  }
  world::Repository* repository = named_repository(query);
  if (!repository) return std::nullopt;
  if (verb == "rename") world_->rename(*repository, query.get("to"));
  if (verb == "block") repository->is_blocked = query.get("blocked") != "false";
  if (verb == "private") {
    repository->is_private = query.get("private") != "false";
    repository->document["private"] = repository->is_private;
    repository->document["visibility"] = repository->is_private ? "private" : "public";
  }
  return std::string(kDone);
}

std::optional<std::string> GitHub::State::control_access(std::string_view verb, const Query& query,
                                                         WallTime) {
  world_->mark_changed();
  if (verb == "token") {
    accounts_->add(query.get("token"), query.get("user"));
    if (query.contains("scopes")) accounts_->find(query.get("token"))->scopes = query.get("scopes");
    return std::string(kDone);
  }
  if (verb == "suspend") {
    accounts_->suspend(query.get("user"), query.get("suspended") != "false");
    return std::string(kDone);
  }
  if (verb == "revoke" && query.contains("token") && !query.contains("repo")) {
    accounts_->revoke(query.get("token"));
    return std::string(kDone);
  }
  world::Repository* repository = named_repository(query);
  if (!repository) return std::nullopt;
  const std::string full_name = to_lower(repository->full_name());
  const bool is_grant = verb == "grant";
  if (query.contains("user")) {
    const std::string login = to_lower(query.get("user"));
    world_->ensure_user(query.get("user"));
    if (is_grant) repository->collaborators.insert(login);
    else repository->collaborators.erase(login);
    return std::string(kDone);
  }
  Token* token = accounts_->find(query.get("token"));
  if (!token) return std::nullopt;
  (is_grant ? token->granted : token->withdrawn).insert(full_name);
  (is_grant ? token->withdrawn : token->granted).erase(full_name);
  return std::string(kDone);
}

std::optional<std::string> GitHub::State::control_switches(std::string_view verb,
                                                           const Query& query, WallTime now) {
  if (verb == "limit") {
    limits_.set_remaining(query.get("principal"), number_of(query, "remaining", 0));
  } else if (verb == "fault") {
    auto fault = parse_fault(query);
    if (!fault) return std::nullopt;
    faults_.push_back(std::move(*fault));
  } else if (verb == "mode") {
    if (query.contains("etag"))
      switches_.etag_rule = query.get("etag") == "opaque" ? EtagRule::opaque : EtagRule::github;
    if (query.contains("not_modified")) switches_.is_304_bare = query.get("not_modified") == "bare";
    if (query.contains("latency_ms"))
      switches_.latency = std::chrono::milliseconds(number_of(query, "latency_ms", 0));
    if (query.contains("log_tokens")) journal_.show_tokens(query.get("log_tokens") == "true");
    if (query.contains("primary_status"))
      options_.primary_refusal_status = query.get("primary_status") == "429" ? 429 : 403;
    SecondaryLimits secondary = limits_.secondary();
    if (query.contains("secondary")) secondary.is_enforced = query.get("secondary") != "off";
    secondary.concurrent_max =
        static_cast<int>(number_of(query, "concurrent", secondary.concurrent_max));
    secondary.rest_points_per_minute =
        static_cast<int>(number_of(query, "points", secondary.rest_points_per_minute));
    secondary.retry_after = Seconds(number_of(query, "retry_after", secondary.retry_after.count()));
    limits_.set_secondary(secondary);
  } else if (verb == "refuse") {
    limits_.punish(query.get("principal"), now + limits_.secondary().retry_after);
  } else if (verb == "reset") {
    journal_.clear();
    reset_limits();
    faults_.clear();
    switches_ = {.latency = options_.latency};
    if (query.get("world") == "true") build_world();
  } else {
    return std::nullopt;
  }
  return std::string(kDone);
}

http::Answer GitHub::State::expect(const Query& query, std::string_view body, WallTime now) {
  const std::string target(query.get("path"));
  const std::string authorization =
      query.contains("token") ? "token " + std::string(query.get("token")) : "";
  const std::string accept(query.get("accept"));
  const Caller caller = accounts_->authenticate(authorization, "");
  const Request request{.method = body.empty() ? "GET" : "POST", .target = target, .body = body};
  Place place = find_place(request, {});
  const Representation representation = choose_representation({accept}, query.get("version"));
  http::Answer answer;
  if (caller.is_bad) {
    answer = make_answer(200, error_outcome(401, "Bad credentials").body);
    answer.headers.add("X-Model-Status", "401");
    return answer;
  }
  find_repository(place, caller);
  Spent ignored;
  auto rendered = std::make_shared<Rendered>();
  if (place.path == "/graphql") rendered->outcome = tell_graphql(request, caller, now, ignored);
  else rendered = render(request, representation, place, caller, now, /*is_peek=*/true);
  if (!rendered->compact) rendered->compact = http::make_body(rendered->outcome.body);
  answer = make_answer(200, *rendered->compact);
  answer.headers.add("X-Model-Status", std::to_string(rendered->outcome.status));
  answer.headers.set("Content-Type", rendered->outcome.content_type);
  for (const auto& header : rendered->outcome.headers)
    answer.headers.add("X-Model-" + header.name, header.value);
  return answer;
}

http::Answer GitHub::State::control(const Request& request, const Place& place, Now now) {
  const std::string_view verb = place.path.substr(std::string_view("/_model/").size());
  const Query query(place.query);
  if (verb == "expect") return expect(query, request.body, now.wall);
  if (verb == "stats")
    return make_answer(200, json::serialize(journal_.stats(limits_.punishable_calls())));
  if (verb == "log") return make_answer(200, json::serialize(journal_.log()));
  if (request.method != "POST") return make_answer(405, "{\"message\":\"POST, please\"}");
  std::optional<std::string> done;
  if (verb == "change" || verb == "create" || verb == "rename" || verb == "block" ||
      verb == "private")
    done = control_world(verb, query, now.wall);
  else if (verb == "token" || verb == "suspend" || verb == "revoke" || verb == "grant")
    done = control_access(verb, query, now.wall);
  else done = control_switches(verb, query, now.wall);
  return done ? make_answer(200, *done)
              : make_answer(
                    404, "{\"message\":\"the model has no such knob, or nothing of this name\"}");
}

}  // namespace ghmesh::sim
