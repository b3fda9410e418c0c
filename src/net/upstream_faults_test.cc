// SPDX-License-Identifier: Apache-2.0 OR MIT
// Misbehaving upstreams: whatever they do, the caller gets a complete answer or an error, and the connection is not
// used again.
#include <gtest/gtest.h>
#include <zlib.h>

#include "net/test_origin.h"
#include "net/test_run.h"
#include "net/upstream.h"

namespace ghmesh::net {
namespace {

using test::answer_with_length;
using test::Peer;
using test::run;
using test::TestOrigin;

constexpr std::size_t kBodyMax = 1 << 20;

std::string gzipped(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string input(text);
  std::string out(deflateBound(&stream, input.size()) + 32, '\0');
  stream.next_in = static_cast<Bytef*>(static_cast<void*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip_answer(std::string_view compressed, std::string_view coding = "gzip") {
  return answer_with_length(
      compressed, "ETag: W/\"weak\"\r\nContent-Encoding: " + std::string(coding) + "\r\n");
}

std::string repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";

// What an upstream writes before it closes, resets or falls silent.
enum class Then { close, reset, silence, drip };

struct Fault {
  std::string name;
  std::string bytes;
  Then then = Then::close;
  Errc expected = Errc::upstream_broken;
  bool concerns_streams = true;  // false: only the size of a whole answer is wrong
};

std::vector<Fault> head_faults() {
  return {
      {"NothingAtAll", ""},
      {"NothingAndReset", "", Then::reset},
      {"Silence", "", Then::silence, Errc::upstream_timeout},
      {"Garbage", "\x16\x03\x01 garbage\r\n\r\n"},
      {"NoStatusLine", "Content-Length: 2\r\n\r\nhi"},
      {"StatusIsAWord", "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nhi"},
      {"StatusTooSmall", "HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nhi"},
      {"StatusTooLarge", "HTTP/1.1 600 X\r\nContent-Length: 2\r\n\r\nhi"},
      {"StatusOfFourDigits", "HTTP/1.1 2000 X\r\nContent-Length: 2\r\n\r\nhi"},
      {"UnknownVersion", "HTTP/1.7 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
      {"HeadEndsEarly", kOk + "Content-Length: 2\r\nX-Half: "},
      {"HeadEndsInReset", kOk + "Content-Length: 2\r\n", Then::reset},
      {"HeadStops", kOk + "Content-Length: 2\r\n", Then::silence, Errc::upstream_timeout},
      {"HeadDrips", kOk + "X-Slow: ", Then::drip, Errc::upstream_timeout},
      {"FieldTooLong",
       kOk + "X-Long: " + std::string(40'000, 'x') + "\r\nContent-Length: 2\r\n\r\nhi"},
      {"HeadTooLong", kOk + repeated("X-Some: " + std::string(900, 'x') + "\r\n", 40) +
                          "Content-Length: 2\r\n\r\nhi"},
      {"TooManyFields", kOk + repeated("X: y\r\n", 200) + "Content-Length: 2\r\n\r\nhi"},
      {"InterimStorm",
       repeated("HTTP/1.1 100 Continue\r\n\r\n", 3000) + kOk + "Content-Length: 2\r\n\r\nhi"},
      {"InterimForEver", repeated("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 17),
       Then::silence},
      {"SwitchesProtocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhi"},
      {"FoldedField", kOk + "X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nhi"},
      {"BlankBeforeColon", kOk + "Content-Length : 2\r\n\r\nhi"},
      {"NoColon", kOk + "Content-Length 2\r\nContent-Length: 2\r\n\r\nhi"},
      {"NoName", kOk + ": v\r\nContent-Length: 2\r\n\r\nhi"},
      {"NulInField", kOk + std::string("X: a\0b\r\n", 8) + "Content-Length: 2\r\n\r\nhi"},
      {"BareReturnInField", kOk + "X: a\rb\r\nContent-Length: 2\r\n\r\nhi"},
      {"BareLineFeeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"},
      {"BareLineFeedInHead", kOk + "X: a\nContent-Length: 2\r\n\r\nhi"},
  };
}

std::vector<Fault> body_faults() {
  const std::string chunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";
  return {
      {"ShortBody", kOk + "Content-Length: 100\r\n\r\nshort"},
      {"ShortBodyAndReset", kOk + "Content-Length: 100\r\n\r\nshort", Then::reset},
      {"BodyStops", kOk + "Content-Length: 100\r\n\r\nshort", Then::silence,
       Errc::upstream_timeout},
      {"TwoLengths", kOk + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!"},
      {"LengthList", kOk + "Content-Length: 2, 2\r\n\r\nhi"},
      {"NegativeLength", kOk + "Content-Length: -2\r\n\r\nhi"},
      {"LengthWithWord", kOk + "Content-Length: 2x\r\n\r\nhi"},
      {"HugeLength", kOk + "Content-Length: 99999999999999999999\r\n\r\nhi"},
      {"LengthAndChunks",
       kOk + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
      {"UnknownTransferCoding",
       kOk + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
      {"TransferCodingTwice",
       kOk +
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"},
      {"ChunkSizeIsAWord", chunked + "zz\r\nhi\r\n0\r\n\r\n"},
      {"ChunkSizeIsNegative", chunked + "-2\r\nhi\r\n0\r\n\r\n"},
      {"ChunkSizeOverflows", chunked + "FFFFFFFFFFFFFFFFF\r\nhi\r\n0\r\n\r\n"},
      {"ChunkIsLongerThanItsSize", chunked + "2\r\nhiho\r\n0\r\n\r\n"},
      {"ChunksEndEarly", chunked + "2\r\nhi\r\n"},
      {"ChunkEndsEarly", chunked + "10\r\nhi"},
      {"ChunksEndWithoutTheLastLine", chunked + "2\r\nhi\r\n0\r\n"},
      {"ChunksStop", chunked + "2\r\nhi\r\n", Then::silence, Errc::upstream_timeout},
      {"ChunksEndInReset", chunked + "2\r\nhi\r\n", Then::reset},
      {"TrailersForEver",
       chunked + "2\r\nhi\r\n0\r\n" + repeated("X-Trailer: y\r\n", 2000) + "\r\n"},
      {"EndsWithTheConnection", kOk + "\r\nhi"},
      {"EndsWithAnOldConnection", "HTTP/1.0 200 OK\r\n\r\nhi"},
      {"TooLongByItsLength", kOk + "Content-Length: 9000000\r\n\r\n" + std::string(70'000, 'x'),
       Then::silence, Errc::upstream_too_large, false},
      {"TooLongInChunks", chunked + repeated("10000\r\n" + std::string(65536, 'x') + "\r\n", 20),
       Then::silence, Errc::upstream_too_large, false},
      {"BodyDrips", kOk + "Content-Length: 100000\r\n\r\nx", Then::drip, Errc::upstream_timeout,
       false},
  };
}

std::vector<Fault> coding_faults() {
  const std::string whole = gzipped(std::string(5000, 'j') + "{}");
  std::string corrupt = whole;
  corrupt[corrupt.size() - 6] = static_cast<char>(corrupt[corrupt.size() - 6] ^ 1);
  return {
      {"GzipEndsEarly", gzip_answer(whole.substr(0, whole.size() / 2))},
      {"GzipEndsBeforeItsChecksum", gzip_answer(whole.substr(0, whole.size() - 8))},
      {"GzipWithWrongChecksum", gzip_answer(corrupt)},
      {"GzipIsText", gzip_answer("{\"not\": \"gzip\"}")},
      {"GzipThenText", gzip_answer(whole + "{}")},
      {"CodingNotAskedFor", gzip_answer(whole, "br")},
      {"GzipTwice", gzip_answer(gzipped(whole), "gzip, gzip")},
      {"ZipBomb", gzip_answer(gzipped(std::string(64 << 20, '\0'))), Then::close,
       Errc::upstream_too_large, false},
      {"ZipBombInMembers", gzip_answer(repeated(gzipped(std::string(1 << 19, '\0')), 100)),
       Then::close, Errc::upstream_too_large, false},
  };
}

std::vector<Fault> all_faults() {
  std::vector<Fault> all = head_faults();
  for (auto& fault : body_faults()) all.push_back(fault);
  for (auto& fault : coding_faults()) all.push_back(fault);
  return all;
}

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class UpstreamFaultTest : public testing::TestWithParam<Fault> {
 protected:
  // The first request meets the fault, every other one a good answer.
  TestOrigin origin{[this](Peer& peer, const std::string& head) {
    if (head.find("/fault") == std::string::npos) return peer.write(answer_with_length("good"));
    peer.write(GetParam().bytes);
    if (GetParam().then == Then::reset) peer.reset();
    if (GetParam().then == Then::silence) peer.await_close();
    while (GetParam().then == Then::drip && peer.write("x"))
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return false;
  }};

  static UpstreamOptions options() {
    UpstreamOptions options;
    if (GetParam().expected != Errc::upstream_timeout) return options;
    options.head_deadline = 80ms;
    options.stall_deadline = 80ms;
    options.fetch_deadline = 200ms;
    return options;
  }
  UpstreamRequest request(std::string_view path) {
    UpstreamRequest request;
    request.url = origin.url(path);
    return request;
  }

  asio::io_context context;
};

TEST_P(UpstreamFaultTest, IsAnErrorOfAFetchAndTheNextOneIsFine) {
  Upstream upstream(options());
  auto answer = run(context, upstream.fetch(request("/fault"), kBodyMax));
  ASSERT_FALSE(answer) << answer->status << " " << answer->body_text().size() << " bytes";
  EXPECT_EQ(answer.error(), make_error_code(GetParam().expected)) << answer.error().message();
  auto next = run(context, upstream.fetch(request("/next"), kBodyMax));
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_EQ(next->body_text(), "good");
  EXPECT_EQ(upstream.stats().active_count, 0u);
}

TEST_P(UpstreamFaultTest, IsAnErrorOfAStreamAndNeverItsEnd) {
  if (!GetParam().concerns_streams) return;
  Upstream upstream(options());
  auto reading = [&]() -> awaitable<Result<std::size_t>> {
    auto stream = co_await upstream.open(request("/fault"));
    if (!stream) co_return stream.error();
    std::size_t bytes_count = 0;
    for (;;) {
      auto part = co_await (*stream)->read_some();
      if (!part) co_return part.error();
      if (part->empty()) co_return bytes_count;
      bytes_count += part->size();
    }
  };
  auto outcome = run(context, reading());
  ASSERT_FALSE(outcome) << *outcome << " bytes";
  EXPECT_EQ(outcome.error(), make_error_code(GetParam().expected)) << outcome.error().message();
}

INSTANTIATE_TEST_SUITE_P(Every, UpstreamFaultTest, testing::ValuesIn(all_faults()),
                         [](const auto& fault) { return fault.param.name; });

TEST(UpstreamFaults, BytesAfterTheEndBelongToNobody) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"}) {
    std::atomic<int> served_count{0};
    TestOrigin origin([&](Peer& peer, const std::string&) {
      if (served_count++ > 0) return peer.write(answer_with_length("second"));
      return peer.write(answer +
                        std::string("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"));
    });
    asio::io_context context;
    Upstream upstream({});
    UpstreamRequest request;
    request.url = origin.url();
    auto first = run(context, upstream.fetch(request, kBodyMax));
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_EQ(first->body_text(), first->status == 200 ? "hi" : "");
    auto second = run(context, upstream.fetch(request, kBodyMax));
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(second->body_text(), "second") << answer;
  }
}

TEST(UpstreamFaults, AConnectionIsNotUsedAgainAfterWhatWasRefused) {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
                             "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: "
                             "chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nhi",
                             "HTTP/1.1 600 OK\r\nContent-Length: 2\r\n\r\nhi"}) {
    std::atomic<int> served_count{0};
    TestOrigin origin([&](Peer& peer, const std::string&) {
      return peer.write(served_count++ == 0 ? answer : answer_with_length("second"));
    });
    asio::io_context context;
    Upstream upstream({});
    UpstreamRequest request;
    request.url = origin.url();
    EXPECT_FALSE(run(context, upstream.fetch(request, kBodyMax))) << answer;
    EXPECT_TRUE(run(context, upstream.fetch(request, kBodyMax))) << answer;
    EXPECT_EQ(origin.connections_count(), 2) << answer;
  }
}

TEST(UpstreamFaults, AnAnswerBeforeTheEndOfTheUploadIsGiven) {
  TestOrigin origin([&](Peer& peer, const std::string&) {
    peer.write(
        "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    peer.read(100'000);
    return false;
  });
  asio::io_context context;
  Upstream upstream({});
  UpstreamRequest request;
  request.url = origin.url();
  request.method = "POST";
  const std::string part(10'000, 'u');
  request.body_source = [&]() -> awaitable<Result<std::string_view>> {
    co_await test::pause_for(1ms);
    co_return std::string_view(part);
  };
  auto asking = upstream.open(std::move(request));
  auto stream = run(context, std::move(asking));
  ASSERT_TRUE(stream) << stream.error().message();
  EXPECT_EQ((*stream)->status(), 413);
}

TEST(UpstreamFaults, ARefusedConnectionIsUnreachable) {
  asio::io_context context;
  std::string url;
  {
    const TestOrigin gone([](Peer&, const std::string&) { return false; });
    url = gone.url();
  }
  Upstream upstream({});
  for (const std::string& target : {url, std::string("http://name.invalid/")}) {
    UpstreamRequest request;
    request.url = target;
    auto answer = run(context, upstream.fetch(request, kBodyMax));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_unreachable)) << target;
  }
  EXPECT_EQ(upstream.stats().failed_unreachable, 2u);
}

TEST(UpstreamFaults, AConnectionThatTakesForEverTimesOut) {
  const test::SilentAddress silent;
  asio::io_context context;
  Upstream upstream({.connect_deadline = 100ms});
  UpstreamRequest request;
  request.url = silent.url();
  auto answer = run(context, upstream.fetch(request, kBodyMax));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), make_error_code(Errc::upstream_timeout));
}

TEST(UpstreamFaults, AWaitForAPlaceTimesOut) {
  TestOrigin origin([](Peer& peer, const std::string&) {
    peer.await_close();
    return false;
  });
  asio::io_context context;
  Upstream upstream({.concurrent_count_max = 1, .head_deadline = 100ms});
  int timeouts_count = 0;
  const auto ask = [&]() -> awaitable<void> {
    UpstreamRequest request;
    request.url = origin.url();
    auto answer = co_await upstream.fetch(std::move(request), kBodyMax);
    if (!answer && answer.error() == make_error_code(Errc::upstream_timeout)) ++timeouts_count;
  };
  for (int i = 0; i < 3; ++i) asio::co_spawn(context, ask(), asio::detached);
  context.run();
  EXPECT_EQ(timeouts_count, 3);
}

TEST(UpstreamFaults, GzipIsDecodedForTheCallerWhoAsksForIt) {
  const std::string body = std::string(300'000, 'g') + "end";
  TestOrigin origin([&](Peer& peer, const std::string& head) {
    EXPECT_NE(head.find("Accept-Encoding: gzip\r\n"), std::string::npos);
    return peer.write(gzip_answer(gzipped(body)));
  });
  asio::io_context context;
  Upstream upstream({});
  UpstreamRequest request;
  request.url = origin.url();
  auto fetched = run(context, upstream.fetch(request, kBodyMax));
  ASSERT_TRUE(fetched) << fetched.error().message();
  EXPECT_EQ(fetched->body_text(), body);
  EXPECT_EQ(fetched->headers, (http::Headers{{"ETag", "W/\"weak\""}}));

  request.encoding = Encoding::as_is;
  request.headers.add("Accept-Encoding", "gzip");
  auto untouched = run(context, upstream.fetch(request, kBodyMax));
  ASSERT_TRUE(untouched);
  EXPECT_EQ(untouched->body_text(), gzipped(body));
  EXPECT_EQ(untouched->headers.get("content-encoding"), "gzip");
}

TEST(UpstreamFaults, AZipBombReachesAStreamInBoundedParts) {
  TestOrigin origin([&](Peer& peer, const std::string&) {
    return peer.write(gzip_answer(gzipped(std::string(32 << 20, '\0'))));
  });
  asio::io_context context;
  Upstream upstream({});
  auto reading = [&]() -> awaitable<Result<std::size_t>> {
    UpstreamRequest request;
    request.url = origin.url();
    auto stream = co_await upstream.open(std::move(request));
    if (!stream) co_return stream.error();
    std::size_t bytes_count = 0;
    for (;;) {
      auto part = co_await (*stream)->read_some();
      if (!part) co_return part.error();
      if (part->empty()) co_return bytes_count;
      EXPECT_LE(part->size(), 256u * 1024);
      bytes_count += part->size();
    }
  };
  auto outcome = run(context, reading());
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(*outcome, 32u << 20);
}

}  // namespace
}  // namespace ghmesh::net
