// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/conflict.h"

#include <gtest/gtest.h>

#include "mesh/ledger/test_ledger.h"
#include "mesh/seal/seal.h"

namespace ghmesh::mesh {
namespace {

constexpr WallTime kToday = wall_time(kStart);

const SwarmSecret& secret() {
  static const SwarmSecret made =
      *SwarmSecret::from_token(crypto::Secret("ghp_Zk3v9QxT7bLm2RwYp8NcHs4JdKf6VgAu1Xe"));
  return made;
}

keys::PrivateKey author(int number) {
  const Bytes seed(32, static_cast<std::byte>(number));
  return keys::PrivateKey::of_seed(crypto::Secret(ByteView(seed)));
}

struct Said {
  std::uint64_t seqno = 1;
  std::string topic = {};  // signed for it; sealed for ours
};
Bytes say(const keys::PrivateKey& who, const Announcement& announcement, Said said = {}) {
  const Keyring keys(secret(), kToday);
  const EpochKeys& epoch = keys.announce_keys();
  const Bytes sealed = *Sealer().seal(
      epoch.entry_key, statement_context(epoch.topic, who.peer_id().bytes(), said.seqno),
      *write_announcement(announcement));
  return gossipsub::write_signed_message(said.topic.empty() ? epoch.topic : said.topic, sealed,
                                         said.seqno, who);
}

Result<PeerId> convict(Bytes first, Bytes second) {
  return open_conflict({.first = std::move(first), .second = std::move(second)},
                       Keyring(secret(), kToday));
}

TEST(MeshConflict, ShowsWhoSaidTwoThingsOfOneSecond) {
  const keys::PrivateKey eve = author(1);
  const Bytes one = say(eve, fetched(subject(1), 0, "one"));
  const Bytes two = say(eve, fetched(subject(1), 0, "two"), {.seqno = 2});
  EXPECT_EQ(*convict(one, two), eve.peer_id());
  EXPECT_EQ(*convict(two, one), eve.peer_id());
  // A day later, too; not when its keys are gone.
  const Conflict conflict{.first = one, .second = two};
  EXPECT_TRUE(open_conflict(conflict, Keyring(secret(), kToday + Seconds(86'400))));
  EXPECT_EQ(open_conflict(conflict, Keyring(secret(), kToday + Seconds(2 * 86'400))).error(),
            Errc::not_found);
}

TEST(MeshConflict, OfWhatDoesNotContradictConvictsNobody) {
  const keys::PrivateKey eve = author(1), ann = author(2);
  const Bytes one = say(eve, fetched(subject(1), 0, "one"));
  const Said second{.seqno = 2};
  EXPECT_FALSE(convict(one, one));
  EXPECT_FALSE(convict(one, say(eve, fetched(subject(1), 0, "one"), second)));
  EXPECT_FALSE(convict(one, say(eve, fetched(subject(1), 1, "two"), second)));
  EXPECT_FALSE(convict(one, say(eve, fetched(subject(2), 0, "two"), second)));
  EXPECT_FALSE(convict(one, say(eve, fetched(subject(1, 2), 0, "two"), second)));
  EXPECT_FALSE(convict(one, say(ann, fetched(subject(1), 0, "two"), second)));
  EXPECT_FALSE(convict(one, say(eve, valid(subject(1), 0, "two"), second)));
  EXPECT_FALSE(convict(one, {}));
  EXPECT_FALSE(convict({}, {}));
}

TEST(MeshConflict, ThatIsForgedConvictsNobody) {
  const keys::PrivateKey eve = author(1), ann = author(2);
  const Bytes one = say(eve, fetched(subject(1), 0, "one"));
  Bytes two = say(eve, fetched(subject(1), 0, "two"), {.seqno = 2});
  for (std::size_t i = 0; i < two.size(); ++i) {
    two[i] ^= std::byte{1};
    EXPECT_FALSE(convict(one, two)) << i;
    two[i] ^= std::byte{1};
  }
  // Sealed by somebody else, or for another place, and signed by her.
  const Bytes of_ann = say(ann, fetched(subject(1), 0, "two"));
  const auto opened = gossipsub::open_signed_message(of_ann);
  ASSERT_TRUE(opened);
  EXPECT_FALSE(convict(
      one, gossipsub::write_signed_message(opened->topic, opened->data, opened->seqno, eve)));
}

// The predecessor's sealed entries could be said again anywhere.
TEST(PredecessorPromises, ReplayIsRefusedOnAnotherTopic) {
  const keys::PrivateKey ann = author(1), eve = author(2);
  const Keyring keys(secret(), kToday);
  const auto open = [&](ByteView message) {
    const auto opened = gossipsub::open_signed_message(message);
    EXPECT_TRUE(opened);
    return open_statement(*opened, keys);
  };
  const Bytes original = say(ann, fetched(subject(1), 0, "one"));
  ASSERT_TRUE(open(original));
  const auto said = gossipsub::open_signed_message(original);
  const std::string tomorrow = keys.readable()[2].topic;
  ASSERT_NE(tomorrow, keys.announce_keys().topic);
  // By its own author on another topic, with another number; by another member.
  const auto again = [&](std::string_view topic, std::uint64_t seqno, const keys::PrivateKey& who) {
    return open(gossipsub::write_signed_message(topic, said->data, seqno, who));
  };
  EXPECT_TRUE(again(said->topic, said->seqno, ann));
  EXPECT_EQ(again(tomorrow, said->seqno, ann).error(), Errc::seal_rejected);
  EXPECT_EQ(again("another", said->seqno, ann).error(), Errc::not_found);
  EXPECT_EQ(again(said->topic, said->seqno + 1, ann).error(), Errc::seal_rejected);
  EXPECT_EQ(again(said->topic, said->seqno, eve).error(), Errc::seal_rejected);
}

// From the two messages to the expulsion on a node that heard neither.
TEST(MeshConflict, ConvincesANodeThatHeardNeitherStatement) {
  const keys::PrivateKey eve = author(1);
  const Keyring keys(secret(), kToday);
  Ledger witness(kSelf, LedgerOptions()), other(kSelf, LedgerOptions());
  for (std::uint64_t seqno = 1; seqno <= 2; ++seqno) {
    const Bytes raw = say(eve, fetched(subject(1), 0, std::to_string(seqno)), {.seqno = seqno});
    auto said = open_statement(*gossipsub::open_signed_message(raw), keys);
    ASSERT_TRUE(said);
    auto heard = witness.hear({.author = eve.peer_id(), .seqno = seqno, .raw = raw},
                              std::move(*said), at(0));
    EXPECT_EQ(bool(heard), seqno == 1);
  }
  const auto conflict = next<Conflict>(witness);
  ASSERT_TRUE(conflict);
  // It travels as an announcement.
  auto travelled = parse_announcement(*write_announcement(*conflict));
  ASSERT_TRUE(travelled);
  EXPECT_EQ(*other.hear({.author = peer(1), .seqno = 1, .raw = as_bytes("raw")}, *travelled, at(1)),
            Heard::accused);
  const auto liar = open_conflict(std::get<Conflict>(*travelled), keys);
  ASSERT_TRUE(liar);
  other.expel(*liar, Errc::mesh_contradiction, at(1));
  EXPECT_TRUE(other.is_expelled(eve.peer_id(), at(1)));
}

}  // namespace
}  // namespace ghmesh::mesh
