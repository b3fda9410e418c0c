// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include "library/canonical_json.h"
#include "library/key.h"
#include "library/record.h"
#include "library/validation.h"

namespace ghmesh::library {
namespace {

TEST(Key, TellsPartsApart) {
  EXPECT_NE(Key("op", {"a:b"}).text(), Key("op", {"a", "b"}).text());
  EXPECT_NE(Key("op", {"a"}).text(), Key("op", {}, {{"a", ""}}).text());
  EXPECT_NE(Key("opa", {}).text(), Key("op", {"a"}).text());
  EXPECT_EQ(Key("op", {}, {{"b", "1"}, {"a", "2"}}).text(),
            Key("op", {}, {{"a", "2"}, {"b", "1"}}).text());
  EXPECT_EQ(Key("op", {"a:b"}).joined(), Key("op", {"a", "b"}).joined());
  EXPECT_EQ(Key("op", {"a"}, {{"limit", "10"}}).joined(), "op:a:limit=10");
}

TEST(Key, ComesBackFromItsText) {
  const Key key("op:1", {"", "a:b/c", "\n\xc3\xa9"}, {{"n:1", "v"}, {"", ""}});
  const auto back = parse_key(key.text());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->text(), key.text());
  EXPECT_EQ(back->arguments(), key.arguments());
  for (std::size_t size = 0; size < key.text().size(); ++size) {
    const auto cut = parse_key(key.text().substr(0, size));
    if (cut) {
      EXPECT_EQ(cut->text(), key.text().substr(0, size));
    }
  }
  EXPECT_FALSE(parse_key("k2:1:a"));
  EXPECT_FALSE(parse_key("k1:99999999999999999999:a"));
}

TEST(Record, ComesBackAndIsRefusedWhereItIsCut) {
  const Record record{.name = "k1:2:op",
                      .data = "{\"a\":1}",
                      .validation_fields = "{\"a\": 1}",
                      .validation_cid = "bafk",
                      .written_at = 1'790'000'000'123,
                      .ttl = 1500,
                      .is_of_peer = true};
  const std::string bytes = write_record(record);
  const auto back = parse_record(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, record);
  for (std::size_t size = 0; size < bytes.size() - record.data.size(); ++size)
    EXPECT_FALSE(parse_record(bytes.substr(0, size)));
  EXPECT_TRUE(record.is_fresh(record.written_at + 1499));
  EXPECT_FALSE(record.is_fresh(record.written_at + 1500));
}

// As Python 3.11's json.dumps(..., sort_keys=True) writes them.
TEST(CanonicalJson, IsWhatPythonWrites) {
  EXPECT_EQ(canonical_json(R"({"b":1,"a":[true,false,null,"x"],"c":{}})"),
            R"({"a": [true, false, null, "x"], "b": 1, "c": {}})");
  EXPECT_EQ(canonical_json("\"\xc3\xa9 \xf0\x9f\x98\x80 \\u0001 \\/ \\\" \\n\""),
            R"("\u00e9 \ud83d\ude00 \u0001 / \" \n")");
  EXPECT_EQ(
      canonical_json("[1.0, 0.1, 1e16, 1e15, 1e-5, 0.0001, -0.0, 123456789012345680.0, 1.5e300]"),
      "[1.0, 0.1, 1e+16, 1000000000000000.0, 1e-05, 0.0001, -0.0, 1.2345678901234568e+17, "
      "1.5e+300]");
  EXPECT_EQ(canonical_json("[18446744073709551615, -9223372036854775808]"),
            "[18446744073709551615, -9223372036854775808]");
  EXPECT_EQ(canonical_json(R"({"a":1,"a":2})"), R"({"a": 2})");
  EXPECT_EQ(canonical_json("{"), "");
}

TEST(Validation, HasThePredecessorsCid) {
  // CIDv1 raw sha2-256 base32 of {"updatedAt": "2025-11-06T10:00:00Z"}.
  EXPECT_EQ(validation_cid_of(R"({"updatedAt":"2025-11-06T10:00:00Z"})"),
            cid_of_canonical(R"({"updatedAt": "2025-11-06T10:00:00Z"})"));
  EXPECT_TRUE(validation_cid_of("{}").starts_with("bafkrei"));
  EXPECT_EQ(validation_cid_of("no json"), "");
}

TEST(Validation, ChoosesFieldsByFamily) {
  EXPECT_EQ(validation_fields_of("get_repo_info", R"({"updatedAt":"u","pushedAt":"p","name":"n"})"),
            R"({"pushedAt": "p", "updatedAt": "u"})");
  EXPECT_EQ(validation_fields_of("list_repos", R"([{"name":"n","updatedAt":"u"}, 7])"),
            R"({"n": {"pushedAt": null, "updatedAt": "u"}})");
  EXPECT_EQ(validation_fields_of("get_issue", R"({"state":"open","updated_at":"u"})"),
            R"({"comments": 0, "state": "open", "updatedAt": "u"})");
  EXPECT_EQ(
      validation_fields_of(
          "list_prs",
          R"([{"number":7,"mergeable":null,"mergeableState":"clean","reviews":{"totalCount":3}}])"),
      R"({"7": {"mergeable": "clean", "reviews": 3, "state": null, "updatedAt": null}})");
  EXPECT_EQ(validation_fields_of("get_comment", R"({"body":"h\u00e9","updatedAt":"u"})"),
            R"({"bodyLength": 2, "updatedAt": "u"})");
  EXPECT_EQ(validation_fields_of("get_commit",
                                 R"({"sha":"","oid":"o","commit":{"committer":{"date":"d"}}})"),
            R"({"date": "d", "sha": "o"})");
  EXPECT_EQ(validation_fields_of("list_runners", R"([{"id":1,"status":"online","busy":false}])"),
            R"({"1": {"busy": false, "status": "online"}})");
  EXPECT_EQ(validation_fields_of("get_branch", R"({"name":"main","commit":{"sha":"s"}})"),
            R"({"name": "main", "protected": false, "sha": "s"})");
  EXPECT_EQ(validation_fields_of("list_deployments", R"([{"id":5,"state":null}])"),
            R"({"5": {"id": "5", "state": null, "updatedAt": null}})");
  EXPECT_EQ(validation_fields_of("get_status", R"({"status":"completed"})"),
            R"({"completedAt": null, "conclusion": null, "status": "completed"})");
  EXPECT_EQ(validation_fields_of("copilot_explain_issue", R"({"state":"open"})"), "");
  EXPECT_EQ(validation_fields_of("something", R"({"state":"open"})"), "");
  EXPECT_EQ(validation_fields_of("get_issue", "{}"), "");
  EXPECT_EQ(validation_fields_of("get_issue", "[]"), "");
}

}  // namespace
}  // namespace ghmesh::library
