// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "http/message.h"

#include <gtest/gtest.h>

namespace ghmesh::http {
namespace {

RequestHead head_with(std::initializer_list<FieldView> fields) {
  RequestHead head;
  for (const FieldView& field : fields) head.fields[head.fields_count++] = field;
  return head;
}

TEST(RequestHead, FindsFieldsWithoutCase) {
  const RequestHead head = head_with({{"Accept", ""}, {"X-Thing", "1"}, {"x-thing", "2"}});
  ASSERT_TRUE(head.find("accept"));
  EXPECT_EQ(*head.find("accept"), "");
  EXPECT_EQ(head.get("X-THING"), "1");
  EXPECT_EQ(head.count("x-thing"), 2u);
  EXPECT_EQ(head.count("x-thin"), 0u);
  EXPECT_FALSE(head.find("host"));
}

TEST(RequestHead, LooksOnlyAtTheFieldsThatWereRead) {
  RequestHead head = head_with({{"Accept", "a"}});
  head.fields[1] = {"Left-Over", "from the request before"};
  EXPECT_FALSE(head.find("left-over"));
}

TEST(RequestHead, HasABodyWhenItsFramingSaysSo) {
  RequestHead head;
  EXPECT_FALSE(head.has_body());
  head.content_length = 0;
  EXPECT_FALSE(head.has_body());
  head.content_length = 1;
  EXPECT_TRUE(head.has_body());
  head.content_length.reset();
  head.is_chunked = true;
  EXPECT_TRUE(head.has_body());
}

TEST(Answer, ReadsAsEmptyWithoutABody) {
  Answer answer;
  EXPECT_EQ(answer.body_text(), "");
  answer.body = make_body("text");
  EXPECT_EQ(answer.body_text(), "text");
}

TEST(ReasonPhrase, KnowsEveryRegisteredStatus) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(304), "Not Modified");
  EXPECT_EQ(reason_phrase(421), "Misdirected Request");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(451), "Unavailable For Legal Reasons");
  EXPECT_EQ(reason_phrase(505), "HTTP Version Not Supported");
  int known_count = 0;
  for (int status = 100; status < 600; ++status) known_count += reason_phrase(status) != "Unknown";
  EXPECT_EQ(known_count,
            60);  // the IANA registry without 306, 418 and 510, which are unused or obsolete
}

TEST(ReasonPhrase, SaysUnknownForTheRest) {
  for (int status : {-1, 0, 99, 199, 306, 418, 599, 600, 1000})
    EXPECT_EQ(reason_phrase(status), "Unknown") << status;
}

TEST(Method, IsSafeOnlyWhenItIsReadOnly) {
  for (auto method : {"GET", "HEAD", "OPTIONS", "TRACE"}) EXPECT_TRUE(is_safe_method(method));
  for (auto method : {"POST", "PUT", "PATCH", "DELETE", "get", "GET ", ""})
    EXPECT_FALSE(is_safe_method(method)) << method;
}

}  // namespace
}  // namespace ghmesh::http
