// SPDX-License-Identifier: Apache-2.0 OR MIT
// What Upstream sends, gives back, bounds and cancels; upstream_faults_test.cc has the misbehaving upstreams.
#include "net/upstream.h"

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>

#include "net/test_origin.h"
#include "net/test_run.h"

namespace ghmesh::net {
namespace {

using test::answer_with_length;
using test::Peer;
using test::run;
using test::TestOrigin;

constexpr std::size_t kBodyMax = 1 << 20;

// Closed until opened: makes "at the same time" a fact instead of a race.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [this] { return is_open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

UpstreamRequest request_of(std::string url) {
  UpstreamRequest request;
  request.url = std::move(url);
  return request;
}

// The N of "GET /N HTTP/1.1".
std::size_t path_number(const std::string& head) {
  const auto number = parse_decimal(head.substr(5, head.find(' ', 5) - 5));
  GHMESH_CHECK(number);
  return *number;
}

awaitable<Result<std::string>> read_all(UpstreamStream& stream) {
  std::string all;
  for (;;) {
    auto part = co_await stream.read_some();
    if (!part) co_return part.error();
    if (part->empty()) co_return all;
    all += *part;
  }
}

struct UpstreamTest : testing::Test {
  asio::io_context context;

  Result<http::Answer> fetch(Upstream& upstream, UpstreamRequest request,
                             std::size_t body_bytes_max = kBodyMax) {
    return run(context, upstream.fetch(std::move(request), body_bytes_max));
  }
  Result<std::unique_ptr<UpstreamStream>> open(Upstream& upstream, UpstreamRequest request) {
    return run(context, upstream.open(std::move(request)));
  }
};

TEST_F(UpstreamTest, SendsExactlyTheGivenFieldsAndNothingElse) {
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("hello")); });
  Upstream upstream({});
  UpstreamRequest request = request_of(origin.url("/user?per_page=1"));
  request.encoding = Encoding::as_is;
  auto answer = fetch(upstream, std::move(request));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body_text(), "hello");
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  EXPECT_EQ(origin.heads().at(0), "GET /user?per_page=1 HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
}

TEST_F(UpstreamTest, SendsTheCallersFieldsInOrderAndTheAuthorizationFromTheSecret) {
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("{}")); });
  Upstream upstream({});
  UpstreamRequest request = request_of(origin.url("/x/../y"));
  request.headers.add("Accept", "");
  request.headers.add("X-GitHub-Api-Version", "2022-11-28");
  request.headers.add("Accept-Encoding", "br");
  request.headers.add("Host", "evil.example");
  request.headers.add("Authorization", "token leaked");
  request.headers.add("Connection", "close");
  request.headers.add("Transfer-Encoding", "chunked");
  request.headers.add("Content-Length", "7");
  request.authorization = crypto::Secret("token abc");
  ASSERT_TRUE(fetch(upstream, std::move(request)));
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  EXPECT_EQ(origin.heads().at(0), "GET /x/../y HTTP/1.1\r\nHost: " + host +
                                      "\r\nAccept:\r\nX-GitHub-Api-Version: 2022-11-28\r\n"
                                      "Accept-Encoding: gzip\r\nAuthorization: token abc\r\n\r\n");
}

TEST_F(UpstreamTest, RefusesRequestsThatWouldSayMoreThanOneLine) {
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("")); });
  Upstream upstream({});
  std::vector<UpstreamRequest> requests;
  for (const char* value : {"a\r\nX: y", "a\nX: y", "a\x7f", "a\rb"}) {
    requests.push_back(request_of(origin.url()));
    requests.back().headers.add("X", value);
  }
  for (const char* name : {"", "a b", "a:b", "a\r\nb"}) {
    requests.push_back(request_of(origin.url()));
    requests.back().headers.add(name, "v");
  }
  for (const char* method : {"", "GET /", "CONNECT", "G\r\nX:"}) {
    requests.push_back(request_of(origin.url()));
    requests.back().method = method;
  }
  for (const char* url : {"", "/relative", "ftp://127.0.0.1/", "file:///etc/passwd", "http://a b/",
                          "http://a/\r\nX: y"})
    requests.push_back(request_of(url));
  requests.push_back(
      request_of("http://user:pass@127.0.0.1:" + std::to_string(origin.port()) + "/"));
  requests.push_back(request_of(origin.url()));
  requests.back().authorization = crypto::Secret("token a\r\nX: y");
  for (UpstreamRequest& request : requests) {
    const std::string described = request.method + " " + request.url;
    auto answer = fetch(upstream, std::move(request));
    ASSERT_FALSE(answer) << described;
    EXPECT_EQ(answer.error(), make_error_code(Errc::malformed)) << described;
  }
  EXPECT_TRUE(origin.heads().empty());
}

TEST_F(UpstreamTest, GivesTheFieldsAsTheyCameWithoutThoseOfTheConnection) {
  TestOrigin origin([](Peer& peer, const std::string&) {
    return peer.write(
        "HTTP/1.1 103 Early Hints\r\nLink: </early>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nX-One: a\r\nx-ONE: b\r\nETag: W/\"x\"\r\nKeep-Alive: timeout=5\r\n"
        "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nX-Trailer: t\r\n\r\n");
  });
  Upstream upstream({});
  auto answer = fetch(upstream, request_of(origin.url()));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body_text(), "hello");
  EXPECT_EQ(answer->headers, (http::Headers{{"X-One", "a"}, {"x-ONE", "b"}, {"ETag", "W/\"x\""}}));
}

TEST_F(UpstreamTest, ReusesItsConnection) {
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("x")); });
  Upstream upstream({});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(fetch(upstream, request_of(origin.url())));
  EXPECT_EQ(origin.connections_count(), 1);
  EXPECT_EQ(upstream.stats().connections_total, 1u);
  EXPECT_EQ(upstream.stats().requests_total, 20u);
  EXPECT_EQ(upstream.stats().answers_total, 20u);
  EXPECT_GT(upstream.stats().received_bytes_total, 20u * 30);
  EXPECT_GT(upstream.stats().sent_bytes_total, 20u * 30);
}

TEST_F(UpstreamTest, KnowsAnswersThatHaveNoBody) {
  TestOrigin origin([](Peer& peer, const std::string& head) {
    if (head.starts_with("HEAD"))
      return peer.write("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n");
    if (head.starts_with("DELETE")) return peer.write("HTTP/1.1 204 No Content\r\n\r\n");
    return peer.write("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nContent-Length: 77\r\n\r\n");
  });
  Upstream upstream({});
  for (const char* method : {"GET", "HEAD", "DELETE", "GET"}) {
    UpstreamRequest request = request_of(origin.url());
    request.method = method;
    auto answer = fetch(upstream, std::move(request));
    ASSERT_TRUE(answer) << method << answer.error().message();
    EXPECT_EQ(answer->body_text(), "");
  }
  EXPECT_EQ(origin.connections_count(), 1);
}

TEST_F(UpstreamTest, DoesNotFollowRedirectsNorTellAnotherHostTheToken) {
  TestOrigin second(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("stolen")); });
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    TestOrigin first([&](Peer& peer, const std::string&) {
      return peer.write("HTTP/1.1 " + std::string(status) + " Moved\r\nLocation: " +
                        second.url("/next") + "\r\nRefresh: 0; url=" + second.url() +
                        "\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    });
    Upstream upstream({});
    UpstreamRequest request = request_of(first.url());
    request.authorization = crypto::Secret("token canary");
    auto answer = fetch(upstream, std::move(request));
    ASSERT_TRUE(answer);
    EXPECT_EQ(std::to_string(answer->status), status);
    EXPECT_EQ(answer->headers.get("location"), second.url("/next"));
    // Nor is the cookie sent back.
    ASSERT_TRUE(fetch(upstream, request_of(first.url())));
    EXPECT_EQ(first.heads().at(1).find("ookie"), std::string::npos);
    EXPECT_EQ(first.heads().at(1).find("canary"), std::string::npos);
  }
  EXPECT_EQ(second.connections_count(), 0);
}

TEST_F(UpstreamTest, TakesNoProxyFromTheEnvironment) {
  TestOrigin proxy(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("proxied")); });
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write(answer_with_length("direct")); });
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"})
    ::setenv(name, proxy.url().c_str(), 1);
  Upstream upstream({});
  auto direct = fetch(upstream, request_of(origin.url()));
  ::setenv("no_proxy", "*", 1);
  Upstream configured({.proxy = proxy.url()});
  auto proxied = fetch(configured, request_of(origin.url()));
  for (const char* name : {"http_proxy", "https_proxy", "ALL_PROXY", "all_proxy", "no_proxy"})
    ::unsetenv(name);
  ASSERT_TRUE(direct);
  EXPECT_EQ(direct->body_text(), "direct");
  ASSERT_TRUE(proxied);
  EXPECT_EQ(proxied->body_text(), "proxied");
}

TEST_F(UpstreamTest, BoundsTheBodyOfAFetchExactly) {
  TestOrigin origin([](Peer& peer, const std::string& head) {
    const std::string body(head.find("/fits") != std::string::npos ? 1000 : 1001, 'b');
    if (head.find("chunked") == std::string::npos) return peer.write(answer_with_length(body));
    return peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + body +
                      "\r\n0\r\n\r\n");
  });
  Upstream upstream({});
  for (const Encoding encoding : {Encoding::as_is, Encoding::decode}) {
    for (const char* path : {"/fits", "/over", "/over/chunked"}) {
      UpstreamRequest request = request_of(origin.url(path));
      request.encoding = encoding;
      auto answer = fetch(upstream, std::move(request), 1000);
      EXPECT_EQ(answer.has_value(), std::string_view(path) == "/fits");
      if (answer) continue;
      EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_too_large));
    }
  }
}

TEST_F(UpstreamTest, KeepsToItsLimitOfConcurrentRequestsAndServesTheWaitingInOrder) {
  std::atomic<std::size_t> now_count{0};
  std::atomic<std::size_t> max_count{0};
  std::atomic<std::size_t> answered_count{0};
  std::atomic<std::size_t> early_count{0};
  TestOrigin origin([&](Peer& peer, const std::string& head) {
    const std::size_t count = ++now_count;
    std::size_t seen = max_count;
    while (seen < count && !max_count.compare_exchange_weak(seen, count)) {
    }
    // The five that are under way race each other for as long as they like. But whoever comes has nobody before it who
    // still waits: of all earlier requests, at most the other four are not answered.
    if (path_number(head) > answered_count + 4) ++early_count;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    --now_count;
    ++answered_count;
    return peer.write(answer_with_length("x"));
  });
  Upstream upstream({.concurrent_count_max = 5});
  int answers_count = 0;
  const auto ask = [&](int index) -> awaitable<void> {
    auto answer =
        co_await upstream.fetch(request_of(origin.url("/" + std::to_string(index))), kBodyMax);
    EXPECT_TRUE(answer);
    ++answers_count;
  };
  for (int i = 0; i < 200; ++i) asio::co_spawn(context, ask(i), asio::detached);
  context.run();
  EXPECT_EQ(answers_count, 200);
  EXPECT_EQ(max_count, 5u);
  EXPECT_EQ(origin.connections_count(), 5);
  EXPECT_EQ(early_count, 0u);
  EXPECT_EQ(upstream.stats().waiting_count, 0u);
  EXPECT_EQ(upstream.stats().active_count, 0u);
}

TEST_F(UpstreamTest, RefusesMoreWaitersThanItsLimit) {
  std::array<Gate, 4> gates;  // one for each round
  TestOrigin origin([&](Peer& peer, const std::string& head) {
    gates.at(path_number(head)).pass();
    return peer.write(answer_with_length("x"));
  });
  Upstream upstream({.concurrent_count_max = 2, .waiting_count_max = 3});
  int answers_count = 0;
  int refused_count = 0;
  const auto ask = [&](std::size_t round) -> awaitable<void> {
    auto answer =
        co_await upstream.fetch(request_of(origin.url("/" + std::to_string(round))), kBodyMax);
    if (answer) ++answers_count;
    if (!answer && answer.error() == make_error_code(Errc::limit_reached)) ++refused_count;
    if (refused_count == 5) gates[round].open();
  };
  // Again and again: whoever was refused leaves no trace in the count of those who are in.
  for (std::size_t round = 0; round < gates.size(); ++round) {
    answers_count = refused_count = 0;
    for (int i = 0; i < 10; ++i) asio::co_spawn(context, ask(round), asio::detached);
    context.restart();
    context.run();
    ASSERT_EQ(answers_count, 5);
    ASSERT_EQ(refused_count, 5);
  }
  EXPECT_EQ(upstream.stats().failed_limit_reached, 20u);
  EXPECT_EQ(upstream.stats().cancelled_total, 0u);
}

TEST_F(UpstreamTest, KeepsMemoryBoundedWhenTheReaderOfAStreamIsSlow) {
  constexpr std::uint64_t kTotalBytes = 200ull << 20;
  std::atomic<std::uint64_t> written_bytes{0};
  TestOrigin origin([&](Peer& peer, const std::string&) {
    std::string block(1 << 16, '\0');
    if (!peer.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kTotalBytes) +
                    "\r\n\r\n"))
      return false;
    for (std::uint64_t at = 0; at < kTotalBytes; at += block.size()) {
      block.assign(block.size(), static_cast<char>('a' + at / block.size() % 26));
      if (!peer.write(block)) return false;
      written_bytes += block.size();
    }
    return true;
  });
  Upstream upstream({.stream_buffer_bytes = 256 * 1024});
  auto stream = open(upstream, request_of(origin.url()));
  ASSERT_TRUE(stream);
  // Nobody reads: the origin gets no further than the buffers of the sockets and ours.
  run(context, [](Duration duration) -> awaitable<bool> {
    co_await test::pause_for(duration);
    co_return true;
  }(300ms));
  EXPECT_LT(written_bytes, 32u << 20);
  std::uint64_t read_bytes = 0;
  bool is_in_order = true;
  auto reading = [&]() -> awaitable<bool> {
    for (;;) {
      auto part = co_await (*stream)->read_some();
      if (!part) co_return false;
      if (part->empty()) co_return true;
      for (std::size_t i = 0; i < part->size(); i += 4096)
        is_in_order =
            is_in_order && (*part)[i] == static_cast<char>('a' + (read_bytes + i) / 65536 % 26);
      read_bytes += part->size();
    }
  };
  EXPECT_TRUE(run(context, reading()));
  EXPECT_EQ(read_bytes, kTotalBytes);
  EXPECT_TRUE(is_in_order);
  EXPECT_GE(upstream.stats().buffer_bytes_high_water, 256u * 1024);
  EXPECT_LE(upstream.stats().buffer_bytes_high_water, (256u + 128) * 1024);
}

TEST_F(UpstreamTest, LetsASlowReaderTakeLongerThanTheStallDeadline) {
  TestOrigin origin([](Peer& peer, const std::string&) {
    return peer.write(answer_with_length(std::string(3 << 20, 'x')));
  });
  Upstream upstream({.stall_deadline = 100ms, .stream_buffer_bytes = 64 * 1024});
  auto stream = open(upstream, request_of(origin.url()));
  ASSERT_TRUE(stream);
  auto reading = [&]() -> awaitable<Result<std::string>> {
    co_await test::pause_for(400ms);
    auto rest = co_await read_all(**stream);
    co_return rest;
  };
  auto body = run(context, reading());
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(body->size(), 3u << 20);
}

TEST_F(UpstreamTest, SendsAWholeBodyWithItsLength) {
  std::string received;
  TestOrigin origin([&](Peer& peer, const std::string&) {
    received = peer.read(300'000);
    return peer.write("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}");
  });
  Upstream upstream({});
  UpstreamRequest request = request_of(origin.url());
  request.method = "POST";
  request.headers.add("Content-Type", "application/json");
  request.body.assign(300'000, 'q');
  auto answer = fetch(upstream, std::move(request));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(received, std::string(300'000, 'q'));
  const std::string host = "127.0.0.1:" + std::to_string(origin.port());
  EXPECT_EQ(origin.heads().at(0),
            "POST / HTTP/1.1\r\nHost: " + host +
                "\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n"
                "Content-Length: 300000\r\n\r\n");
}

TEST_F(UpstreamTest, SaysThatTheBodyOfAMutationIsEmpty) {
  TestOrigin origin(
      [](Peer& peer, const std::string&) { return peer.write("HTTP/1.1 204 No Content\r\n\r\n"); });
  Upstream upstream({});
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    UpstreamRequest request = request_of(origin.url());
    request.method = method;
    ASSERT_TRUE(fetch(upstream, std::move(request)));
    const bool names_length =
        origin.heads().back().find("Content-Length: 0\r\n") != std::string::npos;
    EXPECT_EQ(names_length, std::string_view(method) != "DELETE");
    EXPECT_EQ(origin.heads().back().find("Content-Type"), std::string::npos);
    EXPECT_TRUE(origin.heads().back().starts_with(method));
  }
}

// A source of `total` bytes that sometimes has to wait, as a client that sends slowly.
std::function<awaitable<Result<std::string_view>>()> slow_source(std::string& part,
                                                                 std::size_t& left_bytes) {
  return [&]() -> awaitable<Result<std::string_view>> {
    if (left_bytes % 3 == 0) co_await test::pause_for(1ms);
    part.assign(std::min<std::size_t>(left_bytes, 50'001), 'u');
    left_bytes -= part.size();
    co_return std::string_view(part);
  };
}

TEST_F(UpstreamTest, StreamsAnUploadWithKnownAndUnknownLength) {
  for (const bool has_length : {true, false}) {
    std::size_t left_bytes = 5'000'000;
    std::string received;
    TestOrigin origin([&](Peer& peer, const std::string&) {
      received = has_length ? peer.read(5'000'000) : peer.read_chunked();
      return peer.write(answer_with_length("done"));
    });
    Upstream upstream({});
    std::string part;
    UpstreamRequest request = request_of(origin.url("/upload"));
    request.method = "POST";
    request.body_source = slow_source(part, left_bytes);
    if (has_length) request.body_bytes = left_bytes;
    auto stream = open(upstream, std::move(request));
    ASSERT_TRUE(stream) << stream.error().message();
    auto body = run(context, read_all(**stream));
    ASSERT_TRUE(body);
    EXPECT_EQ(*body, "done");
    EXPECT_EQ(received.size(), 5'000'000u);
    EXPECT_EQ(received.find_first_not_of('u'), std::string::npos);
    const std::string head = origin.heads().at(0);
    EXPECT_NE(
        head.find(has_length ? "Content-Length: 5000000\r\n" : "Transfer-Encoding: chunked\r\n"),
        std::string::npos);
  }
}

TEST_F(UpstreamTest, RefusesAnUploadThatIsNotAsLongAsItPromised) {
  for (const std::size_t promised : {100'000u, 300'000u}) {
    std::size_t left_bytes = 200'000;
    TestOrigin origin([&](Peer& peer, const std::string&) {
      peer.await_close();
      return false;
    });
    Upstream upstream({});
    std::string part;
    UpstreamRequest request = request_of(origin.url());
    request.method = "PUT";
    request.body_source = slow_source(part, left_bytes);
    request.body_bytes = promised;
    auto stream = open(upstream, std::move(request));
    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error(), make_error_code(Errc::malformed));
  }
}

TEST_F(UpstreamTest, GivesTheErrorOfTheSourceOfAnUpload) {
  TestOrigin origin([&](Peer& peer, const std::string&) {
    peer.await_close();
    return false;
  });
  Upstream upstream({});
  UpstreamRequest request = request_of(origin.url());
  request.method = "POST";
  request.body_source = []() -> awaitable<Result<std::string_view>> { co_return Errc::truncated; };
  auto stream = open(upstream, std::move(request));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error(), make_error_code(Errc::truncated));
}

TEST_F(UpstreamTest, DoesNotRepeatAMutationWhoseConnectionDied) {
  // The first request keeps the connection; the second is read and then dropped without a byte of an answer.
  for (const std::size_t body_bytes : {0u, 10u, 100'000u}) {
    std::atomic<int> posts_count{0};
    TestOrigin origin([&](Peer& peer, const std::string& head) {
      if (head.starts_with("GET")) return peer.write(answer_with_length("x"));
      ++posts_count;
      peer.read(body_bytes);
      return false;
    });
    Upstream upstream({});
    ASSERT_TRUE(fetch(upstream, request_of(origin.url())));
    UpstreamRequest request = request_of(origin.url());
    request.method = "POST";
    request.body.assign(body_bytes, 'p');
    auto answer = fetch(upstream, std::move(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_broken));
    EXPECT_EQ(posts_count, 1);
  }
}

TEST_F(UpstreamTest, RepeatsAGetWhoseIdleConnectionHadClosed) {
  std::atomic<int> served_count{0};
  TestOrigin origin([&](Peer& peer, const std::string&) {
    peer.write(answer_with_length("x"));
    return ++served_count % 2 == 0;  // closes after the first of two
  });
  Upstream upstream({});
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(fetch(upstream, request_of(origin.url())));
}

// --- Cancelling.

enum class Phase { waiting_for_a_place, connecting, head, body, paused, uploading };

class UpstreamCancelTest : public testing::TestWithParam<Phase> {};

TEST_P(UpstreamCancelTest, EndsTheTransferAndResumesTheCaller) {
  const Phase phase = GetParam();
  asio::io_context context;
  std::atomic<bool> has_closed{false};
  TestOrigin origin([&](Peer& peer, const std::string&) {
    if (phase == Phase::body) peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    if (phase == Phase::paused)
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(200'000, 'x'));
    peer.await_close();
    has_closed = true;
    return false;
  });
  const test::SilentAddress silent;
  UpstreamOptions options;
  options.stream_buffer_bytes = 1000;
  if (phase == Phase::waiting_for_a_place) options.concurrent_count_max = 1;
  Upstream upstream(options);
  std::string url = origin.url();
  if (phase == Phase::connecting) url = silent.url();
  asio::cancellation_signal signal;
  bool has_ended = false;
  auto asking = [&]() -> awaitable<void> {
    UpstreamRequest request = request_of(url);
    if (phase == Phase::uploading) {
      request.method = "POST";
      request.body_source = []() -> awaitable<Result<std::string_view>> {
        co_await test::pause_for(1ms);
        co_return std::string_view("part");
      };
    }
    auto stream = co_await upstream.open(std::move(request));
    if (phase == Phase::body || phase == Phase::paused) {
      EXPECT_TRUE(stream);
      if (phase == Phase::paused) co_await test::pause_for(10s);
      auto body = co_await read_all(**stream);
      EXPECT_FALSE(body);
    } else {
      EXPECT_FALSE(stream);
    }
  };
  std::optional<asio::cancellation_signal> first;
  if (phase == Phase::waiting_for_a_place) {
    first.emplace();
    asio::co_spawn(context, asking(), asio::bind_cancellation_slot(first->slot(), asio::detached));
  }
  auto done = [&](std::exception_ptr) { has_ended = true; };
  asio::co_spawn(context, asking(), asio::bind_cancellation_slot(signal.slot(), done));
  context.run_for(std::chrono::milliseconds(150));
  EXPECT_FALSE(has_ended);
  EXPECT_EQ(upstream.stats().waiting_count, phase == Phase::waiting_for_a_place ? 1u : 0u);
  EXPECT_EQ(upstream.stats().active_count, 1u);
  signal.emit(asio::cancellation_type::terminal);
  if (first) first->emit(asio::cancellation_type::terminal);
  context.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(has_ended);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (upstream.stats().cancelled_total < (first ? 2u : 1u) &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(upstream.stats().cancelled_total, first ? 2u : 1u);
  EXPECT_EQ(upstream.stats().active_count, 0u);
  while (phase != Phase::connecting && !has_closed && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(has_closed, phase != Phase::connecting);
}

INSTANTIATE_TEST_SUITE_P(EveryPhase, UpstreamCancelTest,
                         testing::Values(Phase::waiting_for_a_place, Phase::connecting, Phase::head,
                                         Phase::body, Phase::paused, Phase::uploading));

TEST_F(UpstreamTest, IsDestroyedWithTransfersUnderWay) {
  TestOrigin origin([](Peer& peer, const std::string& head) {
    if (head.find("/body") != std::string::npos)
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    peer.await_close();
    return false;
  });
  auto upstream = std::make_unique<Upstream>(UpstreamOptions{.concurrent_count_max = 20});
  int cancelled_count = 0;
  const auto ask = [&](int index) -> awaitable<void> {
    auto stream =
        co_await upstream->open(request_of(origin.url(index % 2 == 0 ? "/body" : "/head")));
    if (!stream) {
      EXPECT_EQ(stream.error(), make_error_code(Errc::cancelled));
      ++cancelled_count;
      co_return;
    }
    auto body = co_await read_all(**stream);
    EXPECT_FALSE(body);
    if (!body && body.error() == make_error_code(Errc::cancelled)) ++cancelled_count;
  };
  for (int i = 0; i < 60; ++i) asio::co_spawn(context, ask(i), asio::detached);
  context.run_for(std::chrono::milliseconds(100));
  upstream.reset();
  context.run();
  EXPECT_EQ(cancelled_count, 60);
}

TEST_F(UpstreamTest, LeavesNothingBehindWhenTheContextGoesWithCoroutinesWaiting) {
  TestOrigin origin([](Peer& peer, const std::string&) {
    peer.await_close();
    return false;
  });
  auto dying = std::make_unique<asio::io_context>();
  auto upstream = std::make_unique<Upstream>(UpstreamOptions{});
  const auto ask = [&]() -> awaitable<void> {
    auto answer = co_await upstream->fetch(request_of(origin.url()), kBodyMax);
    EXPECT_FALSE(answer) << "never reached";
  };
  for (int i = 0; i < 10; ++i) asio::co_spawn(*dying, ask(), asio::detached);
  dying->run_for(std::chrono::milliseconds(50));
  upstream.reset();
  dying.reset();  // the address sanitizer would find what is leaked or used afterwards
}

TEST_F(UpstreamTest, ServesManyThreadsAtOnce) {
  TestOrigin origin([](Peer& peer, const std::string&) {
    return peer.write(answer_with_length(std::string(2000, 'x')));
  });
  std::array<asio::io_context, 4> contexts;
  Upstream upstream({.concurrent_count_max = 10});
  std::atomic<int> answers_count{0};
  std::vector<std::thread> threads;
  for (asio::io_context& own : contexts) {
    threads.emplace_back([&] {
      const auto ask = [&]() -> awaitable<void> {
        for (int round = 0; round < 25; ++round) {
          auto answer = co_await upstream.fetch(request_of(origin.url()), kBodyMax);
          if (answer && answer->body_text().size() == 2000) ++answers_count;
        }
      };
      for (int k = 0; k < 4; ++k) asio::co_spawn(own, ask(), asio::detached);
      own.run();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answers_count, 400);
}

}  // namespace
}  // namespace ghmesh::net
