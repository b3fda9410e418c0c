// SPDX-License-Identifier: Apache-2.0 OR MIT
// Passing through: everything that is not kept goes to its host and back as a bounded stream, untouched and unstored.
#include "base/log.h"
#include "base/text.h"
#include "proxy/flight.h"
#include "proxy/proxy.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

// An answer to a mutation names the new thing's URL. On TCP it is rewritten when it is JSON of at most this size; more
// is streamed as it is (no client follows links out of such an answer).
constexpr std::size_t kRewrittenBytesMax = 1 << 20;

// Not counted, whatever is left (rate limits for the REST API, "Checking the status of your rate limit").
constexpr std::string_view kFreeRoute = "/rate_limit";

bool is_json(const http::Headers& headers) {
  return headers.get("content-type").find("json") != std::string_view::npos;
}

// Fields that name this connection's own affairs, or those of ours that the upstream need not know.
http::Headers forwarded_headers(const http::RequestHead& head) {
  http::Headers out;
  const std::string_view connection = head.get("connection");
  for (const http::FieldView& field : head.all_fields()) {
    if (is_hop_by_hop(field.name) || equal_ignoring_case(field.name, "host") ||
        equal_ignoring_case(field.name, "authorization") ||
        equal_ignoring_case(field.name, "content-length") ||
        equal_ignoring_case(field.name, "expect") ||
        starts_with_ignoring_case(field.name, "x-gh-cache-") ||
        starts_with_ignoring_case(field.name, "ghmesh-"))
      continue;
    if (!is_named_in(connection, field.name)) out.add(field.name, field.value);
  }
  return out;
}

// A request's body on its way to GitHub: what was read ahead, and then the rest. Looks for a word in it, also across
// its parts.
class BodySource {
 public:
  BodySource(net::Exchange& exchange, ReadAhead ahead, std::string_view word,
             std::uint64_t bytes_max)
      : exchange_(exchange), ahead_(std::move(ahead)), word_(word), bytes_left_(bytes_max) {}

  // Errors: too_large (more than bytes_max), and those of Exchange::read_some().
  net::awaitable<Result<std::string_view>> read_some() {
    std::string_view part;
    if (!has_given_ahead_ && !ahead_.bytes.empty()) {
      has_given_ahead_ = true;
      part = ahead_.bytes;
    } else if (!ahead_.is_whole) {
      auto read = co_await exchange_.read_some();
      if (!read) co_return read.error();
      part = *read;
    }
    if (part.size() > bytes_left_) co_return Errc::too_large;
    bytes_left_ -= part.size();
    look_at(part);
    co_return part;
  }
  bool has_found() const { return has_found_; }
  github::GraphqlKind kind() const { return ahead_.kind; }

 private:
  void look_at(std::string_view part) {
    tail_ += part.substr(0, word_.size());
    has_found_ = has_found_ || tail_.find(word_) != std::string::npos ||
                 part.find(word_) != std::string_view::npos;
    tail_ += part.substr(std::min(part.size(), word_.size()));
    tail_.erase(0, tail_.size() - std::min(tail_.size(), word_.size() - 1));
  }

  net::Exchange& exchange_;
  const ReadAhead ahead_;
  bool has_given_ahead_ = false;
  std::string_view word_;
  std::string tail_;  // the end of what went before
  bool has_found_ = false;
  std::uint64_t bytes_left_;
};

// Whether a GraphQL request may have changed something. One that was not understood does so if it holds the word.
bool is_mutation(const BodySource& source) {
  switch (source.kind()) {
    case github::GraphqlKind::query: return false;
    case github::GraphqlKind::mutation: return true;
    default: return source.has_found();
  }
}

// Path and query, also of an absolute-form target (RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return "/";
  const auto path = target.find('/', scheme_end + 3);
  return path == std::string_view::npos ? "/" : target.substr(path);
}

// The API is asked in its own spelling; another host's paths are not ours to understand.
std::string upstream_url(const UpstreamHost& host, const github::KeyedRequest& keyed,
                         std::string_view target) {
  return host.origin + (host.is_api ? keyed.upstream_target : std::string(origin_form(target)));
}

Cost cost_of(const http::RequestHead& head, const BodySource& source) {
  if (source.kind() == github::GraphqlKind::query) return Cost::query;
  if (source.kind() == github::GraphqlKind::mutation) return Cost::mutation;
  return http::is_safe_method(head.method) ? Cost::read : Cost::change;
}

}  // namespace

net::awaitable<void> Proxy::pass(net::Exchange& exchange, const Request& request, Instant began) {
  ReadAhead nothing;
  co_await pass(exchange, request, began, std::move(nothing));
}

net::awaitable<void> Proxy::pass(net::Exchange& exchange, const Request& request, Instant began,
                                 ReadAhead ahead) {
  const http::RequestHead& head = exchange.head();
  const bool is_graphql = request.target.service == github::Service::graphql;
  BodySource source(exchange, std::move(ahead), "mutation",
                    is_graphql ? github::kGraphqlBytesMax : UINT64_MAX);
  std::string to;
  const LinkRewrite rewrite = rewrite_for(request, to);

  net::UpstreamRequest question;
  question.method = head.method;
  const bool is_upload = request.target.service == github::Service::uploads;
  question.url = is_upload ? request.host.origin + request.keyed.upstream_target
                           : upstream_url(request.host, request.keyed, head.target);
  question.headers = forwarded_headers(head);
  question.encoding = rewrite.to.empty() ? net::Encoding::as_is : net::Encoding::decode;
  if (request.host.takes_credentials) {
    // As the caller spelled it: what is not kept need not share an ETag with anybody.
    const auto authorization = head.find("authorization");
    if (authorization) question.authorization = crypto::Secret(*authorization);
  }
  if (head.has_body()) {
    question.body_bytes = head.content_length;
    question.body_source = [&source] { return source.read_some(); };
  }

  if (options_.is_offline) {
    Outcome outcome;
    outcome.answer = offline_answer();
    co_await deliver(exchange, request, std::move(outcome), began);
    co_return;
  }
  // What goes to GitHub's API on somebody's budget.
  const bool is_governed =
      request.host.is_api && request.caller != nullptr && request.keyed.route.name != kFreeRoute;
  const std::string_view resource = is_graphql ? "graphql" : resource_of(request.keyed.route);
  if (is_governed) {
    auto refusal = co_await seek_permit(*request.caller, resource, cost_of(head, source),
                                        read_urgency(head.get("priority")));
    if (refusal) {
      Outcome outcome;
      outcome.status.detail = http::Detail::limited;
      outcome.answer = std::move(refusal);
      co_await deliver(exchange, request, std::move(outcome), began);
      co_return;
    }
  }

  auto stream = co_await upstream_.open(std::move(question));
  const Instant answered = read_clocks().instant;
  const http::Headers no_headers;
  observer_.asked(request.keyed.route.name, stream ? (*stream)->status() : 0,
                  stream ? (*stream)->headers() : no_headers, answered - began);
  const int status = stream ? (*stream)->status() : 502;
  note_answer(head, request, {.detail = http::Detail::passed, .forwarded_status = status}, nullptr,
              status, answered - began);
  if (!stream) {
    const Error error = stream.error();
    // The client did not finish its body: the exchange, left unanswered, tells it so (400 or 408).
    if (error == Errc::truncated || error == Errc::http_timeout) co_return;
    co_await refuse(exchange, error);
    co_return;
  }
  if (request.host.is_api && request.caller) {
    const bool is_write = is_graphql ? is_mutation(source) : !http::is_safe_method(head.method);
    note_passed(request, resource, **stream, is_write);
  }
  co_await pass_body(exchange, **stream, rewrite);
}

// Of a stream only the head is known: a refusal says there what it is.
void Proxy::note_passed(const Request& request, std::string_view resource,
                        const net::UpstreamStream& stream, bool is_write) {
  const int status = stream.status();
  const http::Headers& headers = stream.headers();
  const bool is_limited =
      status == 429 || (status == 403 && (headers.find("retry-after") ||
                                          headers.get("x-ratelimit-remaining") == "0"));
  const WallTime now = read_clocks().wall;
  if (request.keyed.route.name != kFreeRoute)
    governor_.note(purse_of(*request.caller, resource), status, headers, is_limited, now);
  note_verdict(*request.caller, status);
  if (is_write && status < 400) note_write(request, now);
}

net::awaitable<void> Proxy::pass_body(net::Exchange& exchange, net::UpstreamStream& stream,
                                      const LinkRewrite& rewrite) {
  const http::Headers& headers = stream.headers();
  net::Reply reply;
  reply.more_head = "Cache-Status: " +
                    http::write_cache_status(
                        {.detail = http::Detail::passed, .forwarded_status = stream.status()}) +
                    "\r\n";
  const bool is_head = exchange.head().method == "HEAD";
  const bool is_rewritten =
      !rewrite.to.empty() && is_json(headers) && !is_head && stream.status() != 206;
  auto owned_head = std::make_shared<const std::string>(passed_head(
      stream.status(), headers, rewrite, rewrite.to.empty() ? Framing::keep : Framing::drop));
  reply.head = *owned_head;
  reply.owner = owned_head;

  // What was read ahead to be rewritten.
  std::string ahead;
  bool has_ended = false;
  while (is_rewritten && !has_ended && ahead.size() < kRewrittenBytesMax) {
    auto part = co_await stream.read_some();
    if (!part) {
      co_await refuse(exchange, part.error());
      co_return;
    }
    has_ended = part->empty();
    ahead += *part;
  }
  if (is_rewritten && has_ended) {
    auto body = std::make_shared<const std::string>(rewrite_body(ahead, rewrite));
    if (stream.status() != 204 && stream.status() != 304)
      reply.more_head += "Content-Length: " + std::to_string(body->size()) + "\r\n";
    reply.body = *body;
    auto owner =
        std::make_shared<std::pair<std::shared_ptr<const void>, http::Body>>(owned_head, body);
    reply.owner = std::move(owner);
    auto sent = co_await exchange.send(std::move(reply));
    static_cast<void>(sent);
    co_return;
  }

  auto begun = co_await exchange.begin(std::move(reply));
  if (begun && !ahead.empty()) begun = co_await exchange.write(ahead);
  while (begun) {
    auto part = co_await stream.read_some();
    if (!part) {
      // The client must not take half an answer for a whole one.
      exchange.abandon();
      co_return;
    }
    if (part->empty()) {
      begun = co_await exchange.finish();
      break;
    }
    begun = co_await exchange.write(*part);
  }
}

}  // namespace ghmesh::proxy
