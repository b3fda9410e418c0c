// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/lead/leader_service.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "http/message.h"

namespace ghmesh::node {
namespace {

// Whoever waits longer asks again.
constexpr std::uint64_t kPatienceMillisecondsMax = 60'000;

// The request, as if the field had not been there.
http::RequestHead without_upstream(const http::RequestHead& head) {
  http::RequestHead copy = head;
  const auto begin = copy.fields.begin();
  const auto end = std::remove_if(
      begin, begin + static_cast<std::ptrdiff_t>(copy.fields_count),
      [](const http::FieldView& field) { return equal_ignoring_case(field.name, kUpstreamField); });
  copy.fields_count = static_cast<std::size_t>(end - begin);
  return copy;
}

class PlainExchange final : public net::Exchange {
 public:
  PlainExchange(net::Exchange& exchange, const http::RequestHead& head)
      : exchange_(exchange), head_(without_upstream(head)) {}
  const http::RequestHead& head() const override { return head_; }
  net::Door door() const override { return exchange_.door(); }
  net::asio::any_io_executor executor() override { return exchange_.executor(); }
  net::awaitable<Result<std::string_view>> read_some() override { return exchange_.read_some(); }
  net::awaitable<Result<void>> send(net::Reply reply) override {
    return exchange_.send(std::move(reply));
  }
  net::awaitable<Result<void>> begin(net::Reply head) override {
    return exchange_.begin(std::move(head));
  }
  net::awaitable<Result<void>> write(std::string_view part) override {
    return exchange_.write(part);
  }
  net::awaitable<Result<void>> finish() override { return exchange_.finish(); }
  void abandon() override { exchange_.abandon(); }

 private:
  net::Exchange& exchange_;
  const http::RequestHead head_;
};

net::awaitable<Result<std::string>> read_body(net::Exchange& exchange) {
  std::string body;
  for (;;) {
    auto part = co_await exchange.read_some();
    if (!part) co_return part.error();
    if (part->empty()) co_return body;
    if (body.size() + part->size() > kShareItemsBytesMax) co_return Errc::too_large;
    body += *part;
  }
}

std::optional<std::uint64_t> parameter(std::string_view target, std::string_view name) {
  const std::string wanted = "?" + std::string(name) + "=";
  const auto at = target.find(wanted);
  if (at == std::string_view::npos) return std::nullopt;
  return parse_decimal(target.substr(at + wanted.size()));
}

struct Text {
  std::string head, body;
};

net::Reply reply_of(int status, std::string body) {
  auto text = std::make_shared<Text>();
  text->body = std::move(body);
  text->head = "HTTP/1.1 " + std::to_string(status) + " " +
               std::string(http::reason_phrase(status)) + "\r\n";
  if (status != 204)
    text->head +=
        "Content-Type: text/plain\r\nContent-Length: " + std::to_string(text->body.size()) + "\r\n";
  net::Reply reply;
  reply.head = text->head;
  reply.body = text->body;
  reply.owner = std::move(text);
  return reply;
}

bool is_own(const http::RequestHead& head) { return equal_ignoring_case(head.host, kLeaderHost); }

}  // namespace

bool LeaderService::answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) {
  if (is_own(head)) return false;
  const auto upstream = head.find(kUpstreamField);
  net::Service* proxy = sources_.proxy(upstream.value_or(std::string_view()));
  if (proxy == nullptr) return false;
  if (!upstream) return proxy->answer_now(head, door, reply);
  const http::RequestHead plain = without_upstream(head);
  return proxy->answer_now(plain, door, reply);
}

net::awaitable<void> LeaderService::answer(net::Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  if (is_own(head)) {
    co_await answer_own(exchange);
    co_return;
  }
  const auto upstream = head.find(kUpstreamField);
  net::Service* proxy = sources_.proxy(upstream.value_or(std::string_view()));
  if (proxy == nullptr) {
    net::Reply refusal = reply_of(421, "the upstream is not one that may be asked\n");
    static_cast<void>(co_await exchange.send(std::move(refusal)));
  } else if (upstream) {
    PlainExchange plain(exchange, head);
    co_await proxy->answer(plain);
  } else {
    co_await proxy->answer(exchange);
  }
}

net::awaitable<void> LeaderService::answer_own(net::Exchange& exchange) {
  std::string body;
  const int status = co_await dispatch(exchange, body);
  if (status == 0) co_return;  // the body did not arrive: the connection says why
  net::Reply reply = reply_of(status, std::move(body));
  static_cast<void>(co_await exchange.send(std::move(reply)));
}

net::awaitable<int> LeaderService::dispatch(net::Exchange& exchange, std::string& body) {
  const std::string target(exchange.head().target);
  const std::string_view path = std::string_view(target).substr(0, target.find('?'));
  const std::string_view method = exchange.head().method;
  const bool is_post = method == "POST";
  if (method == "GET" && path == "/v1/status") {
    body = write_leader_status(sources_.status());
    co_return 200;
  }
  if (is_post && path == "/v1/yield") {
    const auto rank = parameter(target, "rank");
    if (!rank || *rank < 1 || *rank > 3) co_return 400;
    co_return sources_.yield(static_cast<LeadRank>(*rank)) ? 202 : 409;
  }
  if (!is_post || (path != "/v1/share" && path != "/v1/recall")) co_return 404;
  auto content = co_await read_body(exchange);
  if (!content) co_return content.error() == Errc::too_large ? 413 : 0;
  if (path == "/v1/share") {
    auto items = parse_share_items(*content);
    if (!items) co_return items.error() == Errc::too_large ? 413 : 400;
    sources_.share(*std::move(items));
    co_return 204;
  }
  const auto patience = parameter(target, "patience");
  if (!patience || content->empty() || content->size() > mesh::kSharedNameBytesMax) co_return 400;
  const Duration within = std::min(*patience, kPatienceMillisecondsMax) * 1ms;
  co_return co_await sources_.recall(*std::move(content), within) ? 204 : 404;
}

}  // namespace ghmesh::node
