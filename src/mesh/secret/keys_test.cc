// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "base/text.h"
#include "mesh/secret/keyring.h"

namespace ghmesh::mesh {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
const WallTime kNow = wall_time(1'770'000'000);  // 2026-02-02 02:40 UTC

TEST(Epoch, IsTheDayAlsoBefore1970) {
  EXPECT_EQ(epoch_of(wall_time(0)), 0);
  EXPECT_EQ(epoch_of(wall_time(kDay - 1)), 0);
  EXPECT_EQ(epoch_of(wall_time(kDay)), 1);
  EXPECT_EQ(epoch_of(wall_time(-1)), -1);
  EXPECT_EQ(epoch_of(wall_time(-kDay)), -1);
  EXPECT_EQ(epoch_of(wall_time(-kDay - 1)), -2);
}

TEST(SwarmKeys, AreTheSameForAllMembersAndDifferentForAllPurposes) {
  const SwarmSecret secret = SwarmSecret::generate();
  const SwarmKeys keys(secret);
  const SwarmKeys same(*SwarmSecret::parse(secret.text()));
  std::set<std::string> seen;
  for (Epoch epoch : {20'485, 20'486}) {
    const EpochKeys ours = keys.epoch_keys(epoch), theirs = same.epoch_keys(epoch);
    EXPECT_EQ(ours.topic, theirs.topic);
    EXPECT_TRUE(ours.entry_key == theirs.entry_key);
    EXPECT_TRUE(seen.insert(ours.topic).second);
    EXPECT_TRUE(seen.insert(hex(ours.entry_key.reveal())).second);
  }
  EXPECT_TRUE(keys.member_key() == same.member_key());
  EXPECT_TRUE(seen.insert(hex(keys.member_key().reveal())).second);
  EXPECT_TRUE(seen.insert(hex(keys.peer_list_key().reveal())).second);
  EXPECT_EQ(keys.key_id("v1:x"), same.key_id("v1:x"));
  EXPECT_NE(keys.key_id("v1:x"), keys.key_id("v1:y"));
  EXPECT_NE(keys.key_id("v1:x"), SwarmKeys(SwarmSecret::generate()).key_id("v1:x"));
}

TEST(SwarmKeys, TagAPrincipalByKindAndIdentity) {
  const SwarmKeys keys(SwarmSecret::generate());
  std::set<PrincipalTag> seen;
  EXPECT_TRUE(seen.insert(keys.principal_tag("token", as_bytes("ghp_a"))).second);
  EXPECT_TRUE(seen.insert(keys.principal_tag("token", as_bytes("ghp_b"))).second);
  EXPECT_TRUE(seen.insert(keys.principal_tag("group", as_bytes("ghp_a"))).second);
  EXPECT_TRUE(seen.insert(keys.principal_tag("anonymous", {})).second);
  EXPECT_FALSE(seen.insert(keys.principal_tag("token", as_bytes("ghp_a"))).second);
}

TEST(Keyring, ReadsYesterdayTodayAndTomorrow) {
  const SwarmSecret secret = SwarmSecret::generate();
  const SwarmKeys keys(secret);
  Keyring ring(secret, kNow);
  const Epoch today = epoch_of(kNow);
  EXPECT_EQ(ring.announce_keys().epoch, today);
  for (Epoch epoch = today - 3; epoch <= today + 3; ++epoch) {
    const EpochKeys* found = ring.find(keys.epoch_keys(epoch).topic);
    EXPECT_EQ(found != nullptr, epoch >= today - 1 && epoch <= today + 1) << epoch - today;
    if (found != nullptr) {
      EXPECT_EQ(found->epoch, epoch);
    }
  }
  EXPECT_EQ(ring.readable().size(), 3u);
}

TEST(Keyring, FollowsTheDay) {
  Keyring ring(SwarmSecret::generate(), kNow);
  const std::string topic = ring.announce_keys().topic;
  EXPECT_FALSE(ring.tick(kNow + Seconds(3'600)));
  EXPECT_EQ(ring.announce_keys().topic, topic);
  EXPECT_TRUE(ring.tick(kNow + Seconds(kDay)));
  EXPECT_NE(ring.announce_keys().topic, topic);
  EXPECT_NE(ring.find(topic), nullptr);
  EXPECT_TRUE(ring.tick(kNow + Seconds(2 * kDay)));
  EXPECT_EQ(ring.find(topic), nullptr);  // erased
  EXPECT_TRUE(ring.tick(kNow));          // a clock that was set back
  EXPECT_EQ(ring.announce_keys().topic, topic);
}

TEST(Keyring, ReadsThePreviousSecretForADay) {
  const SwarmSecret old = SwarmSecret::generate(), next = SwarmSecret::generate();
  Keyring ring(old, kNow);
  const std::string old_topic = ring.announce_keys().topic;
  ring.rotate(next, kNow);
  EXPECT_TRUE(ring.newest() == SwarmKeys(next));
  ASSERT_NE(ring.previous(), nullptr);
  EXPECT_TRUE(*ring.previous() == SwarmKeys(old));
  EXPECT_EQ(ring.previous_until(), kNow + kRotationOverlap);
  EXPECT_NE(ring.announce_keys().topic, old_topic);
  EXPECT_NE(ring.find(old_topic), nullptr);
  EXPECT_EQ(ring.readable().size(), 6u);

  ring.tick(kNow + kRotationOverlap - Seconds(1));
  EXPECT_NE(ring.find(old_topic), nullptr);
  EXPECT_TRUE(ring.tick(kNow + kRotationOverlap));
  EXPECT_EQ(ring.find(old_topic), nullptr);
  EXPECT_EQ(ring.previous(), nullptr);
}

TEST(Keyring, KeepsThePreviousSecretOverARestartButNoLonger) {
  const SwarmSecret old = SwarmSecret::generate(), next = SwarmSecret::generate();
  const auto has_previous = [&](WallTime until) {
    return Keyring(next, kNow, Keyring::Previous{.secret = old, .until = until}).previous() !=
           nullptr;
  };
  EXPECT_TRUE(has_previous(kNow + Seconds(1)));
  EXPECT_TRUE(has_previous(kNow + kRotationOverlap));
  EXPECT_FALSE(has_previous(kNow));
  EXPECT_FALSE(has_previous(kNow - Seconds(1)));
  // A clock that was set back by a year makes no secret immortal.
  EXPECT_FALSE(has_previous(kNow + Seconds(365 * kDay)));
}

TEST(Keyring, HoldsTwoSecretsAtMost) {
  const SwarmSecret first = SwarmSecret::generate(), second = SwarmSecret::generate();
  Keyring ring(first, kNow);
  const std::string first_topic = ring.announce_keys().topic;
  ring.rotate(second, kNow);
  ring.rotate(second, kNow);  // again: nothing happens
  EXPECT_NE(ring.find(first_topic), nullptr);
  ring.rotate(SwarmSecret::generate(), kNow + Seconds(1));
  EXPECT_EQ(ring.find(first_topic), nullptr);
  EXPECT_TRUE(*ring.previous() == SwarmKeys(second));
}

// The example of docs/wire/swarm_secret.md.
TEST(SwarmKeys, MatchTheDocumentedExample) {
  std::ifstream file("docs/wire/swarm_secret.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const auto says = [&](std::string_view line) {
    return document.find("\n" + std::string(line) + "\n") != std::string::npos;
  };
  Bytes bytes;
  for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<std::byte>(i));
  auto secret = SwarmSecret::parse(
      crypto::Secret("ghs1-aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypzosvdem"));
  ASSERT_TRUE(secret);
  EXPECT_TRUE(secret->root() == crypto::hkdf_extract(crypto::Secret(bytes), as_bytes("ghmesh/v1")));
  EXPECT_TRUE(says("text         " + std::string(as_text(secret->text().reveal()))));
  const SwarmKeys keys(*secret);
  const EpochKeys day = keys.epoch_keys(20'486);
  EXPECT_TRUE(says("root         " + hex(secret->root().reveal()))) << hex(secret->root().reveal());
  EXPECT_TRUE(says("topic        " + day.topic)) << day.topic;
  EXPECT_TRUE(says("entry        " + hex(day.entry_key.reveal())));
  const KeyId id = keys.key_id("v1:14:api.github.com");
  EXPECT_TRUE(says("key id       " + hex(id))) << hex(id);
  const PrincipalTag tag = keys.principal_tag("token", as_bytes("hunter2"));
  EXPECT_TRUE(says("principal    " + hex(tag))) << hex(tag);
  EXPECT_TRUE(says("member       " + hex(keys.member_key().reveal())));
  EXPECT_TRUE(says("fingerprint  " + secret->fingerprint())) << secret->fingerprint();
  EXPECT_TRUE(says("peer list    " + hex(keys.peer_list_key().reveal())));
}

}  // namespace
}  // namespace ghmesh::mesh
