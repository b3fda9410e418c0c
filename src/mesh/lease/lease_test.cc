// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "crypto/hash.h"
#include "mesh/lease/lease_table.h"
#include "mesh/lease/rendezvous.h"

namespace ghmesh::mesh {
namespace {

using Word = LeaseTable::Word;
using End = LeaseTable::End;
using Kind = LeaseTable::Call::Kind;

KeyId key_of(std::uint64_t number) {
  KeyId key{};
  const crypto::Digest digest = crypto::sha256(as_bytes(std::to_string(number)));
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

multiformats::PeerId peer_of(std::uint64_t number) {
  Bytes bytes = {std::byte{0x12}, std::byte{0x20}};
  const crypto::Digest digest = crypto::sha256(as_bytes("peer " + std::to_string(number)));
  bytes.insert(bytes.end(), digest.begin(), digest.end());
  return multiformats::PeerId::parse(bytes).value();
}

class LeaseTableTest : public ::testing::Test {
 protected:
  std::vector<LeaseTable::Call> calls() {
    std::vector<LeaseTable::Call> all;
    while (auto call = table.next_call()) all.push_back(*call);
    return all;
  }
  void pass(Duration duration) {
    now += duration;
    table.tick(now);
  }

  LeaseTable table;
  Instant now{1h};
  const KeyId key = key_of(1);
};

TEST_F(LeaseTableTest, OneGoesAndTheOthersWait) {
  EXPECT_EQ(table.ask(key, 1, now), Word::go);
  EXPECT_EQ(table.ask(key, 2, now), Word::wait);
  EXPECT_EQ(table.ask(key, 3, now), Word::wait);
  EXPECT_EQ(table.ask(key_of(2), 4, now), Word::go);
  EXPECT_TRUE(calls().empty());
}

TEST_F(LeaseTableTest, WhoStillWaitsAMomentAfterTheAnswerIsToldOfIt) {
  table.ask(key, 1, now);
  for (LeaseTable::Asker asker : {2, 3, 4}) table.ask(key, asker, now);
  table.end(1, End::told, now);
  table.answered(key, now);
  table.end(3, End::lost, now);  // it heard the announcement itself
  pass(kHearsayDelay);
  const auto told = calls();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].asker, 2u);
  EXPECT_EQ(told[1].asker, 4u);
  EXPECT_EQ(told[0].kind, Kind::know);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(LeaseTableTest, AnAnswerThatComesBeforeItsHolderEndsFreesTheKey) {
  table.ask(key, 1, now);
  table.answered(key, now);
  table.end(1, End::told, now);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.ask(key, 2, now), Word::go);
}

TEST_F(LeaseTableTest, WhenTheHolderDiesTheNextOneGoes) {
  table.ask(key, 1, now);
  table.ask(key, 2, now);
  table.ask(key, 3, now);
  table.end(1, End::lost, now);
  auto called = calls();
  ASSERT_EQ(called.size(), 1u);
  EXPECT_EQ(called[0].asker, 2u);
  EXPECT_EQ(called[0].kind, Kind::go);
  table.end(2, End::lost, now);
  called = calls();
  ASSERT_EQ(called.size(), 1u);
  EXPECT_EQ(called[0].asker, 3u);
}

TEST_F(LeaseTableTest, WhenTheHolderFailsAllGo) {
  table.ask(key, 1, now);
  table.ask(key, 2, now);
  table.ask(key, 3, now);
  table.end(1, End::failed, now);
  EXPECT_EQ(calls().size(), 2u);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(LeaseTableTest, AHolderThatIsSilentLosesTheLease) {
  table.ask(key, 1, now);
  table.ask(key, 2, now);
  pass(kLeaseMax - 1ns);
  EXPECT_TRUE(calls().empty());
  pass(1ns);
  EXPECT_EQ(calls().size(), 1u);
  EXPECT_EQ(table.counters().expired, 1u);
}

TEST_F(LeaseTableTest, AWordThatWasNotFollowedByAnAnnouncementIsNotWaitedForLong) {
  table.ask(key, 1, now);
  table.ask(key, 2, now);
  table.end(1, End::told, now);
  pass(kTellMax);
  const auto called = calls();
  ASSERT_EQ(called.size(), 1u);
  EXPECT_EQ(called[0].kind, Kind::go);
  // With nobody waiting the key is just free.
  table.end(2, End::told, now);
  pass(kTellMax);
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(LeaseTableTest, ItsMemoryIsBounded) {
  for (std::uint64_t i = 0; i < kLeasesMax + 10; ++i)
    EXPECT_EQ(table.ask(key_of(i + 10), i + 1, now), Word::go);
  EXPECT_EQ(table.size(), kLeasesMax);
  EXPECT_EQ(table.counters().over_limit, 10u);
  std::size_t waiting = 0;
  for (std::uint64_t i = 0; i < kWaitersPerKeyMax + 10; ++i)
    waiting += table.ask(key_of(10), 100'000 + i, now) == Word::wait;
  EXPECT_EQ(waiting, kWaitersPerKeyMax);
}

// Whatever happens: at most one goes while nobody died or failed, and nobody is forgotten.
TEST_F(LeaseTableTest, NobodyIsForgotten) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    LeaseTable one;
    std::map<LeaseTable::Asker, bool> open;  // waits, or goes
    LeaseTable::Asker next = 1;
    Instant at{1h};
    const auto take_calls = [&] {
      while (auto call = one.next_call()) {
        ASSERT_TRUE(open.contains(call->asker));
        ASSERT_FALSE(open[call->asker]);
        if (call->kind == Kind::know) open.erase(call->asker);
        else open[call->asker] = true;
      }
    };
    for (int step = 0; step < 300; ++step) {
      switch (random.below(4)) {
        case 0: {
          const auto asker = next++;
          open[asker] = one.ask(key_of(random.below(3)), asker, at) == Word::go;
          break;
        }
        case 1:
          if (!open.empty()) {
            auto some =
                std::next(open.begin(), static_cast<std::ptrdiff_t>(random.below(open.size())));
            const auto how = static_cast<End>(random.below(3));
            const auto asker = some->first;
            open.erase(some);
            one.end(asker, how, at);
          }
          break;
        case 2: one.answered(key_of(random.below(3)), at); break;
        case 3:
          at += Duration(random.below(2'000'000'000));
          one.tick(at);
          break;
      }
      take_calls();
    }
    for (int i = 0; i < 2'000 && one.size() > 0; ++i) {
      at += kLeaseMax;
      one.tick(at);
      take_calls();
    }
    EXPECT_EQ(one.size(), 0u);
    for (const auto& [asker, goes] : open) EXPECT_TRUE(goes) << asker;
  }
}

TEST(Rendezvous, EverybodyFindsTheSameHome) {
  Rendezvous forward, backward;
  for (std::uint64_t i = 0; i < 32; ++i) forward.add(peer_of(i));
  for (std::uint64_t i = 32; i-- > 0;) backward.add(peer_of(i));
  for (std::uint64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(*forward.home_of(key_of(i)), *backward.home_of(key_of(i)));
  EXPECT_EQ(Rendezvous().home_of(key_of(1)), nullptr);
}

TEST(Rendezvous, SpreadsTheKeys) {
  Rendezvous members;
  for (std::uint64_t i = 0; i < 10; ++i) members.add(peer_of(i));
  std::map<multiformats::PeerId, int> counts;
  for (std::uint64_t i = 0; i < 10'000; ++i) ++counts[*members.home_of(key_of(i))];
  for (const auto& [peer, count] : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(Rendezvous, OnlyTheKeysOfOneThatLeavesMove) {
  Rendezvous before, after;
  for (std::uint64_t i = 0; i < 10; ++i) before.add(peer_of(i));
  after = before;
  after.remove(peer_of(3));
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const auto& home = *before.home_of(key_of(i));
    if (home == peer_of(3)) continue;
    EXPECT_EQ(home, *after.home_of(key_of(i)));
  }
}

}  // namespace
}  // namespace ghmesh::mesh
