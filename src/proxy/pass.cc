// SPDX-License-Identifier: Apache-2.0 OR MIT
// Passing through: everything that is not kept goes to its host and back as a bounded stream, untouched and unstored.
#include "base/log.h"
#include "base/text.h"
#include "proxy/proxy.h"
#include "proxy/request.h"

namespace ghmesh::proxy {
namespace {

// An answer to a mutation names the new thing's URL. On TCP it is rewritten when it is JSON of at most this size; more
// is streamed as it is (no client follows links out of such an answer).
constexpr std::size_t kRewrittenBytesMax = 1 << 20;

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
        starts_with_ignoring_case(field.name, "x-gh-cache-"))
      continue;
    if (!is_named_in(connection, field.name)) out.add(field.name, field.value);
  }
  return out;
}

// Lets a body through and looks for a word in it, also across its parts.
class WordScan {
 public:
  explicit WordScan(std::string_view word) : word_(word) {}

  net::awaitable<Result<std::string_view>> read_some(net::Exchange& exchange) {
    auto part = co_await exchange.read_some();
    if (part) look_at(*part);
    co_return part;
  }
  bool has_found() const { return has_found_; }

 private:
  void look_at(std::string_view part) {
    tail_ += part.substr(0, word_.size());
    has_found_ = has_found_ || tail_.find(word_) != std::string::npos ||
                 part.find(word_) != std::string_view::npos;
    tail_ += part.substr(std::min(part.size(), word_.size()));
    tail_.erase(0, tail_.size() - std::min(tail_.size(), word_.size() - 1));
  }

  std::string_view word_;
  std::string tail_;  // the end of what went before
  bool has_found_ = false;
};

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

}  // namespace

net::awaitable<void> Proxy::pass(net::Exchange& exchange, const Request& request, Instant began) {
  const http::RequestHead& head = exchange.head();
  WordScan scan("mutation");
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
    question.body_source = [&exchange, &scan] { return scan.read_some(exchange); };
  }

  auto stream = co_await upstream_.open(std::move(question));
  const Instant answered = read_clocks().instant;
  const http::Headers no_headers;
  observer_.asked(request.keyed.route.name, stream ? (*stream)->status() : 0,
                  stream ? (*stream)->headers() : no_headers, answered - began);
  observer_.answered(request.keyed.route.name, http::Detail::passed,
                     stream ? (*stream)->status() : 502, answered - began);
  if (!stream) {
    const Error error = stream.error();
    // The client did not finish its body: the exchange, left unanswered, tells it so (400 or 408).
    if (error == Errc::truncated || error == Errc::http_timeout) co_return;
    co_await refuse(exchange, error);
    co_return;
  }
  if (request.host.is_api && request.caller) {
    note_verdict(*request.caller, (*stream)->status());
    // A GraphQL request that does not even hold the word changes nothing; one that holds it may.
    const bool is_query = request.target.service == github::Service::graphql && !scan.has_found();
    if (!http::is_safe_method(head.method) && !is_query && (*stream)->status() < 400)
      note_write(request, read_clocks().wall);
  }
  co_await pass_body(exchange, **stream, rewrite);
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
