// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/http_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <thread>

#include "net/descriptor.h"
#include "net/request_garden.h"

namespace ghmesh::net {
namespace {

// Answers by path. /now/… at once; everything else in a coroutine.
class TestService : public Service {
 public:
  bool answer_now(const http::RequestHead& head, Door, Reply& reply) override {
    if (!head.target.starts_with("/now")) return false;
    reply.head = "HTTP/1.1 200 OK\r\n";
    auto body = std::make_shared<std::string>(head.target);
    if (head.target == "/now/large") body->assign(kLargeBytes, 'L');
    reply.more_head = "Content-Length: " + std::to_string(body->size()) + "\r\n";
    reply.body = *body;
    reply.owner = std::move(body);
    return true;
  }

  bool answer_now_whole(const http::RequestHead& head, std::string_view body, Door,
                        Reply& reply) override {
    if (!head.target.starts_with("/now")) return false;
    reply.head = "HTTP/1.1 200 OK\r\n";
    auto said = std::make_shared<std::string>("at once " + std::string(body));
    reply.more_head = "Content-Length: " + std::to_string(said->size()) + "\r\n";
    reply.body = *said;
    reply.owner = std::move(said);
    return true;
  }

  awaitable<void> answer(Exchange& exchange) override {
    const std::string_view target = exchange.head().target;
    if (target == "/throws") throw std::runtime_error("on purpose");
    if (target == "/nothing") co_return;
    if (target == "/stream") co_return co_await stream(exchange, "HTTP/1.1 200 OK\r\n", 3);
    if (target == "/stream-length")
      co_return co_await stream(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n", 3);
    if (target == "/stream-short")
      co_return co_await stream(exchange, "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n", 2);
    if (target == "/stream-large")
      co_return co_await stream(exchange, "HTTP/1.1 200 OK\r\n", 100, large_part);
    if (target == "/deny") co_return co_await reply(exchange, "HTTP/1.1 403 Forbidden\r\n", denied);
    if (target == "/slow") co_await pause(exchange, 150ms);
    std::string body;
    for (;;) {
      auto part = co_await exchange.read_some();
      if (!part) {
        last_error = part.error();
        co_return;
      }
      if (part->empty()) break;
      body += *part;
    }
    if (body.empty()) body = target;
    co_await reply(exchange, "HTTP/1.1 200 OK\r\n", body);
  }

  static awaitable<void> pause(Exchange& exchange, Duration duration) {
    asio::steady_timer timer(exchange.executor(), duration);
    co_await timer.async_wait(asio::use_awaitable);
  }

  awaitable<void> reply(Exchange& exchange, std::string_view head, const std::string& body) {
    Reply reply;
    reply.head = head;
    auto owner = std::make_shared<std::string>(body);
    reply.more_head = "Content-Length: " + std::to_string(owner->size()) + "\r\n";
    reply.body = *owner;
    reply.owner = std::move(owner);
    auto sent = co_await exchange.send(std::move(reply));
    if (!sent) last_error = sent.error();
  }

  awaitable<void> stream(Exchange& exchange, std::string_view head, int parts_count,
                         std::string_view part = "part\n") {
    Reply reply;
    reply.head = head;
    auto begun = co_await exchange.begin(std::move(reply));
    for (int i = 0; begun && i < parts_count; ++i) begun = co_await exchange.write(part);
    if (begun) begun = co_await exchange.finish();
    if (!begun) last_error = begun.error();
  }

  static constexpr std::size_t kLargeBytes = 8 << 20;
  const std::string denied = "no";
  const std::string large_part = std::string(64 * 1024, 'S');
  Error last_error;  // read after the server has stopped
};

class Client {
 public:
  explicit Client(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    is_connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  bool is_connected() const { return is_connected_; }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }

  // What arrives until this is part of it; all of it when the server closes first.
  std::string read_until(std::string_view end, Duration patience = 5s) {
    const Instant deadline = MonotonicClock::now() + patience;
    while (end.empty() || buffer_.find(end) == std::string::npos) {
      if (!read_once(deadline)) break;
    }
    const std::size_t found = end.empty() ? std::string::npos : buffer_.find(end);
    const std::size_t size = found == std::string::npos ? buffer_.size() : found + end.size();
    std::string text = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return text;
  }
  // All until the server closes; fails the test when it does not.
  std::string read_all(Duration patience = 5s) {
    std::string text = read_until("", patience);
    EXPECT_TRUE(is_closed_) << "the server did not close; it said: " << text.substr(0, 200);
    return text;
  }
  bool is_closed() const { return is_closed_; }

 private:
  bool read_once(Instant deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - MonotonicClock::now());
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[65536];
    const ssize_t received = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    if (received <= 0) {
      is_closed_ = true;
      return false;
    }
    buffer_.append(bytes, static_cast<std::size_t>(received));
    return true;
  }

  Descriptor socket_;
  bool is_connected_ = false;
  bool is_closed_ = false;
  std::string buffer_;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/ghmesh-net-XXXXXX";
    directory_ = ::mkdtemp(pattern);
    path_ = directory_ + "/door.sock";
  }
  void TearDown() override {
    stop();
    std::filesystem::remove_all(directory_);
  }

  void serve(HttpServerLimits limits = {}, int threads_count = 1) {
    runtime_ = std::make_unique<Runtime>(threads_count);
    auto listener = Listener::unix_socket(path_);
    ASSERT_TRUE(listener) << listener.error().message();
    server_ = std::make_unique<HttpServer>(*runtime_, std::move(*listener), service_, limits);
    server_->start();
    thread_ = std::thread([this] { runtime_->run(); });
  }
  void stop() {
    if (runtime_) runtime_->stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    runtime_.reset();
  }
  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::string directory_, path_;
  TestService service_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}
std::string post(std::string_view target, std::string_view fields, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}
std::string status_of(std::string_view reply) { return std::string(reply.substr(0, 12)); }

TEST_F(HttpServerTest, AnswersAtOnceAndKeepsTheConnection) {
  serve();
  Client client(path_);
  for (int i = 0; i < 3; ++i) {
    client.send(get("/now/x"));
    EXPECT_EQ(client.read_until("/now/x"), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n/now/x");
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().requests_total == 3; }));
  EXPECT_EQ(server_->stats().connections_total, 1u);
}

TEST_F(HttpServerTest, AnswersInACoroutineAndKeepsTheConnection) {
  serve();
  Client client(path_);
  for (int i = 0; i < 3; ++i) {
    client.send(get("/later"));
    EXPECT_EQ(client.read_until("/later"), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n/later");
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  Client client(path_);
  std::string requests, expected;
  for (int i = 0; i < 100; ++i) {
    const std::string target = (i % 7 == 3 ? "/later/" : "/now/") + std::to_string(i);
    requests += get(target);
    expected +=
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(target.size()) + "\r\n\r\n" + target;
  }
  client.send(requests + get("/now/end", "Connection: close\r\n"));
  const std::string replies = client.read_all();
  EXPECT_EQ(replies.substr(0, expected.size()), expected);
  EXPECT_NE(replies.find("Connection: close\r\n\r\n/now/end"), std::string::npos);
}

// A body that came with its head is given with it; what stands behind it is the next request.
TEST_F(HttpServerTest, AnswersAtOnceWhatHasArrivedWhole) {
  serve();
  Client client(path_);
  const std::string five = post("/now", "Content-Length: 5\r\n", "hello");
  client.send(five + get("/now/x") + five + post("/later", "Content-Length: 2\r\n", "ab") + five);
  std::string replies = client.read_until("ab");
  replies += client.read_until("at once hello");
  EXPECT_EQ(replies,
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nat once hello"
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n/now/x"
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nat once hello"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nat once hello");
  // In chunks it is a coroutine's; in two parts too, unless both are there when the first is read.
  client.send(post("/now", "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n0\r\n\r\n"));
  EXPECT_EQ(client.read_until("ab").find("at once"), std::string::npos);
  client.send(post("/now", "Content-Length: 5\r\n", "he"));
  client.send("llo");
  EXPECT_NE(client.read_until("hello").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, AnswersRequestsThatArriveByteByByte) {
  serve();
  Client client(path_);
  for (const char c : get("/now/slowly") + post("/later", "Content-Length: 5\r\n", "hello") +
                          post("/later", "Transfer-Encoding: chunked\r\n",
                               "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_NE(client.read_until("/now/slowly").find("200 OK"), std::string::npos);
  EXPECT_NE(client.read_until("hello").find("200 OK"), std::string::npos);
  EXPECT_NE(client.read_until("abcde").find("200 OK"), std::string::npos);
}

TEST_F(HttpServerTest, GivesEveryPlantOfTheGardenItsStatusAndCloses) {
  serve();
  int rejected_count = 0;
  for (const auto& plant : kRequestGarden) {
    Client client(path_);
    client.send(plant.request());
    if (plant.status == 200) client.send(get("/now/bye", "Connection: close\r\n"));
    const std::string reply = client.read_all();
    EXPECT_EQ(status_of(reply), "HTTP/1.1 " + std::to_string(plant.status)) << plant.name << "\n"
                                                                            << reply;
    if (plant.status == 200) continue;
    ++rejected_count;
    EXPECT_NE(reply.find("Connection: close\r\n\r\n{\"message\": \""), std::string::npos)
        << plant.name;
    EXPECT_EQ(reply.find("HTTP/1.1", 1), std::string::npos) << plant.name;
  }
  EXPECT_GE(rejected_count, 79);
  const auto& stats = server_->stats();
  EXPECT_EQ(stats.rejected_malformed + stats.rejected_head_too_large +
                stats.rejected_body_too_large + stats.rejected_unsupported + stats.rejected_timeout,
            static_cast<std::uint64_t>(rejected_count));
}

TEST_F(HttpServerTest, SendsNoBodyToHead) {
  serve();
  Client client(path_);
  client.send("HEAD /now/x HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" +
              get("/now/y"));
  const std::string replies = client.read_until("/now/y");
  EXPECT_EQ(replies.find("/now/x"), std::string::npos);
  EXPECT_EQ(replies.find("part"), std::string::npos);
}

TEST_F(HttpServerTest, StreamsInChunksWithLengthAndUntilClose) {
  serve();
  Client client(path_);
  client.send(get("/stream") + get("/stream-length"));
  EXPECT_EQ(client.read_until("0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
            "chunked\r\n\r\n5\r\npart\n\r\n5\r\npart\n\r\n5\r\npart\n\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_until("part\npart\npart\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\npart\npart\npart\n");
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_all(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\npart\npart\npart\n");
}

TEST_F(HttpServerTest, ClosesWhenAStreamedReplyStaysShort) {
  serve();
  Client client(path_);
  client.send(get("/stream-short"));
  EXPECT_EQ(client.read_all(), "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\npart\npart\n");
}

TEST_F(HttpServerTest, ServesLargeRepliesToSlowReaders) {
  serve();
  Client client(path_);
  client.send(get("/now/large") + get("/now/after") +
              get("/stream-large", "Connection: close\r\n"));
  std::this_thread::sleep_for(100ms);
  const std::string replies = client.read_all(20s);
  EXPECT_GT(replies.size(), TestService::kLargeBytes + 5'000'000);
  EXPECT_NE(replies.find("LHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n/now/afterHTTP/1.1 200"),
            std::string::npos);
  EXPECT_TRUE(replies.ends_with("\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, ClosesOnAClientThatDoesNotRead) {
  HttpServerLimits limits;
  limits.write_deadline = 100ms;
  serve(limits);
  Client quick(path_), streaming(path_);
  quick.send(get("/now/large"));
  streaming.send(get("/stream-large"));
  EXPECT_TRUE(eventually([&] { return server_->stats().requests_total == 2; }));
  EXPECT_TRUE(eventually([&] { return server_->stats().connections_open == 0; }));
  stop();
  EXPECT_EQ(service_.last_error, Errc::timed_out);
}

TEST_F(HttpServerTest, TimesOutSlowHeadsAndBodiesAndIdleConnections) {
  HttpServerLimits limits;
  limits.head_deadline = 100ms;
  limits.body_deadline = 100ms;
  limits.idle_deadline = 300ms;
  serve(limits);
  Client head(path_), body(path_), idle(path_), silent(path_);
  head.send("GET / HTTP/1.1\r\nHost:");
  body.send(post("/later", "Content-Length: 5\r\n", "he"));
  idle.send(get("/now/x"));
  EXPECT_EQ(status_of(head.read_all()), "HTTP/1.1 408");
  EXPECT_EQ(status_of(body.read_all()), "HTTP/1.1 408");
  EXPECT_TRUE(idle.read_all().ends_with("\r\n\r\n/now/x"));
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_EQ(server_->stats().rejected_timeout, 2u);
}

TEST_F(HttpServerTest, DoesNotLetASlowSenderStretchTheDeadline) {
  HttpServerLimits limits;
  limits.head_deadline = 200ms;
  serve(limits);
  Client client(path_);
  const Instant begin = MonotonicClock::now();
  for (int i = 0; i < 100 && !client.is_closed(); ++i) {
    client.send(i == 0 ? "GET / HTTP/1.1\r\n" : "X: y\r\n");
    if (!client.read_until("x", 10ms).empty()) break;
  }
  EXPECT_LT(MonotonicClock::now() - begin, 900ms);
}

TEST_F(HttpServerTest, RefusesHalfRequests) {
  serve();
  Client half(path_), nothing(path_), body(path_);
  half.send("GET / HTTP/1.1\r\nHo");
  half.finish_sending();
  EXPECT_EQ(status_of(half.read_all()), "HTTP/1.1 400");
  nothing.finish_sending();
  EXPECT_EQ(nothing.read_all(), "");
  body.send(post("/later", "Content-Length: 5\r\n", "he"));
  body.finish_sending();
  EXPECT_EQ(status_of(body.read_all()), "HTTP/1.1 400");
}

TEST_F(HttpServerTest, AnswersAClientThatHasFinishedSending) {
  serve();
  Client client(path_);
  client.send(get("/slow"));
  client.finish_sending();
  EXPECT_TRUE(client.read_all().ends_with("/slow"));
}

TEST_F(HttpServerTest, ContinuesOnlyWhenTheBodyIsWanted) {
  serve();
  Client wanted(path_), refused(path_);
  wanted.send(post("/later", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_EQ(wanted.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  wanted.send("hello" + get("/now/next"));
  EXPECT_NE(wanted.read_until("/now/next").find("\r\n\r\nhelloHTTP/1.1 200"), std::string::npos);
  refused.send(post("/deny", "Expect: 100-continue\r\nContent-Length: 5\r\n", ""));
  EXPECT_EQ(refused.read_all(),
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
}

TEST_F(HttpServerTest, ThrowsAwayAnUnreadBodyThatHasArrivedAndClosesOnALongerOne) {
  serve();
  Client small(path_), large(path_);
  small.send(post("/deny", "Content-Length: 5\r\n", "hello") + get("/now/next"));
  EXPECT_NE(small.read_until("/now/next").find("403"), std::string::npos);
  large.send(post("/deny", "Content-Length: 5000000\r\n", std::string(200'000, 'x')));
  EXPECT_EQ(status_of(large.read_all()), "HTTP/1.1 403");
}

TEST_F(HttpServerTest, ReadsLargeBodies) {
  serve();
  Client client(path_);
  const std::string body(3'000'000, 'b');
  std::thread sender([&] {
    client.send(post("/later", "Content-Length: 3000000\r\nConnection: close\r\n", body));
  });
  const std::string reply = client.read_all(20s);
  sender.join();
  EXPECT_TRUE(reply.ends_with("\r\n\r\n" + body));
}

TEST_F(HttpServerTest, SurvivesServicesThatThrowOrSayNothing) {
  serve();
  const auto escaped_before = coroutine_escaped_total();
  Client throwing(path_), silent(path_), fine(path_);
  throwing.send(get("/throws"));
  EXPECT_EQ(throwing.read_all(), "");
  EXPECT_TRUE(eventually([&] { return coroutine_escaped_total() == escaped_before + 1; }));
  silent.send(get("/nothing"));
  EXPECT_EQ(status_of(silent.read_all()), "HTTP/1.1 500");
  fine.send(get("/now/x"));
  EXPECT_NE(fine.read_until("/now/x"), "");
}

TEST_F(HttpServerTest, RefusesConnectionsOverTheLimitAndTakesThemLater) {
  HttpServerLimits limits;
  limits.connections_count_max = 3;
  serve(limits);
  {
    std::vector<std::unique_ptr<Client>> open;
    for (int i = 0; i < 3; ++i) {
      open.push_back(std::make_unique<Client>(path_));
      open.back()->send(get("/now/x"));
      EXPECT_EQ(status_of(open.back()->read_until("/now/x")), "HTTP/1.1 200");
    }
    Client over(path_);
    over.send(get("/now/x"));
    const std::string reply = over.read_all();
    EXPECT_EQ(status_of(reply), "HTTP/1.1 503");
    EXPECT_NE(reply.find("Retry-After: 1\r\n"), std::string::npos);
    EXPECT_EQ(server_->stats().connections_refused, 1u);
  }
  EXPECT_TRUE(eventually([&] { return server_->stats().connections_open == 0; }));
  Client again(path_);
  again.send(get("/now/x"));
  EXPECT_EQ(status_of(again.read_until("/now/x")), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, StaysUpWithoutDescriptors) {
  serve();
  Client before(path_);
  // Twice: the first answer may be sent before accept() is through, and a type that UBSan meets for the first time
  // costs it a descriptor.
  for (int i = 0; i < 2; ++i) {
    before.send(get("/now/x"));
    EXPECT_EQ(status_of(before.read_until("/now/x")), "HTTP/1.1 200");
  }
  // One socket made in advance, then no descriptor may be above what is open now: accept() meets EMFILE. The server is
  // at rest meanwhile: an accept() that is under way holds a descriptor even when nobody calls.
  const Descriptor probe(::dup(0));
  rlimit old_limit{};
  ::getrlimit(RLIMIT_NOFILE, &old_limit);
  Descriptor spare(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  std::vector<Descriptor> fillers;
  rlimit low = old_limit;
  low.rlim_cur = static_cast<rlim_t>(spare.get()) + 8;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  for (;;) {
    Descriptor filler(::dup(probe.get()));
    if (!filler) break;
    fillers.push_back(std::move(filler));
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::connect(spare.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  char bytes[64] = "";
  EXPECT_GT(::recv(spare.get(), bytes, sizeof bytes, 0), 0);
  EXPECT_EQ(std::string(bytes, 12), "HTTP/1.1 503");
  before.send(get("/now/y"));
  EXPECT_EQ(status_of(before.read_until("/now/y")), "HTTP/1.1 200");
  fillers.clear();
  ::setrlimit(RLIMIT_NOFILE, &old_limit);
  Client after(path_);
  after.send(get("/now/x"));
  EXPECT_EQ(status_of(after.read_until("/now/x")), "HTTP/1.1 200");
}

TEST_F(HttpServerTest, DrainsWithoutCuttingExchangesShort) {
  serve({}, 2);
  Client idle(path_), busy(path_);
  idle.send(get("/now/x"));
  EXPECT_NE(idle.read_until("/now/x"), "");
  busy.send(get("/slow"));
  EXPECT_TRUE(eventually([&] { return server_->stats().requests_total >= 1; }));
  std::this_thread::sleep_for(50ms);
  server_->stop_accepting();
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_FALSE(server_->is_drained());
  const std::string reply = busy.read_all();
  EXPECT_TRUE(reply.ends_with("Connection: close\r\n\r\n/slow")) << reply;
  // A lingering connection waits for the client's end.
  busy = Client(path_);
  EXPECT_FALSE(busy.is_connected());
  EXPECT_TRUE(eventually([&] { return server_->is_drained(); }));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(HttpServerTest, StopsInTheMiddleOfEverything) {
  serve({}, 2);
  Client slow(path_), streaming(path_), body(path_), idle(path_);
  slow.send(get("/slow"));
  streaming.send(get("/stream-large"));
  body.send(post("/later", "Content-Length: 5\r\n", "he"));
  std::this_thread::sleep_for(50ms);
  stop();  // the sanitizers say whether anything leaks or dangles
  EXPECT_TRUE(idle.read_all().empty());
}

TEST_F(HttpServerTest, ServesManyConnectionsOnSeveralThreads) {
  serve({}, 2);
  std::vector<std::thread> threads;
  std::atomic<int> good_count{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 25; ++i) clients.push_back(std::make_unique<Client>(path_));
      for (int round = 0; round < 10; ++round) {
        const std::string target =
            (round % 3 == 0 ? "/later/" : "/now/") + std::to_string(t * 100 + round);
        for (auto& client : clients) client->send(get(target));
        for (auto& client : clients)
          good_count += client->read_until(target).find("200 OK") != std::string::npos;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good_count, 1000);
}

}  // namespace
}  // namespace ghmesh::net
