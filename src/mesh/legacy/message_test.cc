// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/legacy/message.h"

#include <gtest/gtest.h>

namespace ghmesh::mesh {
namespace {

constexpr WallTime kNow = wall_time(1'790'000'000);

crypto::Secret key_of(std::string_view secret) {
  static const crypto::Secret ours = legacy_key_of(crypto::Secret("a secret"));
  static const crypto::Secret others = legacy_key_of(crypto::Secret("another"));
  return crypto::Secret((secret == "a secret" ? ours : others).reveal());
}

std::string sealed(std::string_view json) {
  return crypto::seal_fernet(key_of("a secret"), as_bytes(json), kNow, crypto::FernetIv{});
}

TEST(LegacyMessage, ReadsWhatPythonsCryptographyHasSealed) {
  // Fernet(base64.urlsafe_b64encode(PBKDF2HMAC(SHA256, 32, b"github-cache-p2p", 100000).derive(b"a secret")))
  // .encrypt_at_time(b'{"key": "op:a", "entry": {"data": [1], "timestamp": 1789999999.5, "ttl": 60}}', 1789999999)
  constexpr std::string_view kMessage =
      "gAAAAABqsTt_LYaOmA1MAMyAKbrLkzVIVx0S_VxylYxas-e7SJiUuk_V-bKEIOSBTGx67Ss_"
      "6nhHb7uXLIpMfs0ALhJMA76D"
      "inVIAb4-cXHCYPbC5chT_ba_Q0HtKdLCX3Ah0HF9cSFHxy2LiqEWXcRrjgLsBAPftUeLZukfMhCRBJcCIgUejzk=";
  const auto entry = read_legacy_message(key_of("a secret"), kMessage, kNow);
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_EQ(entry->joined_key, "op:a");
  EXPECT_EQ(entry->data, "[1]");
  EXPECT_EQ(entry->written_at, 1789999999500);
  EXPECT_EQ(entry->ttl, 60'000);
  EXPECT_FALSE(read_legacy_message(key_of("another"), kMessage, kNow));
}

TEST(LegacyMessage, RefusesWhatIsNotOne) {
  for (const char* json : {"", "[]", "{}", R"({"key":"","entry":{}})", R"({"key":"a","entry":7})",
                           R"({"key":"a","entry":{"data":1,"timestamp":1}})"})
    EXPECT_FALSE(read_legacy_message(key_of("a secret"), sealed(json), kNow)) << json;
  EXPECT_EQ(read_legacy_message(key_of("a secret"), std::string(kLegacyReadBytesMax + 1, 'g'), kNow)
                .error(),
            make_error_code(Errc::too_large));
}

TEST(LegacyMessage, RefusesTheFutureAndAHashOfOtherFields) {
  EXPECT_EQ(read_legacy_message(
                key_of("a secret"),
                sealed(R"({"key":"a","entry":{"data":1,"timestamp":1790000031,"ttl":1}})"), kNow)
                .error(),
            make_error_code(Errc::mesh_from_future));
  EXPECT_EQ(read_legacy_message(key_of("a secret"),
                                sealed(R"({"key":"a","entry":{"data":1,"timestamp":1,"ttl":1,)"
                                       R"("content_hash":"bafk","validation_fields":{"a":1}}})"),
                                kNow)
                .error(),
            make_error_code(Errc::mesh_false_body));
}

}  // namespace
}  // namespace ghmesh::mesh
