// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "net/request_garden.h"

namespace ghmesh::net {
namespace {

using Outcome = BodyDecoder::Outcome;
constexpr std::uint64_t kBodyBytesMax = 1 << 20;

http::RequestHead chunked_head() {
  http::RequestHead head;
  head.is_chunked = true;
  return head;
}

// Feeds the input in pieces of this size. The body, then "|" and how it ended.
std::string decode(const http::RequestHead& head, std::string_view input, std::size_t piece_bytes) {
  BodyDecoder decoder(head, kBodyBytesMax);
  std::string body;
  std::size_t at = 0;
  for (;;) {
    const auto step = decoder.decode(input.substr(at, piece_bytes));
    at += step.consumed_bytes;
    body += step.part;
    if (step.outcome == Outcome::end) return body + "|end" + std::to_string(input.size() - at);
    if (step.outcome == Outcome::rejected)
      return body + "|" + std::to_string(decoder.rejection().status);
    if (step.outcome == Outcome::needs_more && at == input.size()) return body + "|more";
  }
}

TEST(BodyDecoder, CountsALengthAndLeavesWhatFollows) {
  http::RequestHead head;
  head.content_length = 5;
  for (const std::size_t piece_bytes : {1u, 2u, 100u}) {
    EXPECT_EQ(decode(head, "helloGET", piece_bytes), "hello|end3");
    EXPECT_EQ(decode(head, "hell", piece_bytes), "hell|more");
  }
}

TEST(BodyDecoder, HasNothingToDoWithoutABody) {
  EXPECT_EQ(decode(http::RequestHead(), "GET", 100), "|end3");
  http::RequestHead empty;
  empty.content_length = 0;
  EXPECT_TRUE(BodyDecoder(empty, 0).is_at_end());
}

TEST(BodyDecoder, JoinsChunksAndDropsExtensionsAndTrailers) {
  constexpr std::string_view input =
      "5\r\nhello\r\n001;a=\"b c\"\r\n \r\n5\r\nworld\r\n0;x\r\nT: u\r\nV:\r\n\r\nGET";
  for (std::size_t piece_bytes = 1; piece_bytes < 70; ++piece_bytes) {
    EXPECT_EQ(decode(chunked_head(), input, piece_bytes), "hello world|end3") << piece_bytes;
  }
}

TEST(BodyDecoder, AsksForMoreAtEveryTruncation) {
  constexpr std::string_view input = "5;x\r\nhello\r\n0\r\nT: u\r\n\r\n";
  for (std::size_t size = 0; size < input.size(); ++size) {
    EXPECT_TRUE(decode(chunked_head(), input.substr(0, size), 100).ends_with("|more")) << size;
  }
}

TEST(BodyDecoder, FindsTheSameByteByByteAsAllAtOnce) {
  for (const auto& plant : kRequestGarden) {
    const std::string request = plant.request();
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos || request.find("chunked") == std::string::npos) continue;
    const std::string body = request.substr(end + 4);
    EXPECT_EQ(decode(chunked_head(), body, 1), decode(chunked_head(), body, body.size() + 1))
        << plant.name;
  }
}

TEST(BodyDecoder, RefusesBodiesOverTheLimit) {
  http::RequestHead head;
  head.content_length = kBodyBytesMax + 1;
  EXPECT_EQ(decode(head, "x", 1), "|413");
  std::string many;
  for (int i = 0; i < 3; ++i) many += "80000\r\n" + std::string(0x80000, 'x') + "\r\n";
  const std::string decoded = decode(chunked_head(), many, many.size());
  EXPECT_EQ(decoded.size(), kBodyBytesMax + 4);
  EXPECT_TRUE(decoded.ends_with("|413"));
}

TEST(BodyDecoder, BoundsTheExtensionsOfAWholeBody) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "1;" + std::string(200, 'e') + "\r\nx\r\n";
  EXPECT_TRUE(decode(chunked_head(), many, many.size()).ends_with("|400"));
}

}  // namespace
}  // namespace ghmesh::net
