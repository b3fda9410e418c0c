// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "graphql/document.h"

#include <gtest/gtest.h>

namespace ghmesh::graphql {
namespace {

constexpr std::string_view kEverything = R"(
# A comment, commas as blanks, and everything that a query may hold.
query Q($owner: String!, $n: Int = 3, $list: [String!]! = ["a", "b"]) @cached {
  first: repository(owner: $owner, name: "x\n\u00e9\"") {
    ...part @include(if: true) ... on Repository { id } ... { url } }
  f(a: 1, b: -2.5e3, c: null, d: ENUM, e: {x: [1, {y: true}]}, g: """block""")
}
fragment part on Repository { name })";

TEST(Document, ParsesEverythingThatAQueryMayHold) {
  const auto document = parse_document(kEverything);
  ASSERT_TRUE(document);
  const Operation* query = document->find_operation("Q");
  ASSERT_NE(query, nullptr);
  EXPECT_EQ(query->variables.size(), 3u);
  EXPECT_TRUE(query->variables[0].is_required);
  EXPECT_EQ(query->variables[1].otherwise.integer, 3);
  ASSERT_EQ(query->selections.size(), 2u);
  EXPECT_EQ(query->selections[0].key(), "first");
  EXPECT_EQ(query->selections[0].arguments[1].second.text, "x\n\xc3\xa9\"");
  EXPECT_EQ(query->selections[1].arguments.size(), 6u);
  EXPECT_EQ(query->selections[1].arguments[4].second.list[0].list[1].list[0].boolean, true);
  EXPECT_TRUE(document->fragments.contains("part"));
}

TEST(Document, RefusesEveryTruncationOfAValidOne) {
  const std::string_view text = "query Q($n: Int = 3) { a(b: [1, {c: \"d\"}]) { ...e } }";
  ASSERT_TRUE(parse_document(text));
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_document(text.substr(0, size))) << size;
}

TEST(Document, RefusesWhatIsNestedTooDeeply) {
  std::string text;
  for (int i = 0; i < kDepthMax + 1; ++i) text += "{a";
  for (int i = 0; i < kDepthMax + 1; ++i) text += "}";
  EXPECT_EQ(parse_document(text).error(), make_error_code(Errc::too_large));
  EXPECT_EQ(parse_document(std::string(kDocumentBytesMax + 1, ' ')).error(),
            make_error_code(Errc::too_large));
}

TEST(Document, NeedsANameToChooseAmongSeveralOperations) {
  const auto document = parse_document("query A { a } query B { b }");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find_operation(""), nullptr);
  ASSERT_NE(document->find_operation("B"), nullptr);
  EXPECT_EQ(document->find_operation("C"), nullptr);
}

TEST(Document, HasOneCanonicalTextWhateverItsLayout) {
  const auto written = canonical_text("query Q { a(b: \"x  y\", c: 1) { ...d } } # end");
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, "query Q { a ( b : \"x  y\" c : 1 ) { ... d } }");
  EXPECT_EQ(*canonical_text("query Q{a(b:\"x  y\" c:1){...d}}"), *written);
  EXPECT_EQ(*canonical_text(*written), *written);
  EXPECT_NE(*canonical_text("query Q{a(b:\"x y\" c:1){...d}}"), *written);
  EXPECT_FALSE(canonical_text("query Q { a(b: \"open) }"));
}

TEST(Document, HasACanonicalTextThatParsesToTheSame) {
  const auto written = canonical_text(kEverything);
  ASSERT_TRUE(written);
  const auto document = parse_document(*written);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find_operation("Q")->selections[1].arguments[5].second.text, "block");
}

}  // namespace
}  // namespace ghmesh::graphql
