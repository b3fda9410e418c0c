// SPDX-License-Identifier: Apache-2.0 OR MIT
// github-model: the model of GitHub (sim/github.h) as a small HTTP server, for the demo and the end-to-end tests.
//
// One thread: the model is not thread-safe and does not need to be. Prints one line, "listening http://127.0.0.1:PORT",
// when it is ready. Only loopback and unix sockets make sense: it believes everybody.
#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "net/http_server.h"
#include "net/listener.h"
#include "net/runtime.h"
#include "sim/github.h"

namespace ghmesh {
namespace {

constexpr std::size_t kBodyBytesMax = 16 << 20;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read (tools/make_fixtures makes it)");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string write_head(const http::Answer& answer) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " " +
                     std::string(http::reason_phrase(answer.status)) + "\r\n";
  for (const auto& [name, value] : answer.headers)
    head.append(name).append(": ").append(value).append("\r\n");
  return head;
}

net::Reply make_reply(sim::Reply told) {
  struct Held {
    std::string head;
    http::Body body;
  };
  auto held = std::make_shared<Held>(Held{write_head(told.answer), told.answer.body});
  net::Reply reply;
  reply.head = held->head;
  if (held->body) reply.body = *held->body;
  reply.owner = held;
  return reply;
}

class ModelService final : public net::Service {
 public:
  explicit ModelService(sim::Options options) : model_(std::move(options)) {}

  bool answer_now(const http::RequestHead& head, net::Door, net::Reply& reply) override {
    if (!model_.answers_at_once()) return false;
    reply = make_reply(model_.handle(make_request(head, {}), read_clocks()));
    return true;
  }

  net::awaitable<void> answer(net::Exchange& exchange) override {
    std::string body;
    for (;;) {
      const auto part = co_await exchange.read_some();
      if (!part || body.size() > kBodyBytesMax) {
        exchange.abandon();
        co_return;
      }
      if (part->empty()) break;
      body.append(*part);
    }
    sim::Reply told = model_.handle(make_request(exchange.head(), body), read_clocks());
    if (told.delay > 0ns) {
      boost::asio::steady_timer timer(exchange.executor(), told.delay);
      co_await timer.async_wait(boost::asio::use_awaitable);
    }
    co_await send(exchange, std::move(told));
  }

 private:
  static sim::Request make_request(const http::RequestHead& head, std::string_view body) {
    return {.method = head.method,
            .target = head.target,
            .fields = head.all_fields(),
            .body = body,
            .client_address = "127.0.0.1"};
  }

  static net::awaitable<void> send(net::Exchange& exchange, sim::Reply told) {
    const sim::Transport transport = told.transport;
    net::Reply reply = make_reply(std::move(told));
    if (transport == sim::Transport::whole) {
      static_cast<void>(co_await exchange.send(
          std::move(reply)));  // a client that went away is no concern of the model
      co_return;
    }
    if (transport == sim::Transport::truncated) {
      const std::string_view half = reply.body.substr(0, reply.body.size() / 2);
      reply.body = {};
      const auto owner = reply.owner;  // holds the body while half of it is sent
      const auto begun = co_await exchange.begin(std::move(reply));
      if (begun) static_cast<void>(co_await exchange.write(half));
    }
    exchange.abandon();
  }

  sim::GitHub model_;
};

struct Arguments {
  std::string listen = "127.0.0.1:0";
  std::string fixtures_path;
  std::string files_url;
  std::string public_url;
  std::uint64_t seed = 1;
  std::string latency = "0";
  bool is_429 = false;
  bool is_unlimited = false;
};

Duration parse_latency(std::string_view text) {
  if (text.ends_with("ms")) text.remove_suffix(2);
  const auto milliseconds_count = parse_decimal(text);
  if (!milliseconds_count) throw std::runtime_error("--latency: milliseconds, please: 80 or 80ms");
  return std::chrono::milliseconds(*milliseconds_count);
}

int serve(const Arguments& arguments) {
  auto listener = arguments.listen.starts_with("unix:")
                      ? net::Listener::unix_socket(arguments.listen.substr(5))
                      : net::Listener::tcp(arguments.listen);
  if (!listener) throw std::runtime_error(arguments.listen + ": " + listener.error().message());
  const std::string url =
      listener->is_tcp() ? "http://" + listener->address() : listener->address();
  const auto own = [&](const std::string& text) { return text == "self" ? url : text; };

  sim::Options options;
  options.seed = arguments.seed;
  options.latency = parse_latency(arguments.latency);
  if (!arguments.fixtures_path.empty()) options.fixtures = read_file(arguments.fixtures_path);
  if (!arguments.public_url.empty()) options.public_url = own(arguments.public_url);
  if (!arguments.files_url.empty()) options.files_url = own(arguments.files_url);
  options.is_unlimited = arguments.is_unlimited;
  if (arguments.is_429) options.primary_refusal_status = 429;

  net::Runtime runtime(1);
  ModelService service(std::move(options));
  net::HttpServer server(runtime, std::move(*listener), service, {});
  boost::asio::signal_set signals(runtime.context(0), SIGTERM, SIGINT);
  signals.async_wait([&](const Error&, int) { runtime.stop(); });
  server.start();
  std::printf("listening %s\n", url.c_str());
  std::fflush(stdout);
  runtime.run();
  return 0;
}

}  // namespace
}  // namespace ghmesh

int main(int argc, char** argv) {
  ghmesh::Arguments arguments;
  CLI::App app("A model of GitHub's API on loopback, for tests");
  app.add_option("--listen", arguments.listen, "127.0.0.1:PORT, or unix:PATH");
  app.add_option("--fixtures", arguments.fixtures_path,
                 "what tools/make_fixtures wrote; without it, small bodies");
  app.add_option("--seed", arguments.seed, "of the generated world");
  app.add_option("--latency", arguments.latency, "of every answer: 80 or 80ms");
  app.add_option("--public-url", arguments.public_url,
                 "what URLs begin with instead of https://api.github.com; self: its own");
  app.add_option("--files-url", arguments.files_url,
                 "where redirects to archives and logs lead; self: its own");
  app.add_flag("--refuse-with-429", arguments.is_429,
               "answer exceeded primary limits with 429 and not with 403");
  app.add_flag("--unlimited", arguments.is_unlimited,
               "no limit refuses anybody; what would have been charged is counted");
  CLI11_PARSE(app, argc, argv);
  try {
    return ghmesh::serve(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "github-model: %s\n", error.what());
    return 1;
  }
}
