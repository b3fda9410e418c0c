// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/request_garden.h"

namespace ghmesh::net {
namespace {

using Outcome = RequestParser::Outcome;

constexpr std::string_view kPlain =
    "GET /repos/o/r?per_page=100 HTTP/1.1\r\nHost: api.github.com\r\nUser-Agent: GitHub CLI "
    "2.23.0\r\n"
    "Accept:\tapplication/json \r\nX-Empty:\r\nAuthorization: token x\r\n\r\n";

// What a head means to the rest of us, as text that two ways of parsing can be compared by.
std::string describe(std::string_view input,
                     std::size_t first_bytes_count = std::string_view::npos) {
  RequestParser parser;
  http::RequestHead head;
  Outcome outcome = Outcome::needs_more;
  std::size_t size = std::min(first_bytes_count, input.size());
  // Long inputs go on in larger steps: their length is padding.
  for (;; size = size < 1000 ? size + 1 : std::min(size + 211, std::max(input.size(), size + 1))) {
    // A copy of exactly these bytes, so that a sanitizer sees every read past them.
    const std::vector<char> exact(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
    outcome = parser.parse({exact.data(), exact.size()}, head);
    if (outcome == Outcome::complete) {
      std::string text =
          std::string(head.method) + '|' + std::string(head.target) + '|' + std::string(head.host) +
          '|' + std::to_string(head.version_minor) + std::to_string(head.keep_alive) +
          std::to_string(head.is_chunked) + std::to_string(head.content_length.value_or(77)) +
          std::to_string(parser.expects_continue()) + '|' + std::to_string(parser.head_bytes());
      for (const auto& field : head.all_fields())
        text += '\n' + std::string(field.name) + '=' + std::string(field.value);
      return text;
    }
    if (outcome == Outcome::rejected) return std::to_string(parser.rejection().status);
    if (size == input.size()) return "more";
  }
}

TEST(RequestParser, ReadsAnOrdinaryRequest) {
  RequestParser parser;
  http::RequestHead head;
  ASSERT_EQ(parser.parse(kPlain, head), Outcome::complete);
  EXPECT_EQ(parser.head_bytes(), kPlain.size());
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/repos/o/r?per_page=100");
  EXPECT_EQ(head.host, "api.github.com");
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(head.fields_count, 5u);
  EXPECT_EQ(head.fields[2].value, "application/json");
  EXPECT_EQ(head.fields[3].value, "");
  EXPECT_FALSE(head.content_length);
  EXPECT_FALSE(head.is_chunked);
}

TEST(RequestParser, AsksForMoreAtEveryTruncation) {
  for (std::size_t size = 0; size < kPlain.size(); ++size) {
    EXPECT_EQ(describe(kPlain.substr(0, size)), "more") << size;
  }
}

TEST(RequestParser, FindsTheSameByteByByteAsAllAtOnce) {
  for (const auto& plant : kRequestGarden) {
    const std::string request = plant.request();
    EXPECT_EQ(describe(request, 0), describe(request)) << plant.name;
  }
}

TEST(RequestParser, AnswersEveryPlantOfTheGarden) {
  for (const auto& plant : kRequestGarden) {
    if (plant.is_body_case) continue;
    const std::string described = describe(plant.request());
    if (plant.status == 200) {
      EXPECT_NE(described.find('|'), std::string::npos) << plant.name << ": " << described;
    } else {
      EXPECT_EQ(described, std::to_string(plant.status)) << plant.name;
    }
  }
}

TEST(RequestParser, LeavesWhatFollowsTheHead) {
  RequestParser parser;
  http::RequestHead head;
  const std::string two = std::string(kPlain) + "GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parser.parse(two, head), Outcome::complete);
  EXPECT_EQ(parser.head_bytes(), kPlain.size());
  parser.reset();
  ASSERT_EQ(parser.parse(std::string_view(two).substr(kPlain.size()), head), Outcome::complete);
  EXPECT_EQ(head.target, "/second");
  EXPECT_EQ(head.fields_count, 1u);
}

TEST(RequestParser, TakesTheHostOfAnAbsoluteTarget) {
  RequestParser parser;
  http::RequestHead head;
  ASSERT_EQ(
      parser.parse("GET http://api.github.com:80/x HTTP/1.1\r\nHost: other.example\r\n\r\n", head),
      Outcome::complete);
  EXPECT_EQ(head.host, "api.github.com:80");
  EXPECT_EQ(head.target, "http://api.github.com:80/x");
}

TEST(RequestParser, KnowsWhoStays) {
  const auto keeps_alive = [](std::string_view text) {
    RequestParser parser;
    http::RequestHead head;
    EXPECT_EQ(parser.parse(text, head), Outcome::complete) << text;
    return head.keep_alive;
  };
  EXPECT_TRUE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps_alive("GET / HTTP/1.1\r\nHost: a\r\nConnection: te, CLOSE\r\n\r\n"));
  EXPECT_FALSE(keeps_alive(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps_alive("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(RequestParser, AcceptsAHeadUpToItsLimitAndNotOneByteMore) {
  const auto head_of = [](std::size_t size) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return text + std::string(size - text.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_NE(describe(head_of(kHeadBytesMax)).find('|'), std::string::npos);
  EXPECT_EQ(describe(head_of(kHeadBytesMax + 1)), "431");
  EXPECT_EQ(describe(head_of(kHeadBytesMax + 1), kHeadBytesMax - 2), "431");
}

}  // namespace
}  // namespace ghmesh::net
