// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/github.h"

#include <array>

#include "base/text.h"
#include "http/date.h"
#include "sim/graphql/execute.h"
#include "sim/state.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

constexpr std::size_t kRenderedMax = 20'000;  // bodies kept; beyond, all are dropped
constexpr std::size_t kZippedBytesMin = 150;  // smaller bodies are not worth a gzip header

constexpr std::string_view kVaryAnonymous = "Accept,Accept-Encoding, Accept, X-Requested-With";
constexpr std::string_view kVaryAuthenticated =
    "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With";

std::string_view authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

void replace_base(std::string& text, std::string_view url) {
  constexpr std::string_view kBase = "https://api.github.com";
  for (auto at = text.find(kBase); at != std::string::npos; at = text.find(kBase, at + url.size()))
    text.replace(at, kBase.size(), url);
}

}  // namespace

Resource resource_of(std::string_view path) {
  if (path == "/graphql") return Resource::graphql;
  if (path.starts_with("/search/code")) return Resource::code_search;
  if (path.starts_with("/search/")) return Resource::search;
  if (path.ends_with("/registration-token")) return Resource::actions_runner_registration;
  return Resource::core;
}

Wishes read_wishes(std::span<const http::FieldView> fields) {
  Wishes wishes;
  for (const auto& [name, value] : fields) {
    if (equal_ignoring_case(name, "Accept")) wishes.etag.accept.push_back(value);
    else if (equal_ignoring_case(name, "Authorization")) wishes.etag.authorization.push_back(value);
    else if (equal_ignoring_case(name, "Cookie")) wishes.etag.cookie.push_back(value);
    else if (equal_ignoring_case(name, "If-None-Match")) wishes.if_none_match.push_back(value);
    else if (equal_ignoring_case(name, "Accept-Encoding")) wishes.accept_encoding = value;
    else if (equal_ignoring_case(name, "User-Agent")) wishes.user_agent = value;
    else if (equal_ignoring_case(name, "X-GitHub-Api-Version")) wishes.version = value;
    else if (equal_ignoring_case(name, "Host")) wishes.host = value;
  }
  return wishes;
}

GitHub::GitHub(Options options) : state_(std::make_unique<State>(std::move(options))) {}
GitHub::~GitHub() = default;
Reply GitHub::handle(const Request& request, Now now) { return state_->handle(request, now); }
bool GitHub::answers_at_once() const { return state_->answers_at_once(); }

GitHub::State::State(Options options) : options_(std::move(options)) {
  if (!options_.fixtures.empty()) {
    json::value parsed = json::parse(options_.fixtures);
    fixtures_ = std::move(parsed.as_object());
    options_.fixtures.clear();
  }
  switches_.latency = options_.latency;
  reset_limits();
  build_world();
}

void GitHub::State::reset_limits() {
  limits_.reset();
  limits_.set_secondary({.is_enforced = !options_.is_unlimited});
  constexpr std::int64_t kPlenty = 1'000'000'000;
  if (options_.is_unlimited) limits_.set_remaining({}, kPlenty);
}

void GitHub::State::build_world() {
  world::Shapes shapes;
  if (const auto* found = world::value_at(fixtures_, "shapes")) shapes.adopt(found->as_object());
  rendered_.clear();
  world_ = std::make_unique<world::World>(options_.seed, std::move(shapes));
  accounts_ = std::make_unique<Accounts>(*world_);
  rest_ = std::make_unique<Rest>(*world_, *accounts_, fixtures_, options_.files_url);
}

GitHub::State::Place GitHub::State::find_place(const Request& request, const Wishes& wishes) {
  Place place;
  place.target = request.target;
  place.host = wishes.host;
  if (!place.target.starts_with('/') &&
      place.target.find("://") != std::string_view::npos) {  // absolute-form
    place.host = authority_of(place.target);
    const auto slash = place.target.find('/', place.target.find("://") + 3);
    place.target =
        slash == std::string_view::npos ? std::string_view("/") : place.target.substr(slash);
  }
  const auto mark = place.target.find('?');
  place.path = place.target.substr(0, mark);
  if (mark != std::string_view::npos) place.query = place.target.substr(mark + 1);
  return place;
}

void GitHub::State::find_repository(Place& place, const Caller& caller) {
  const auto part = [&](std::size_t& at) {  // the next segment, and the place after its slash
    const auto end = std::min(place.path.find('/', at), place.path.size());
    const std::string_view text = place.path.substr(at, end - at);
    at = std::min(end + 1, place.path.size());
    return text;
  };
  std::size_t at = std::min<std::size_t>(1, place.path.size());
  const std::string_view first = part(at);
  if (first == "repos") {
    const std::string owner = percent_decode(part(at), false);
    const std::string name = percent_decode(part(at), false);
    place.repository = world_->find(owner, name);
    if (!place.repository) place.moved_to = world_->renamed_to(owner, name);
  } else if (first == "repositories") {
    if (const auto id = parse_decimal(part(at)))
      place.repository = world_->find(static_cast<std::int64_t>(*id));
  }
  place.rest_at = at;
  const world::Repository* named = place.repository ? place.repository : place.moved_to;
  if (named) place.access = accounts_->access_to(caller, *named);
}

std::optional<Fault> GitHub::State::take_fault(std::string_view path) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (!path.starts_with(fault->path_prefix)) continue;
    const Fault taken = *fault;
    if (--fault->count <= 0) faults_.erase(fault);
    return taken;
  }
  return std::nullopt;
}

Reply GitHub::State::handle(const Request& request, Now now) {
  const Wishes wishes = read_wishes(request.fields);
  Place place = find_place(request, wishes);
  Reply reply;
  if (place.path.starts_with("/_model/")) {
    reply.answer = control(request, place, now);
    return reply;
  }
  ++requests_count_;
  const std::string_view authorization =
      wishes.etag.authorization.empty() ? std::string_view() : wishes.etag.authorization.front();
  const Caller caller = accounts_->authenticate(authorization, request.client_address);
  const auto fault = take_fault(place.path);
  if (fault && fault->kind == Fault::Kind::status) {
    Rendered broken{.outcome = error_outcome(fault->status, http::reason_phrase(fault->status))};
    broken.compact = http::make_body(broken.outcome.body);
    reply.answer = finish(request, wishes, caller, broken, {});
    add_standing_headers(reply.answer, caller, resource_of(place.path), {}, now.wall);
    journal_.note(request, caller, resource_of(place.path), fault->status, 0, 1);
    return reply;
  }
  if (fault && fault->kind == Fault::Kind::reset) {
    journal_.note(request, caller, resource_of(place.path), 0, 0, 1);
    reply.transport = Transport::reset;
    return reply;
  }
  if (fault && fault->kind == Fault::Kind::primary) limits_.set_remaining(caller.principal, 0);
  if (fault && fault->kind == Fault::Kind::secondary)
    limits_.punish(caller.principal, now.wall + limits_.secondary().retry_after);
  reply = answer_call(request, wishes, place, caller, now);
  if (fault && fault->kind == Fault::Kind::slow) reply.delay += fault->delay;
  if (fault && fault->kind == Fault::Kind::truncated) reply.transport = Transport::truncated;
  return reply;
}

Reply GitHub::State::answer_call(const Request& request, const Wishes& wishes, Place& place,
                                 const Caller& caller, Now now) {
  const Resource resource = resource_of(place.path);
  const Representation representation = choose_representation(wishes.etag.accept, wishes.version);
  const int points =
      is_read(request.method) || request.method == "OPTIONS" || resource == Resource::graphql ? 1
                                                                                              : 5;
  Reply reply;
  reply.delay = switches_.latency;
  auto rendered = std::make_shared<Rendered>();
  bool is_free = false;
  Spent spent{.secondary = points};
  const bool is_file =
      place.host == authority_of(options_.files_url) && place.query.starts_with("token=");
  if (is_file) {
    rendered->outcome = tell_file(place);
    is_free = true;
  } else if (caller.is_bad) {
    rendered->outcome = error_outcome(401, "Bad credentials");
    is_free = true;
  } else if (resource == Resource::graphql && caller.is_anonymous()) {
    rendered->outcome = error_outcome(401, "This endpoint requires you to be authenticated.");
    is_free = true;
  } else if (place.path == "/rate_limit") {
    rendered->outcome = tell_rate_limit(caller, now.wall);
    is_free = true;
  } else if (const Refusal refusal =
                 limits_.admit(caller, resource, points, now, now.instant + reply.delay);
             refusal != Refusal::none) {
    journal_.note_refusal(refusal);
    rendered->outcome = refuse(refusal, caller, resource, now.wall);
    is_free = true;
  } else if (caller.is_suspended) {
    rendered->outcome = error_outcome(403, "Sorry. Your account was suspended.");
  } else if (!representation.is_known_version) {
    rendered->outcome = error_outcome(400, representation.version + " is not a supported version.");
  } else if (!representation.is_acceptable) {
    rendered->outcome =
        error_outcome(415, "Unsupported 'Accept' header. Must accept 'application/json'.");
  } else if (resource == Resource::graphql && request.method == "POST") {
    rendered->outcome = tell_graphql(request, caller, now.wall, spent);
    limits_.spend(caller, resource, spent.secondary - points);
  } else {
    find_repository(place, caller);
    rendered = render(request, representation, place, caller, now.wall, /*is_peek=*/false);
  }
  if (!rendered->compact) rendered->compact = http::make_body(rendered->outcome.body);
  reply.answer = finish(request, wishes, caller, *rendered, representation);
  const bool is_free_304 = reply.answer.status == 304 && !caller.is_anonymous();
  const std::int64_t cost = is_free || is_free_304 ? 0 : spent.primary;
  limits_.charge(caller, resource, cost, now.wall);
  if (!is_file) add_standing_headers(reply.answer, caller, resource, representation, now.wall);
  journal_.note(request, caller, resource, reply.answer.status, cost, spent.secondary);
  return reply;
}

Outcome GitHub::State::refuse(Refusal refusal, const Caller& caller, Resource resource,
                              WallTime now) {
  if (refusal == Refusal::secondary) {
    Outcome outcome = error_outcome(403,
                                    "You have exceeded a secondary rate limit. Please wait a few "
                                    "minutes before you try again.");
    outcome.headers.add("Retry-After", std::to_string(limits_.secondary().retry_after.count()));
    return outcome;
  }
  const std::string who = caller.is_anonymous()
                              ? "for " + caller.principal.substr(caller.principal.find(':') + 1)
                              : "for user ID " + std::to_string(caller.principal.size());
  static_cast<void>(limits_.bucket(caller, resource, now));  // its headers say when it starts anew
  if (resource == Resource::graphql) {                       // a 200, as every answer of GraphQL
    Outcome outcome;
    outcome.body = json::serialize(
        json::object{{"errors",
                      {json::object{{"type", "RATE_LIMITED"},
                                    {"message", "API rate limit exceeded " + who + "."}}}}});
    return outcome;
  }
  return error_outcome(options_.primary_refusal_status, "API rate limit exceeded " + who + ".");
}

Question GitHub::State::make_question(const Request& request, const Place& place,
                                      const Caller& caller, WallTime now) {
  Question question;
  question.method = request.method;
  question.target = place.target;
  question.path = place.path;
  question.query = Query(place.query);
  question.caller = &caller;
  question.repository = place.repository;
  question.access = place.access;
  question.body = request.body;
  question.now_seconds = to_seconds(now);
  if (!place.repository) question.rest = split_path(place.path);
  else if (place.rest_at < place.path.size())
    question.rest = split_path(place.path.substr(place.rest_at));
  return question;
}

std::shared_ptr<GitHub::State::Rendered> GitHub::State::render(const Request& request,
                                                               const Representation& representation,
                                                               const Place& place,
                                                               const Caller& caller, WallTime now,
                                                               bool is_peek) {
  if (rendered_revision_ != world_->revision() || rendered_.size() > kRenderedMax) {
    rendered_.clear();
    rendered_revision_ = world_->revision();
  }
  // Who sees the same: below a repository whoever has the same access, elsewhere the holders of one token.
  std::string key;
  if (is_read(request.method)) {
    if (place.repository)
      key = caller.is_anonymous()           ? "a"
            : place.access == Access::write ? "w"
            : place.access == Access::read  ? "r"
                                            : "n";
    else key = "t" + caller.token_text;
    key.append("\n")
        .append(representation.media)
        .append("\n")
        .append(representation.version)
        .append("\n");
    key.append(place.target);
    if (const auto known = rendered_.find(key); known != rendered_.end()) return known->second;
  }
  auto rendered = std::make_shared<Rendered>();
  Question question = make_question(request, place, caller, now);
  question.representation = representation;
  question.is_peek = is_peek;
  rendered->outcome = tell(question, place);
  if (options_.public_url != "https://api.github.com") {
    replace_base(rendered->outcome.body, options_.public_url);
    for (const char* name : {"Link", "Location"}) {
      if (const auto value = rendered->outcome.headers.find(name)) {
        std::string text(*value);
        replace_base(text, options_.public_url);
        rendered->outcome.headers.set(name, text);
      }
    }
  }
  rendered->compact = http::make_body(rendered->outcome.body);
  const bool is_kept =
      !key.empty() && !rendered->outcome.is_volatile && rendered_revision_ == world_->revision();
  if (is_kept) rendered_.emplace(std::move(key), rendered);
  return rendered;
}

Outcome GitHub::State::tell(const Question& question, const Place& place) {
  const world::Repository* named = place.repository ? place.repository : place.moved_to;
  if (named && place.access == Access::none) return error_outcome(404, "Not Found");
  if (place.moved_to && !place.repository) return tell_move(place, question.method);
  if (named && named->is_blocked) return error_outcome(451, "Repository access blocked");
  return rest_->answer(question);
}

Outcome GitHub::State::tell_graphql(const Request& request, const Caller& caller, WallTime now,
                                    Spent& spent) {
  boost::system::error_code error;
  const json::value input = json::parse(request.body, error);
  if (error || !input.is_object()) return error_outcome(400, "Problems parsing JSON");
  const Bucket& bucket = limits_.bucket(caller, Resource::graphql, now);
  const graphql::Viewer viewer{
      .login = caller.login,
      .may_read =
          [&](const world::Repository& repository) {
            return accounts_->access_to(caller, repository) != Access::none;
          },
      .may_write =
          [&](const world::Repository& repository) {
            return accounts_->access_to(caller, repository) == Access::write;
          },
      .now_seconds = to_seconds(now),
      .points_limit = bucket.limit,
      .points_remaining = bucket.remaining(),
      .points_reset = to_seconds(bucket.reset)};
  const auto executed = graphql::execute(input.as_object(), *world_, viewer);
  spent = {.primary = executed.points, .secondary = executed.is_mutation ? 5 : 1};
  Outcome outcome;
  outcome.body = json::serialize(executed.body);
  return outcome;
}

Outcome GitHub::State::tell_move(const Place& place, std::string_view method) {
  std::string url = "https://api.github.com/repositories/" + std::to_string(place.moved_to->id);
  if (place.rest_at < place.path.size()) url += "/" + std::string(place.path.substr(place.rest_at));
  if (!place.query.empty()) url += "?" + std::string(place.query);
  Outcome outcome;
  outcome.status = is_read(method) ? 301 : 307;
  outcome.headers.add("Location", url);
  outcome.body = json::serialize(
      json::object{{"message", is_read(method) ? "Moved Permanently" : "Temporary Redirect"},
                   {"url", url},
                   {"documentation_url", "https://docs.github.com/rest"}});
  return outcome;
}

Outcome GitHub::State::tell_rate_limit(const Caller& caller, WallTime now) {
  json::object resources;
  for (int i = 0; i < kResourcesCount; ++i) {
    const auto resource = static_cast<Resource>(i);
    const Bucket& bucket = limits_.bucket(caller, resource, now);
    resources[resource_name(resource)] = {{"limit", bucket.limit},
                                          {"used", bucket.used},
                                          {"remaining", bucket.remaining()},
                                          {"reset", to_seconds(bucket.reset)}};
  }
  const json::value core = resources["core"];
  Outcome outcome;
  outcome.body = json::serialize(json::object{{"resources", std::move(resources)}, {"rate", core}});
  outcome.headers.add("Cache-Control", "no-cache");
  return outcome;
}

Outcome GitHub::State::tell_file(const Place& place) {
  const std::string signature =
      world::object_id(std::string("signature:") + std::string(place.path));
  if (Query(place.query).get("token") != signature)
    return error_outcome(403, "The signature is not valid");
  Outcome outcome;
  outcome.content_type = place.path.find("/logs/") == std::string_view::npos
                             ? "application/x-gzip"
                             : "text/plain; charset=utf-8";
  outcome.body = "file " + std::string(place.path) + "\n";
  outcome.headers.add("Content-Disposition", "attachment");
  return outcome;
}

std::string GitHub::State::make_etag(const Wishes& wishes, const Caller& caller,
                                     const Rendered& rendered) const {
  if (!rendered.outcome.git_object_id.empty()) return rendered.outcome.git_object_id;
  if (switches_.etag_rule == EtagRule::opaque)
    return opaque_etag(std::to_string(options_.seed), *rendered.compact);
  return github_etag(wishes.etag, caller.is_anonymous(), *rendered.compact);
}

http::Answer GitHub::State::finish(const Request& request, const Wishes& wishes,
                                   const Caller& caller, Rendered& rendered,
                                   const Representation&) {
  const Outcome& outcome = rendered.outcome;
  http::Answer answer;
  answer.status = outcome.status;
  answer.body = rendered.compact;
  const bool has_etag = outcome.status == 200 && is_read(request.method) && !outcome.is_volatile &&
                        !outcome.headers.contains("Cache-Control");
  const std::string etag = has_etag ? make_etag(wishes, caller, rendered) : std::string();
  if (has_etag && meets(wishes.if_none_match, etag)) {
    answer.status = 304;
    answer.body = http::make_body({});
    if (switches_.is_304_bare) return answer;
    answer.headers.add("ETag", "\"" + etag + "\"");
    if (const auto link = outcome.headers.find("Link")) answer.headers.add("Link", *link);
    return answer;
  }
  answer.headers.add("Content-Type", outcome.content_type);
  for (const auto& header : outcome.headers) answer.headers.add(header.name, header.value);
  const bool is_json = outcome.content_type.starts_with("application/json");
  bool is_zipped = false;
  if (is_json && !outcome.body.empty() && wants_pretty(wishes.user_agent)) {
    if (!rendered.pretty)
      rendered.pretty = http::make_body(write_pretty(json::parse(*rendered.compact)));
    answer.body = rendered.pretty;
    if (accepts_gzip(wishes.accept_encoding) && answer.body->size() >= kZippedBytesMin) {
      answer.body = http::make_body(gzip(*rendered.pretty));
      is_zipped = true;
    }
  } else if (accepts_gzip(wishes.accept_encoding) && rendered.compact->size() >= kZippedBytesMin) {
    if (!rendered.zipped) rendered.zipped = http::make_body(gzip(*rendered.compact));
    answer.body = rendered.zipped;
    is_zipped = true;
  }
  if (is_zipped) answer.headers.add("Content-Encoding", "gzip");
  if (has_etag) answer.headers.add("ETag", (is_zipped ? "W/\"" : "\"") + etag + "\"");
  if (answer.status != 204)
    answer.headers.add("Content-Length", std::to_string(answer.body->size()));
  if (request.method == "HEAD") answer.body = http::make_body({});
  return answer;
}

void GitHub::State::add_standing_headers(http::Answer& answer, const Caller& caller,
                                         Resource resource, const Representation& representation,
                                         WallTime now) {
  auto& headers = answer.headers;
  headers.add("Server", "github.com");
  headers.add("Date", http::write_date(now));
  const bool is_ok = answer.status < 300 || answer.status == 304;
  if (is_ok && !headers.contains("Cache-Control"))
    headers.add("Cache-Control", caller.is_anonymous() ? "public, max-age=60, s-maxage=60"
                                                       : "private, max-age=60, s-maxage=60");
  headers.add("Vary", caller.is_anonymous() ? kVaryAnonymous : kVaryAuthenticated);
  headers.add("X-GitHub-Media-Type", representation.media_type());
  headers.add("X-GitHub-Api-Version-Selected", representation.version);
  std::array<char, 16> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i)
    digits[digits.size() - 1 - i] = "0123456789ABCDEF"[(requests_count_ >> (4 * i)) & 15];
  headers.add("X-GitHub-Request-Id", "C0DE:" + std::string(digits.begin(), digits.end()));
  if (caller.token && caller.kind == CallerKind::user) {
    headers.add("X-OAuth-Scopes", caller.token->scopes);
    headers.add("X-Accepted-OAuth-Scopes", "repo");
  }
  if (caller.is_bad) return;
  const Bucket& bucket = limits_.bucket(caller, resource, now);
  headers.add("X-RateLimit-Limit", std::to_string(bucket.limit));
  headers.add("X-RateLimit-Remaining", std::to_string(bucket.remaining()));
  headers.add("X-RateLimit-Used", std::to_string(bucket.used));
  headers.add("X-RateLimit-Reset", std::to_string(to_seconds(bucket.reset)));
  headers.add("X-RateLimit-Resource", resource_name(resource));
  if (answer.status == 200 && caller.is_anonymous()) headers.add("Accept-Ranges", "bytes");
}

}  // namespace ghmesh::sim
