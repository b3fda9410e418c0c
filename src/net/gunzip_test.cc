// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/gunzip.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::net {
namespace {

// printf 'hello hello hello' | gzip -n
std::string hello() {
  const auto bytes = parse_hex("1f8b0800000000000003cb48cdc9c957c84090008088f9e511000000");
  return std::string(as_text(*bytes));
}

TEST(Gunzip, ReadsWhatGzipWrote) {
  auto text = gunzip(hello(), 17);
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, "hello hello hello");
}

TEST(Gunzip, ReadsMembersOneAfterAnother) {
  auto text = gunzip(hello() + hello(), 100);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "hello hello hellohello hello hello");
}

TEST(Gunzip, IsBoundedExactly) {
  auto text = gunzip(hello(), 16);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error(), make_error_code(Errc::too_large));
}

TEST(Gunzip, MissesEveryByteThatIsMissing) {
  const std::string whole = hello();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    auto text = gunzip(std::string_view(whole).substr(0, size), 100);
    ASSERT_FALSE(text) << size;
    EXPECT_EQ(text.error(), make_error_code(Errc::truncated)) << size;
  }
}

TEST(Gunzip, RefusesWhatIsNotGzip) {
  for (const std::string& input :
       {std::string("{}"), hello() + "x", hello() + std::string(1, '\0')}) {
    auto text = gunzip(input, 100);
    ASSERT_FALSE(text);
  }
  EXPECT_EQ(gunzip("{}", 100).error(), make_error_code(Errc::malformed));
}

TEST(Gunzip, GivesTheSameByteByByteAndInSmallSteps) {
  const std::string whole = hello();
  for (std::size_t step = 1; step < 20; ++step) {
    Gunzip decoder;
    std::string text;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      std::string_view input = std::string_view(whole).substr(i, 1);
      do {
        std::string part;
        ASSERT_TRUE(decoder.decode(input, part, step));
        EXPECT_LE(part.size(), step);
        text += part;
      } while (!input.empty() || decoder.needs_room());
    }
    EXPECT_TRUE(decoder.is_whole());
    EXPECT_EQ(text, "hello hello hello") << step;
  }
}

}  // namespace
}  // namespace ghmesh::net
