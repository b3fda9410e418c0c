// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/legacy_entry.h"

#include <gtest/gtest.h>

namespace ghmesh::library {
namespace {

constexpr std::string_view kFile =
    R"({"cache_key": "get_repo_info:octocat/Hello-World", "data": {"name": "Hello-World", "stars": 1.5}, )"
    R"("timestamp": 1790000000.123, "ttl": 300, "content_hash": "bafk", )"
    R"("validation_fields": {"updatedAt": "u", "pushedAt": null}})";

std::string joined(const std::optional<Key>& key) { return key ? key->joined() : "(none)"; }

TEST(LegacyEntry, ReadsAFileAsThePredecessorWritesIt) {
  const auto entry = parse_legacy_entry(kFile);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->joined_key, "get_repo_info:octocat/Hello-World");
  EXPECT_EQ(entry->data, R"({"name":"Hello-World","stars":1.5})");
  EXPECT_EQ(entry->written_at, 1790000000123);
  EXPECT_EQ(entry->ttl, 300'000);
  EXPECT_EQ(entry->validation_fields, R"({"pushedAt": null, "updatedAt": "u"})");
}

TEST(LegacyEntry, RefusesEveryTruncationAndWhatIsNoEntry) {
  for (std::size_t size = 0; size < kFile.size(); ++size)
    EXPECT_FALSE(parse_legacy_entry(kFile.substr(0, size))) << size;
  for (const char* text :
       {"[]", "{}", R"({"data":1,"timestamp":"x","ttl":1})", R"({"data":1,"timestamp":-1,"ttl":1})",
        R"({"data":1,"timestamp":1e300,"ttl":1})", R"({"timestamp":1,"ttl":1})"})
    EXPECT_FALSE(parse_legacy_entry(text)) << text;
}

TEST(LegacyEntry, TellsTheKeyOnlyWhereItNeedNotGuess) {
  const auto key = [](std::string_view file, std::string_view stem) {
    return joined(legacy_key(*parse_legacy_entry(file), stem));
  };
  EXPECT_EQ(key(kFile, "get_repo_info_octocat_Hello-World"), "get_repo_info:octocat/Hello-World");
  EXPECT_EQ(key(kFile, "something_else"), "(none)");
  const auto named = legacy_key(
      *parse_legacy_entry(
          R"({"cache_key":"list_repos:octocat:limit=10","data":[],"timestamp":1,"ttl":1})"),
      "list_repos_octocat_limit=10");
  EXPECT_EQ(named->text(), Key("list_repos", {"octocat"}, {{"limit", "10"}}).text());
  constexpr std::string_view kOld = R"({"data":{"full_name":"a/b_c"},"timestamp":1,"ttl":1})";
  EXPECT_EQ(key(kOld, "get_repo_info_a_b_c"), "get_repo_info:a/b_c");
  EXPECT_EQ(key(kOld, "get_repo_info_x_y"), "(none)");
  constexpr std::string_view kList = R"({"data":[],"timestamp":1,"ttl":1})";
  EXPECT_EQ(key(kList, "list_workflow_runs_a_b_c"), "(none)");  // a/b_c, or a_b/c
  EXPECT_EQ(key(kList, "list_repos"), "list_repos");
}

TEST(LegacyEntry, NamesFilesAsThePredecessorDoes) {
  EXPECT_EQ(legacy_stem("a/b:c*d=e"), "a_b_c_d=e");
}

}  // namespace
}  // namespace ghmesh::library
