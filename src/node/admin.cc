// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/admin.h"

#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "base/text.h"
#include "github/webhook.h"
#include "node/version.h"

namespace ghmesh::node {
namespace {

namespace json = boost::json;

constexpr std::string_view kJson = "application/json; charset=utf-8";
// The version of the exposition format that the serializer writes.
constexpr std::string_view kPrometheusText = "text/plain; version=0.0.4; charset=utf-8";

http::Answer make_answer(int status, std::string_view content_type, std::string body) {
  http::Answer answer;
  answer.status = status;
  answer.headers.add("Content-Type", content_type);
  answer.body = http::make_body(std::move(body));
  return answer;
}

http::Answer json_answer(int status, const json::value& value) {
  return make_answer(status, kJson, json::serialize(value) + "\n");
}

http::Answer error_answer(int status, std::string_view message) {
  return json_answer(status, json::object{{"message", message}});
}

int status_of(const Error& error) {
  if (error == Errc::http_misdirected) return 421;
  if (error == Errc::http_forbidden_origin) return 403;
  return 400;
}

struct Path {
  std::string_view path;
  std::string_view method;  // besides HEAD where it is GET
};
constexpr std::string_view kPingPath = "/api/v1/peers/ping";
constexpr std::string_view kReloadPath = "/api/v1/swarm/reload";
constexpr std::string_view kSelectPath = "/api/v1/select";
constexpr std::string_view kWhyPath = "/api/v1/why";
constexpr std::string_view kDecisionsPath = "/api/v1/decisions";
constexpr std::string_view kWebhookPath = "/webhooks/github";
constexpr std::array kPaths{
    Path{"/healthz", "GET"},   Path{"/readyz", "GET"},       Path{"/metrics", "GET"},
    Path{"/version", "GET"},   Path{"/api/v1/stats", "GET"}, Path{"/api/v1/peers", "GET"},
    Path{kPingPath, "POST"},   Path{kReloadPath, "POST"},    Path{"/api/v1/purge", "POST"},
    Path{kSelectPath, "POST"}, Path{kWhyPath, "POST"},       Path{kDecisionsPath, "GET"},
    Path{kWebhookPath, "POST"}};

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool is_webhook(const http::RequestHead& head) {
  return path_of(head.target) == kWebhookPath && head.method == "POST";
}

// What is held of bodies whose senders have proven nothing yet.
class WebhookShare {
 public:
  explicit WebhookShare(std::atomic<std::size_t>& all) : all_(all) {}
  WebhookShare(const WebhookShare&) = delete;
  WebhookShare& operator=(const WebhookShare&) = delete;
  ~WebhookShare() { all_ -= bytes_; }
  bool take(std::size_t bytes) {
    bytes_ += bytes;
    return all_.fetch_add(bytes) + bytes <= kWebhookReadBytesMax;
  }

 private:
  std::atomic<std::size_t>& all_;
  std::size_t bytes_ = 0;
};

// A page can post a form without asking anybody; it cannot name this type without a preflight, which is refused.
bool is_json(const http::RequestHead& head) {
  return starts_with_ignoring_case(head.get("content-type"), "application/json");
}

http::Answer no_swarm() { return error_answer(404, "this daemon is in no swarm"); }

http::Answer text_answer(const std::string& json_text) {
  return make_answer(200, kJson, json_text + "\n");
}

const Path* find_path(std::string_view target) {
  for (const Path& known : kPaths)
    if (known.path == path_of(target)) return &known;
  return nullptr;
}

// A page may not read, embed or guess the type of what is here, and nobody keeps it.
constexpr std::string_view kGuards =
    "X-Content-Type-Options: nosniff\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Cache-Control: no-store\r\n";

net::Reply to_reply(const http::Answer& answer, std::string_view method) {
  struct Parts {
    std::string head;
    http::Body body;
  };
  auto parts = std::make_shared<Parts>();
  parts->head = "HTTP/1.1 " + std::to_string(answer.status) + " " +
                std::string(http::reason_phrase(answer.status)) + "\r\n";
  for (const http::Header& header : answer.headers)
    parts->head += header.name + ": " + header.value + "\r\n";
  parts->head += kGuards;
  parts->head += "Content-Length: " + std::to_string(answer.body_text().size()) + "\r\n";
  parts->body = answer.body;
  net::Reply reply;
  reply.head = parts->head;
  if (method != "HEAD") reply.body = answer.body_text();
  reply.owner = parts;
  return reply;
}

json::object cache_object(const cache::Stats& stats) {
  return {{"entries", stats.entries_count},
          {"disk_bytes", stats.disk_bytes},
          {"memory_entries", stats.memory_entries_count},
          {"memory_bytes", stats.memory_bytes},
          {"memory_hits", stats.memory_hits},
          {"disk_hits", stats.disk_hits},
          {"misses", stats.misses},
          {"puts", stats.puts},
          {"puts_dropped", stats.puts_dropped},
          {"evictions_disk", stats.evictions_disk},
          {"evictions_memory", stats.evictions_memory},
          {"faults", stats.store_faults},
          {"seal_failures", stats.seal_failures},
          {"quarantines", stats.quarantines},
          {"is_on_disk", stats.is_on_disk}};
}

}  // namespace

Admin::Admin(const Metrics& metrics, AdminSources sources, std::vector<std::string> own_names,
             Instant started_at)
    : metrics_(metrics),
      sources_(std::move(sources)),
      access_("", {}, std::move(own_names)),
      started_at_(started_at) {}

bool Admin::answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) {
  reply = reply_to(head, door, "", read_clocks());
  return true;
}

std::optional<http::Answer> Admin::refusal_of(const http::RequestHead& head) const {
  if (!is_webhook(head)) return std::nullopt;
  if (!sources_.webhook)
    return error_answer(404, "this daemon takes no webhooks: webhook_secret_file is not set");
  // Nobody makes us read 25 MB who does not even pretend to have the secret.
  if (!head.find("x-hub-signature-256")) return webhook(head, "");
  return std::nullopt;
}

net::awaitable<void> Admin::answer(net::Exchange& exchange) {
  const bool is_hook = is_webhook(exchange.head());
  const std::size_t bytes_max = is_hook ? github::kWebhookBytesMax : kAdminBodyBytesMax;
  std::optional<http::Answer> refusal = refusal_of(exchange.head());
  std::string body;
  WebhookShare share(webhook_bytes_);
  while (!refusal) {
    auto part = co_await exchange.read_some();
    if (!part) co_return exchange.abandon();
    if (part->empty()) break;
    if (body.size() + part->size() > bytes_max)
      refusal = error_answer(413, "the body is too large");
    else if (is_hook && !share.take(part->size()))
      refusal = error_answer(503, "too many webhooks at once: send it again");
    else body += *part;
  }
  if (refusal) {
    net::Reply reply = to_reply(*refusal, exchange.head().method);
    reply.close = true;  // the rest of the body is not read
    auto refused = co_await exchange.send(std::move(reply));
    static_cast<void>(refused.has_value());  // a client that is gone needs no refusal
    co_return;
  }
  net::Reply reply;
  std::string peer = peer_to_ping(exchange.head(), exchange.door(), body);
  if (!peer.empty()) {
    const auto rtt = co_await sources_.ping_peer(std::move(peer));
    reply = to_reply(rtt ? text_answer(write_ping(*rtt)) : error_answer(502, rtt.error().message()),
                     exchange.head().method);
  } else {
    reply = reply_to(exchange.head(), exchange.door(), body, read_clocks());
  }
  auto sent = co_await exchange.send(std::move(reply));
  static_cast<void>(sent.has_value());
}

net::Reply Admin::reply_to(const http::RequestHead& head, net::Door door, std::string_view body,
                           Now now) const {
  const auto allowed = is_webhook(head) ? Result<void>() : access_.check(head, door);
  if (!allowed)
    return to_reply(error_answer(status_of(allowed.error()), allowed.error().message()),
                    head.method);
  return to_reply(dispatch(head, door, body, now), head.method);
}

http::Answer Admin::dispatch(const http::RequestHead& head, net::Door door, std::string_view body,
                             Now now) const {
  const Path* known = find_path(head.target);
  if (!known) return error_answer(404, "there is no such path on the admin side");
  if (head.method != known->method && !(head.method == "HEAD" && known->method == "GET")) {
    http::Answer refusal =
        error_answer(405, "this path answers to " + std::string(known->method) + " only");
    refusal.headers.add("Allow", known->method == "GET" ? "GET, HEAD" : known->method);
    return refusal;
  }
  if (known->path == "/healthz") return make_answer(200, "text/plain; charset=utf-8", "ok\n");
  if (known->path == "/readyz") return ready();
  if (known->path == "/metrics")
    return make_answer(200, kPrometheusText, metrics_.render(sources_.snapshot()));
  if (known->path == "/version")
    return json_answer(200, json::object{{"name", "ghmesh"}, {"version", kVersion}});
  if (known->path == "/api/v1/stats")
    return head.target.ends_with("?swarm=1") ? swarm_stats() : stats(now);
  if (known->path == "/api/v1/peers") return peers();
  if (known->path == kReloadPath) return reload_swarm(head);
  if (known->path == kWebhookPath) return webhook(head, body);
  const bool names_answers =
      known->path == kSelectPath || known->path == kWhyPath || known->path == kDecisionsPath;
  if (names_answers && door != net::Door::unix_socket)
    return error_answer(403, "single answers are spoken of on the unix socket only");
  if (known->path == kSelectPath) return select(head, body);
  if (known->path == kWhyPath) return why(head, body);
  if (known->path == kDecisionsPath) return decisions(head);
  if (known->path == kPingPath)
    return sources_.ping_peer
               ? error_answer(400, R"(a ping is {"peer": "12D3KooW..."}, as application/json)")
               : no_swarm();
  return purge(head, body);
}

http::Answer Admin::ready() const {
  json::array reasons;
  for (const std::string& trouble : sources_.troubles()) reasons.emplace_back(trouble);
  const bool is_ready = reasons.empty();
  return json_answer(is_ready ? 200 : 503,
                     json::object{{"ready", is_ready}, {"troubles", std::move(reasons)}});
}

http::Answer Admin::stats(Now now) const {
  const Totals totals = metrics_.totals();
  const Snapshot snapshot = sources_.snapshot();
  json::object by_detail;
  for (std::size_t i = 0; i < totals.by_detail.size(); ++i)
    by_detail[http::detail_name(static_cast<http::Detail>(i))] = totals.by_detail[i];
  json::array budgets;
  for (const Budget& budget : metrics_.budgets())
    budgets.push_back(json::object{{"resource", budget.resource},
                                   {"limit", budget.limit},
                                   {"remaining", budget.remaining},
                                   {"reset_at", budget.reset_at}});
  json::array addresses;
  for (const std::string& address : sources_.addresses()) addresses.emplace_back(address);
  const auto uptime = std::chrono::duration_cast<Seconds>(now.instant - started_at_);
  return json_answer(
      200, json::object{{"version", kVersion},
                        {"uptime_seconds", uptime.count()},
                        {"addresses", std::move(addresses)},
                        {"requests", totals.requests_count},
                        {"answered", std::move(by_detail)},
                        {"saved", totals.saved_count()},
                        {"upstream", json::object{{"requests", totals.upstream_count},
                                                  {"free", totals.upstream_free_count},
                                                  {"charged", totals.charged_count()},
                                                  {"failed", totals.upstream_failed_count}}},
                        {"budgets", std::move(budgets)},
                        {"refused", totals.refused_count},
                        {"etag_mismatches", totals.etag_unexpected_count},
                        {"cache", cache_object(snapshot.cache)},
                        {"connections_open", snapshot.connections_open},
                        {"principals", snapshot.principals_count}});
}

http::Answer Admin::peers() const {
  return sources_.peers ? text_answer(write_peers(sources_.peers())) : no_swarm();
}

http::Answer Admin::swarm_stats() const {
  return sources_.swarm_stats ? text_answer(write_swarm_stats(sources_.swarm_stats())) : no_swarm();
}

http::Answer Admin::reload_swarm(const http::RequestHead& head) const {
  if (!is_json(head)) return error_answer(415, "a reload is application/json");
  if (!sources_.reload_swarm) return no_swarm();
  const auto reloaded = sources_.reload_swarm();
  if (!reloaded) return error_answer(409, reloaded.error().message());
  return json_answer(200, json::object{{"reloaded", true}});
}

http::Answer Admin::select(const http::RequestHead& head, std::string_view body) const {
  if (!is_json(head)) return error_answer(415, "a selection is application/json");
  const auto request = parse_select_request(body);
  if (!request)
    return error_answer(400, R"(a selection has a "pattern", a "route", or "mine": true)");
  const auto selected = sources_.select(head.get("authorization"), *request);
  if (!selected) return error_answer(400, selected.error().message());
  return text_answer(write_selected(*selected, request->effect));
}

http::Answer Admin::why(const http::RequestHead& head, std::string_view body) const {
  if (!is_json(head)) return error_answer(415, "a question is application/json");
  const auto request = parse_why_request(body);
  if (!request) return error_answer(400, R"(a question is {"url": "/repos/OWNER/REPO"})");
  const auto why = sources_.why(head.get("authorization"), *request);
  if (!why) return error_answer(400, why.error().message());
  return text_answer(write_explanation(*why));
}

http::Answer Admin::decisions(const http::RequestHead& head) const {
  constexpr std::string_view kLast = "?last=";
  std::size_t count = kDecisionsDefault;
  const std::string_view query = head.target.substr(kDecisionsPath.size());
  if (query.starts_with(kLast)) {
    const std::string_view digits = query.substr(kLast.size());
    const char* const end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, count);
    if (read.ec != std::errc() || read.ptr != end || count == 0)
      return error_answer(400, "?last= takes a count");
  }
  return text_answer(write_decisions(sources_.decisions(std::min(count, proxy::kDecisionsMax))));
}

http::Answer Admin::webhook(const http::RequestHead& head, std::string_view body) const {
  if (!sources_.webhook) return *refusal_of(head);
  const Webhooks::Receipt receipt = sources_.webhook(head, body);
  if (receipt.status >= 400) return error_answer(receipt.status, receipt.outcome);
  return json_answer(receipt.status,
                     json::object{{"outcome", receipt.outcome}, {"doubts", receipt.doubts_count}});
}

std::string Admin::peer_to_ping(const http::RequestHead& head, net::Door door,
                                std::string_view body) const {
  const bool is_ping = path_of(head.target) == kPingPath && head.method == "POST" && is_json(head);
  if (!is_ping || !sources_.ping_peer || !access_.check(head, door)) return {};
  json::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* peer = object && object->size() == 1 ? object->if_contains("peer") : nullptr;
  return peer && peer->is_string() ? std::string(std::string_view(peer->get_string()))
                                   : std::string();
}

http::Answer Admin::purge(const http::RequestHead& head, std::string_view body) const {
  if (!is_json(head)) return error_answer(415, "a purge is application/json");
  json::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* object = error ? nullptr : value.if_object();
  if (!object || object->size() != 1)
    return error_answer(400, R"(a purge is {"all": true} or {"url": "/path"})");
  if (const json::value* all = object->if_contains("all");
      all && all->is_bool() && all->get_bool()) {
    sources_.purge_all();
    return json_answer(200, json::object{{"purged", "all"}});
  }
  const json::value* url = object->if_contains("url");
  if (!url || !url->is_string())
    return error_answer(400, R"(a purge is {"all": true} or {"url": "/path"})");
  const auto purged = sources_.purge(head.get("authorization"), url->get_string());
  if (!purged) return error_answer(400, purged.error().message());
  return json_answer(200, json::object{{"purged", url->get_string()}});
}

}  // namespace ghmesh::node
