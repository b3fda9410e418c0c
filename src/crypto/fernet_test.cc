// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/fernet.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::crypto {
namespace {

// The vectors of the Fernet specification (generate.json, verify.json, invalid.json).
Secret spec_key() {
  return Secret(ByteView(*parse_base64url("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4")));
}
constexpr std::string_view kSpecToken =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_"
    "5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

FernetIv counting_iv() {
  FernetIv iv{};
  for (std::size_t i = 0; i < iv.size(); ++i) iv[i] = static_cast<std::byte>(i);
  return iv;
}

TEST(Fernet, MatchesThePublishedVectors) {
  // 1985-10-26T01:20:00-07:00
  EXPECT_EQ(seal_fernet(spec_key(), as_bytes("hello"), wall_time(499162800), counting_iv()),
            kSpecToken);
  const auto opened = open_fernet(spec_key(), kSpecToken);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(opened->bytes), "hello");
  EXPECT_EQ(opened->sealed_at, wall_time(499162800));
}

TEST(Fernet, RefusesWhatTheSpecificationCallsInvalid) {
  for (const char* token : {"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
                            "szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
                            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
                            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-"
                            "szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
                            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-"
                            "fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
                            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-"
                            "JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw=="})
    EXPECT_FALSE(open_fernet(spec_key(), token)) << token;
}

TEST(Fernet, OpensNothingThatWasChanged) {
  for (std::size_t i = 0; i < kSpecToken.size() - 2; ++i) {
    std::string changed(kSpecToken);
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_fernet(spec_key(), changed)) << i;
  }
  for (std::size_t size = 0; size < kSpecToken.size() - 2; ++size)
    EXPECT_FALSE(open_fernet(spec_key(), kSpecToken.substr(0, size)));
  EXPECT_FALSE(open_fernet(Secret(std::string(32, 'x')), kSpecToken));
}

TEST(Fernet, CarriesEveryLength) {
  for (std::size_t size = 0; size < 50; ++size) {
    const std::string plain(size, 'p');
    const auto opened = open_fernet(
        spec_key(), seal_fernet(spec_key(), as_bytes(plain), wall_time(1), counting_iv()));
    ASSERT_TRUE(opened);
    EXPECT_EQ(as_text(opened->bytes), plain);
  }
}

// RFC 7914, section 11.
TEST(Pbkdf2, MatchesThePublishedVectors) {
  const Secret once = pbkdf2_sha256(Secret("passwd"), as_bytes("salt"), 1, 64);
  EXPECT_EQ(hex(once.reveal()),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
            "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
}

}  // namespace
}  // namespace ghmesh::crypto
