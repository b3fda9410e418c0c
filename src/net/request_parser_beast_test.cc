// SPDX-License-Identifier: Apache-2.0 OR MIT
// Our parser against Beast's: whatever we accept, Beast accepts too and reads in the same way. The other direction does
// not hold, on purpose.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "net/request_garden.h"
#include "net/request_parser.h"

namespace ghmesh::net {
namespace {

namespace beast = boost::beast;

void expect_same(const std::string& request) {
  RequestParser ours;
  http::RequestHead head;
  if (ours.parse(request, head) != RequestParser::Outcome::complete) return;

  beast::http::request_parser<beast::http::empty_body> theirs;
  theirs.eager(false);
  theirs.header_limit(1 << 20);
  theirs.body_limit(boost::none);
  beast::error_code error;
  // The empty line that we forgive is not Beast's business.
  std::string_view text = request;
  if (text.starts_with("\r\n")) text.remove_prefix(2);
  const std::size_t consumed = theirs.put(boost::asio::buffer(text), error);
  ASSERT_TRUE(theirs.is_header_done()) << error.message() << "\n" << request;
  EXPECT_EQ(consumed + (request.size() - text.size()), ours.head_bytes()) << request;

  const auto& message = theirs.get();
  EXPECT_EQ(std::string_view(message.method_string()), head.method);
  EXPECT_EQ(std::string_view(message.target()), head.target);
  EXPECT_EQ(message.version(), 10u + static_cast<unsigned>(head.version_minor));
  EXPECT_EQ(message.keep_alive(), head.keep_alive) << request;
  EXPECT_EQ(theirs.chunked(), head.is_chunked) << request;
  if (head.content_length) {
    EXPECT_EQ(theirs.content_length().value_or(0), *head.content_length) << request;
  }
  std::size_t i = 0;
  for (const auto& field : message) {
    ASSERT_LT(i, head.fields_count);
    EXPECT_EQ(std::string_view(field.name_string()), head.fields[i].name);
    EXPECT_EQ(std::string_view(field.value()), head.fields[i].value);
    ++i;
  }
  EXPECT_EQ(i, head.fields_count);
}

TEST(RequestParserAndBeast, ReadTheGardenInTheSameWay) {
  for (const auto& plant : kRequestGarden) expect_same(plant.request());
}

// Requests of the garden with bytes changed, dropped and doubled, where parsers break.
TEST(RequestParserAndBeast, ReadMutantsInTheSameWay) {
  Random random(20261122);
  constexpr std::string_view creative = "\r\n \t:;,\0\x0b\x7f\xff/0a-+"sv;
  int accepted_count = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto& plant = kRequestGarden[random.below(std::size(kRequestGarden))];
    if (plant.padding_count > 0) continue;
    std::string request = plant.request();
    for (std::uint64_t changes = random.below(3); changes-- > 0 && !request.empty();) {
      const auto at = static_cast<std::size_t>(random.below(request.size()));
      switch (random.below(3)) {
        case 0: request[at] = creative[random.below(creative.size())]; break;
        case 1: request.erase(at, 1); break;
        default: request.insert(at, 1, creative[random.below(creative.size())]); break;
      }
    }
    RequestParser parser;
    http::RequestHead head;
    accepted_count += parser.parse(request, head) == RequestParser::Outcome::complete;
    expect_same(request);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(accepted_count, 1000);
}

}  // namespace
}  // namespace ghmesh::net
