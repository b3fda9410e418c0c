// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace ghmesh {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class Log : public testing::Test {
 protected:
  void SetUp() override { log::set_level(log::Level::info); }
  void TearDown() override { log::set_level(log::Level::info); }

  // What was written since the last call, in lines. Fails when the last one does not end.
  std::vector<std::string> lines() {
    std::vector<std::string> found;
    std::string text = testing::internal::GetCapturedStderr();
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      found.push_back(text.substr(0, end));
    return found;
  }
  std::string line_of(std::string_view value) {
    testing::internal::CaptureStderr();
    log::info("event", {{"value", value}, {"after", 1}});
    const auto written = lines();
    EXPECT_EQ(written.size(), 1u);
    return written.empty() ? "" : written[0];
  }
};

TEST_F(Log, WritesTimeLevelEventAndFields) {
  testing::internal::CaptureStderr();
  log::warn(
      "listening",
      {{"socket", "/run/gh.sock"}, {"count", -3}, {"error", make_error_code(Errc::timed_out)}});
  const auto written = lines();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_THAT(written[0],
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z warn(ing)? listening "
                           "socket=/run/gh.sock count=-3 error=\"the deadline has passed\""));
}

TEST_F(Log, QuotesWhatIsNotOneWord) {
  EXPECT_THAT(line_of(""), HasSubstr(" value=\"\" after=1"));
  EXPECT_THAT(line_of("two words"), HasSubstr(" value=\"two words\" after=1"));
  EXPECT_THAT(line_of("a=b"), HasSubstr(" value=\"a=b\" after=1"));
  EXPECT_THAT(line_of("say \"x\" \\"), HasSubstr(R"( value="say \"x\" \\" after=1)"));
  EXPECT_THAT(line_of("word"), HasSubstr(" value=word after=1"));
}

TEST_F(Log, WritesOneLineWhateverTheValueHolds) {
  EXPECT_THAT(line_of("a\nb"), HasSubstr(R"(value="a\x0ab" after=1)"));
  EXPECT_THAT(line_of("a\r\nb"), HasSubstr(R"(value="a\x0d\x0ab" after=1)"));
  EXPECT_THAT(line_of("a\x1b[31mb"), HasSubstr(R"(value="a\x1b[31mb" after=1)"));
  EXPECT_THAT(line_of("{} {0} %s"), HasSubstr(R"(value="{} {0} %s" after=1)"));
}

TEST_F(Log, LetsNoControlByteThrough) {
  for (int c = 0; c < 256; ++c) {
    const std::string line = line_of("a" + std::string(1, static_cast<char>(c)) + "b");
    for (char written : line) {
      const auto byte = static_cast<unsigned char>(written);
      EXPECT_TRUE(byte >= 0x20 && byte != 0x7f && byte < 0x80) << "of " << c;
    }
  }
}

TEST_F(Log, KeepsQuietBelowItsLevel) {
  testing::internal::CaptureStderr();
  log::debug("unheard");
  log::info("heard");
  log::set_level(log::Level::off);
  log::error("unheard");
  const auto written = lines();
  ASSERT_EQ(written.size(), 1u);
  EXPECT_THAT(written[0], HasSubstr(" heard"));
  EXPECT_FALSE(log::is_enabled(log::Level::error));
}

TEST_F(Log, DoesNotMixTheLinesOfTwoThreads) {
  testing::internal::CaptureStderr();
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) log::info("event", {{"value", std::string(200, 'x')}});
      });
  }
  const auto written = lines();
  EXPECT_EQ(written.size(), 400u);
  for (const auto& line : written)
    EXPECT_THAT(line, testing::EndsWith("event value=" + std::string(200, 'x')));
}

}  // namespace
}  // namespace ghmesh
