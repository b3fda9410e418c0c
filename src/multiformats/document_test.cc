// SPDX-License-Identifier: Apache-2.0 OR MIT
// The examples of docs/wire/multiformats.md, both ways.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/test_wire.h"
#include "multiformats/cid.h"
#include "multiformats/multiaddr.h"
#include "multiformats/multibase.h"
#include "multiformats/peer_id.h"
#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

struct Example {
  std::string value, hex;
};

// Lines of "value = hex", by the heading that they stand under.
std::map<std::string, std::vector<Example>> read_examples() {
  const std::string document = test::read_text("docs/wire/multiformats.md");
  std::map<std::string, std::vector<Example>> examples;
  std::string heading;
  for (std::string_view rest = document; !rest.empty();) {
    const std::string_view line = take_until(rest, '\n');
    if (line.starts_with("## ")) heading = line.substr(3);
    const std::size_t equals = line.find(" = ");
    if (equals == std::string_view::npos || line.find(' ') != equals) continue;
    examples[heading].push_back(
        {std::string(line.substr(0, equals)), std::string(line.substr(equals + 3))});
  }
  return examples;
}

class MultiformatsDocument : public ::testing::Test {
 protected:
  // Calls `check` for each example, of which there are some.
  template <class Check>
  void for_each(const std::string& heading, Check&& check) const {
    ASSERT_TRUE(examples_.contains(heading)) << heading;
    for (const Example& example : examples_.at(heading)) check(example.value, example.hex);
  }

 private:
  const std::map<std::string, std::vector<Example>> examples_ = read_examples();
};

TEST_F(MultiformatsDocument, IsRightAboutVarints) {
  for_each("Varints", [](const std::string& value, const std::string& digits) {
    Bytes bytes;
    append_varint(bytes, *parse_decimal(value));
    EXPECT_EQ(hex(bytes), digits);
  });
}

TEST_F(MultiformatsDocument, IsRightAboutMultibase) {
  for_each("Multibase", [](const std::string& value, const std::string& digits) {
    EXPECT_EQ(hex(*parse_multibase(value)), digits);
    EXPECT_EQ(write_multibase(static_cast<Base>(value[0]), *parse_hex(digits)), value);
  });
}

TEST_F(MultiformatsDocument, IsRightAboutCids) {
  for_each("CIDs", [](const std::string& value, const std::string& digits) {
    EXPECT_EQ(hex(write_cid(*parse_cid_text(value))), digits);
    EXPECT_EQ(write_cid_text(*parse_cid(*parse_hex(digits))), value);
  });
}

TEST_F(MultiformatsDocument, IsRightAboutPeerIds) {
  for_each("Peer ids", [](const std::string& value, const std::string& digits) {
    EXPECT_EQ(hex(PeerId::parse_text(value)->bytes()), digits);
    EXPECT_EQ(PeerId::parse(*parse_hex(digits))->text(), value);
  });
}

TEST_F(MultiformatsDocument, IsRightAboutMultiaddrs) {
  for_each("Multiaddrs", [](const std::string& value, const std::string& digits) {
    EXPECT_EQ(hex(Multiaddr::parse_text(value)->bytes()), digits);
    EXPECT_EQ(Multiaddr::parse(*parse_hex(digits))->text(), value);
  });
}

}  // namespace
}  // namespace ghmesh::multiformats
