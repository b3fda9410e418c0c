// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/question.h"

#include "base/text.h"
#include "github/etag.h"
#include "http/date.h"

namespace ghmesh::proxy {
namespace {

// GitHub wants a User-Agent, and pretty-prints for some (curl, Wget, browsers), which would break the ETag rule.
constexpr std::string_view kUserAgent = "ghmesh";
// An upstream Date further ahead of our clock than this is not believed (threat 9).
constexpr Seconds kClockSkewMax{30};

github::EtagInputs sent_inputs(const Question& question) {
  github::EtagInputs inputs{.accept = question.accept};
  const crypto::Secret& authorization = question.caller->credential.authorization;
  if (!authorization.empty()) inputs.authorization = as_text(authorization.reveal());
  return inputs;
}

std::string quoted(std::string_view opaque) {
  std::string out;
  out.reserve(opaque.size() + 2);
  out += '"';
  out += opaque;
  out += '"';
  return out;
}

bool is_anonymous(const Question& question) {
  return question.caller->credential.kind == github::CredentialKind::anonymous;
}

github::Visibility visibility(const Question& question) {
  return is_anonymous(question) ? github::Visibility::proven_public : github::Visibility::unproven;
}

cache::EntryRef make_entry(const Question& question, const http::Answer& answer,
                           const github::Verdict& verdict, WallTime now) {
  cache::Entry entry;
  entry.status = answer.status;
  entry.headers = github::kept_headers(answer.headers);
  entry.body = answer.body;
  entry.etag = http::entity_tag_opaque(answer.headers.get("etag")).value_or(std::string_view());
  entry.is_public = is_anonymous(question);
  entry.upstream_date = upstream_date(answer, now);
  entry.fetched_at = now;
  entry.proven_at = now;
  entry.ttl = verdict.ttl;
  const auto inputs = github::select_by_vary(answer.headers.get("vary"), sent_inputs(question));
  entry.is_etag_computed =
      !entry.etag.empty() && entry.etag == github::compute_etag(inputs, answer.body_text());
  return cache::finish_entry(std::move(entry));
}

// A 304: what we hold is what the upstream would have sent. Its fields replace the stored ones (RFC 9111, 4.3.4); those
// it leaves out (GitHub's may lack ETag and Link) stay.
Conclusion conclude_not_modified(const Question& question, const http::Answer& answer,
                                 WallTime now) {
  if (!is_proof(question, answer)) return {};
  http::Answer whole{.status = 200};
  http::Headers fresh = github::kept_headers(answer.headers);
  std::string etag = question.if_none_match.substr(1, question.if_none_match.size() - 2);
  bool is_etag_computed = true;
  WallTime fetched_at = now;
  if (question.held) {
    whole.status = question.held->status;
    whole.headers = question.held->headers;
    whole.body = question.held->body;
    fetched_at = question.held->fetched_at;
    if (question.validator == Validator::own) is_etag_computed = question.held->is_etag_computed;
  } else {
    whole.body = http::make_body(std::string(github::kEmptyListBody));
    whole.headers.set("Content-Type", "application/json; charset=utf-8");
  }
  // But not what describes the body: that one is ours, and was described when it came.
  fresh.remove("content-type");
  fresh.remove("location");
  for (const http::Header& header : fresh) whole.headers.set(header.name, header.value);
  const github::Verdict verdict = github::judge_answer(question.route, whole, visibility(question));

  cache::Entry entry;
  entry.status = whole.status;
  entry.headers = std::move(whole.headers);
  entry.body = std::move(whole.body);
  entry.etag = std::move(etag);
  entry.is_etag_computed = is_etag_computed;
  entry.is_public = is_anonymous(question);
  entry.upstream_date = upstream_date(answer, now);
  entry.fetched_at = fetched_at;
  entry.proven_at = now;
  entry.ttl = verdict.ttl;
  return {.entry = cache::finish_entry(std::move(entry)),
          .store = verdict.keep != github::Keep::no,
          .detail = question.validator == Validator::candidate ? http::Detail::proven
                                                               : http::Detail::revalidated};
}

}  // namespace

WallTime upstream_date(const http::Answer& answer, WallTime now) {
  const auto date = http::parse_date(answer.headers.get("date"));
  return date && *date <= now + kClockSkewMax ? *date : now;
}

void plan_question(const github::Target& target, const github::KeyedRequest& keyed,
                   std::string_view upstream_origin, CallerRef caller, Question& question) {
  question.path = target.path;
  question.route = github::classify_route(question.path);
  question.key = keyed.text;
  question.url = std::string(upstream_origin) + keyed.upstream_target;
  question.accept = keyed.accept;
  question.api_version = keyed.api_version;
  question.caller = std::move(caller);
}

void choose_validator(const cache::EntryRef& own, const cache::EntryRef& candidate,
                      Question& question) {
  // Somebody's later body tells that ours has changed: then it is theirs that a 304 would confirm.
  const bool is_overtaken = own && candidate && candidate->body_digest != own->body_digest &&
                            candidate->upstream_date > own->upstream_date &&
                            candidate->is_etag_computed && question.route.may_share;
  if (own && !own->etag.empty() && own->status == 200 && !is_overtaken) {
    question.validator = Validator::own;
    question.held = own;
    question.if_none_match = quoted(own->etag);
  } else if (candidate && candidate->is_etag_computed && candidate->status == 200 &&
             question.route.may_share) {
    question.validator = Validator::candidate;
    question.held = candidate;
    question.if_none_match = quoted(github::compute_etag(sent_inputs(question), *candidate->body));
  } else if (question.route.is_list) {
    question.validator = Validator::empty_list;
    question.if_none_match =
        quoted(github::compute_etag(sent_inputs(question), github::kEmptyListBody));
  }
}

bool is_proof(const Question& question, const http::Answer& not_modified) {
  if (question.validator == Validator::none) return false;
  const auto named = not_modified.headers.find("etag");
  return !named || http::if_none_match_matches(question.if_none_match,
                                               http::entity_tag_opaque(*named).value_or(*named));
}

void drop_validator(Question& question) {
  question.validator = Validator::none;
  question.held = nullptr;
  question.if_none_match.clear();
}

http::Headers question_headers(const Question& question) {
  http::Headers headers{{"Accept", question.accept}, {"User-Agent", std::string(kUserAgent)}};
  if (!question.api_version.empty()) headers.add("X-GitHub-Api-Version", question.api_version);
  if (!question.if_none_match.empty()) headers.add("If-None-Match", question.if_none_match);
  return headers;
}

Conclusion conclude(const Question& question, const http::Answer& answer, WallTime now) {
  if (answer.status == 304) return conclude_not_modified(question, answer, now);
  const github::Verdict verdict =
      github::judge_answer(question.route, answer, visibility(question));
  Conclusion conclusion{.purge = verdict.purge, .is_limited = github::is_rate_limited(answer)};
  if (verdict.keep == github::Keep::no) return conclusion;
  conclusion.entry = make_entry(question, answer, verdict, now);
  conclusion.store = true;
  conclusion.is_etag_unexpected = answer.status == 200 && !conclusion.entry->etag.empty() &&
                                  !conclusion.entry->is_etag_computed;
  return conclusion;
}

}  // namespace ghmesh::proxy
