// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/answer_head.h"

#include <gtest/gtest.h>

#include <string>

namespace ghmesh::net {
namespace {

// Feeds the lines of `text`; false when one is refused.
bool feed(AnswerHead& head, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line =
        text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
    text.remove_prefix(line.size());
    if (!head.receive_line(line)) return false;
  }
  return true;
}

TEST(AnswerHead, KnowsHowTheBodyEnds) {
  using Framing = AnswerHead::Framing;
  const std::pair<std::string, Framing> cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Framing::content_length},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
       Framing::content_length},
      {"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n", Framing::chunked},
      {"HTTP/2 200 \r\ncontent-length: 5\r\n\r\n", Framing::stream},
      {"HTTP/2 200\r\n\r\n", Framing::stream},
      {"HTTP/1.0 200 OK\r\n\r\n", Framing::until_close},
  };
  for (const auto& [text, framing] : cases) {
    AnswerHead head;
    ASSERT_TRUE(feed(head, text)) << text;
    ASSERT_TRUE(head.is_complete()) << text;
    EXPECT_EQ(head.status(), 200);
    EXPECT_EQ(head.framing(), framing) << text;
  }
}

TEST(AnswerHead, IsIncompleteWhereverItIsCut) {
  const std::string whole =
      "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nETag: \"a\"\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    AnswerHead head;
    static_cast<void>(feed(head, whole.substr(0, size)));
    EXPECT_FALSE(head.is_complete()) << size;
  }
}

TEST(AnswerHead, DropsInterimHeadsAndTrailers) {
  AnswerHead head;
  ASSERT_TRUE(feed(
      head,
      "HTTP/1.1 100 Continue\r\nX-Early: y\r\n\r\nHTTP/1.1 404 Not Found\r\nX-Late: z\r\n\r\n"));
  ASSERT_TRUE(feed(head, "X-Trailer: t\r\n\r\n"));
  EXPECT_EQ(head.status(), 404);
  EXPECT_EQ(head.headers(), (http::Headers{{"X-Late", "z"}}));
}

TEST(AnswerHead, KeepsSpellingOrderRepetitionAndBytesAboveAscii) {
  AnswerHead head;
  ASSERT_TRUE(feed(head, "HTTP/1.1 200\r\nx-b:  1 \r\nX-A:\r\nX-B: \xc3\xa4\r\n\r\n"));
  EXPECT_EQ(head.headers(), (http::Headers{{"x-b", "1"}, {"X-A", ""}, {"X-B", "\xc3\xa4"}}));
}

TEST(AnswerHead, AllowsAsManyInterimHeadsAsItsLimit) {
  std::string interim;
  for (int i = 0; i < kInterimHeadsMax; ++i) interim += "HTTP/1.1 103 Early\r\n\r\n";
  AnswerHead enough;
  EXPECT_TRUE(feed(enough, interim + "HTTP/1.1 200 OK\r\n\r\n"));
  AnswerHead more;
  EXPECT_FALSE(feed(more, interim + "HTTP/1.1 103 Early\r\n\r\n"));
}

TEST(AnswerHead, AllowsAsManyBytesAndFieldsAsTheirLimits) {
  const std::string start = "HTTP/1.1 200 OK\r\n";
  const std::size_t rest = kHeadBytesMax - start.size() - 2;
  AnswerHead enough;
  EXPECT_TRUE(feed(enough, start + "X: " + std::string(rest - 5, 'x') + "\r\n\r\n"));
  AnswerHead more;
  EXPECT_FALSE(feed(more, start + "X: " + std::string(rest - 4, 'x') + "\r\n\r\n"));
  for (const std::size_t count : {kFieldsCountMax, kFieldsCountMax + 1}) {
    std::string text = start;
    for (std::size_t i = 0; i < count; ++i) text += "X: y\r\n";
    AnswerHead head;
    EXPECT_EQ(feed(head, text + "\r\n"), count == kFieldsCountMax);
  }
}

}  // namespace
}  // namespace ghmesh::net
