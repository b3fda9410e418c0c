// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/result.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <set>
#include <string>

namespace ghmesh {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return Errc::malformed;
  return number / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  auto good = half_of(4);
  EXPECT_TRUE(good);
  EXPECT_EQ(*good, 2);
  auto bad = half_of(5);
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), Errc::malformed);
}

TEST(Result, CarriesErrorsOfOtherCategories) {
  const Error refused = make_error_code(boost::system::errc::connection_refused);
  Result<int> result = refused;
  EXPECT_EQ(result.error(), refused);
  EXPECT_STREQ(error_name(refused), "other");
}

TEST(Result, MovesItsValueOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  EXPECT_EQ(**result, 7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, GivesTheOtherValueOnlyForAnError) {
  EXPECT_EQ(half_of(4).value_or(9), 2);
  EXPECT_EQ(half_of(5).value_or(9), 9);
  EXPECT_EQ(Result<std::string>(Errc::not_found).value_or("none"), "none");
}

TEST(Result, ReachesMembersOfItsValue) {
  Result<std::string> result = std::string("abc");
  result->push_back('d');
  EXPECT_EQ(result->size(), 4u);
  const Result<std::string> constant = result;
  EXPECT_EQ(constant->front(), 'a');
}

TEST(Result, OfNothingIsGoodByDefault) {
  EXPECT_TRUE(Result<void>());
  const Result<void> bad = Errc::timed_out;
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error(), Errc::timed_out);
}

TEST(Result, EndsTheProgramWhenItIsReadWrongly) {
  EXPECT_DEATH(static_cast<void>(*half_of(5)), "bug");
  EXPECT_DEATH(static_cast<void>(half_of(4).error()), "bug");
  EXPECT_DEATH(static_cast<void>(Result<void>().error()), "bug");
  EXPECT_DEATH(static_cast<void>(Result<int>(Error())), "bug");
}

TEST(Errors, HaveANameAndATextOfTheirOwn) {
  std::set<std::string> names, texts;
  int errors_count = 0;
#define X(name, text) \
  EXPECT_STREQ(error_name(make_error_code(Errc::name)), #name); \
  EXPECT_EQ(make_error_code(Errc::name).message(), text); \
  names.insert(error_name(make_error_code(Errc::name))); \
  texts.insert(make_error_code(Errc::name).message()); \
  ++errors_count;
  GHMESH_ERRORS(X)
#undef X
  EXPECT_EQ(names.size(), static_cast<std::size_t>(errors_count));
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(errors_count));
}

TEST(Errors, OfUnknownNumbersAreOther) {
  const Error unknown(1'000'000, error_category());
  EXPECT_STREQ(error_name(unknown), "other");
  EXPECT_EQ(unknown.message(), "unknown error");
  EXPECT_STREQ(error_name(Error(0, error_category())), "ok");
}

}  // namespace
}  // namespace ghmesh
