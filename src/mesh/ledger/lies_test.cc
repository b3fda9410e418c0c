// SPDX-License-Identifier: Apache-2.0 OR MIT
// A member that lies, and what its lies reach; and the promises that the predecessor makes and does not keep.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "mesh/ledger/test_ledger.h"

namespace ghmesh::mesh {
namespace {

// --- promises that ghmesh's predecessor makes and breaks ---

constexpr int kAnn = 1, kBob = 2;

Result<Heard> say(Ledger& ledger, int author, std::uint64_t seqno, Announcement announcement,
                  std::int64_t now) {
  return ledger.hear({.author = peer(author), .seqno = seqno, .raw = as_bytes("signed")},
                     std::move(announcement), at(now));
}

TEST(PredecessorPromises, ReplayIsRefusedByTheSameNode) {
  Ledger ledger(kSelf, LedgerOptions());
  ASSERT_TRUE(say(ledger, kAnn, 5, fetched(subject(1), 0, "one"), 0));
  EXPECT_EQ(say(ledger, kAnn, 5, fetched(subject(1), 0, "one"), 1).error(), Errc::mesh_replayed);
  // Whatever it says now, and on whatever topic: a number is used once.
  EXPECT_EQ(say(ledger, kAnn, 5, gone(subject(9), 1), 1).error(), Errc::mesh_replayed);
  // Messages overtake each other: what was not heard is.
  EXPECT_TRUE(say(ledger, kAnn, 1'000, fetched(subject(2), 1, "two"), 1));
  EXPECT_TRUE(say(ledger, kAnn, 999, fetched(subject(3), 1, "three"), 1));
  EXPECT_EQ(say(ledger, kAnn, 999, fetched(subject(3), 1, "three"), 1).error(),
            Errc::mesh_replayed);
  EXPECT_TRUE(say(ledger, kAnn, 1'000 - 511, fetched(subject(4), 1, "four"), 1));
  EXPECT_EQ(say(ledger, kAnn, 1'000 - 512, fetched(subject(5), 1, "five"), 1).error(),
            Errc::mesh_replayed);
  // A message that was refused is not better the next time.
  EXPECT_EQ(say(ledger, kAnn, 2'000, fetched(subject(6), 90, "six"), 1).error(),
            Errc::mesh_from_future);
  EXPECT_EQ(say(ledger, kAnn, 2'000, fetched(subject(6), 90, "six"), 91).error(),
            Errc::mesh_replayed);
}

TEST(PredecessorPromises, ReplayIsRefusedAfterARestart) {
  Ledger before(kSelf, LedgerOptions());
  ASSERT_TRUE(say(before, kAnn, 5, fetched(subject(1), 0, "old"), 0));
  ASSERT_TRUE(say(before, kBob, 5, fetched(subject(1), 10, "new"), 10));
  Ledger after(kSelf, LedgerOptions());
  ASSERT_TRUE(after.load(before.save(Ledger::Closing::yes, at(11)), at(12)));
  EXPECT_EQ(say(after, kAnn, 5, fetched(subject(1), 0, "old"), 12).error(), Errc::mesh_replayed);
  EXPECT_EQ(say(after, kBob, 5, fetched(subject(1), 10, "new"), 12).error(), Errc::mesh_replayed);
  // Said again, by whoever has the key: still older than what was known.
  EXPECT_EQ(say(after, kAnn, 6, fetched(subject(1), 9, "old"), 12).error(), Errc::mesh_outdated);
  EXPECT_TRUE(say(after, kAnn, 7, fetched(subject(1), 11, "newer"), 12));
}

// The process died a while after its last save: it does not know what it heard in between.
TEST(PredecessorPromises, ReplayIsRefusedAfterACrash) {
  const std::int64_t unknown = (kSaveInterval + kDateAheadMax).count();
  Ledger before(kSelf, LedgerOptions());
  const Bytes saved = before.save(Ledger::Closing::no, at(0));
  ASSERT_TRUE(say(before, kAnn, 5, fetched(subject(1), 9, "lost"), 9));
  Ledger after(kSelf, LedgerOptions());
  ASSERT_TRUE(after.load(saved, at(10)));
  EXPECT_EQ(say(after, kAnn, 5, fetched(subject(1), 9, "lost"), 10).error(), Errc::mesh_replayed);
  EXPECT_EQ(say(after, kAnn, 6, fetched(subject(1), unknown, "perhaps lost"), unknown).error(),
            Errc::mesh_replayed);
  EXPECT_TRUE(say(after, kAnn, 7, fetched(subject(1), unknown + 1, "new"), unknown + 1));
}

TEST(PredecessorPromises, ReplayIsRefusedAfterAnEviction) {
  Ledger small(kSelf, {.bytes_max = 64 * 1024, .authors_max = 8, .marks_max = 64});
  ASSERT_TRUE(say(small, kAnn, 5, fetched(subject(1), 0, "old"), 0));
  ASSERT_TRUE(say(small, kBob, 5, fetched(subject(1), 1, "new"), 1));
  for (int i = 0; i < 200; ++i)  // pushes out the statement, the authors, and the dates
    ASSERT_TRUE(
        say(small, 100 + i, 1, fetched(subject(100 + i), 2 + i, std::string(500, 'x')), 2 + i));
  EXPECT_EQ(small.candidate(subject(1)), nullptr);
  EXPECT_EQ(say(small, kAnn, 5, fetched(subject(1), 0, "old"), 300).error(), Errc::mesh_replayed);
  EXPECT_EQ(say(small, kBob, 5, fetched(subject(1), 1, "new"), 300).error(), Errc::mesh_replayed);
  EXPECT_EQ(say(small, kBob, 4, fetched(subject(1), 1, "new"), 300).error(), Errc::mesh_replayed);
  EXPECT_TRUE(say(small, kBob, 6, fetched(subject(1), 300, "newer"), 300));
}

TEST(PredecessorPromises, BodyIsBoundToItsDigest) {
  Ledger ledger(kSelf, LedgerOptions());
  Fetched said = fetched(subject(1), 0, "the body");
  said.body = http::make_body("the lie!");
  EXPECT_EQ(say(ledger, kAnn, 1, said, 0).error(), Errc::mesh_false_body);
  said.body = http::make_body("the body, and more");
  EXPECT_EQ(say(ledger, kAnn, 2, said, 0).error(), Errc::mesh_false_body);
  EXPECT_EQ(ledger.hear_relayed(peer(kBob), said, at(0)).error(), Errc::mesh_false_body);
  EXPECT_EQ(ledger.statements_count(), 0);
  EXPECT_EQ(say(ledger, kAnn, 3, said, 0).error(), Errc::mesh_false_body);
  EXPECT_TRUE(ledger.is_expelled(peer(kAnn), at(0)));
}

TEST(PredecessorPromises, FutureTimestampsAreRefused) {
  Ledger ledger(kSelf, LedgerOptions());
  EXPECT_EQ(say(ledger, kAnn, 1, fetched(subject(1), 31, "x"), 0).error(), Errc::mesh_from_future);
  EXPECT_EQ(say(ledger, kAnn, 2, valid(subject(1), 31, "x"), 0).error(), Errc::mesh_from_future);
  EXPECT_EQ(say(ledger, kAnn, 3, gone(subject(1), 31), 0).error(), Errc::mesh_from_future);
  EXPECT_EQ(say(ledger, kAnn, 4, stale({key(1)}, 31), 0).error(), Errc::mesh_from_future);
  EXPECT_EQ(say(ledger, kAnn, 5, budget(1, 0, 31), 0).error(), Errc::mesh_from_future);
  EXPECT_EQ(ledger.hear_relayed(peer(kBob), fetched(subject(1), 31, "x"), at(0)).error(),
            Errc::mesh_from_future);
  EXPECT_EQ(ledger.counters().refused.from_future, 6);
  // The rollback of the predecessor: an old body, dated ahead, until the truth arrives.
  ASSERT_TRUE(say(ledger, kAnn, 6, fetched(subject(1), 30, "old"), 0));
  ASSERT_TRUE(say(ledger, kBob, 1, fetched(subject(1), 31, "new"), 31));
  EXPECT_EQ(body_of(ledger.servable(subject(1), at(31))), "new");
}

// --- lies ---

// GitHub, for one principal: every key has a body that changes now and then.
class Truth {
 public:
  explicit Truth(std::uint64_t seed) : random_(seed) {}
  static constexpr int kKeys = 100;

  void change_some(std::int64_t now) {
    if (!random_.chance(0.2)) return;
    changes_[static_cast<int>(random_.below(kKeys))].insert(now);
  }
  std::string body(int key_number, std::int64_t date) const {
    std::int64_t since = -1'000;
    if (const auto found = changes_.find(key_number); found != changes_.end()) {
      const auto next = found->second.upper_bound(date);
      if (next != found->second.begin()) since = *std::prev(next);
    }
    return "body of " + std::to_string(key_number) + " since " + std::to_string(since);
  }
  // As a careful node judges a 200: the body's Last-Modified is compared with the claim's date.
  Proof prove(const Statement& statement, int key_number, std::int64_t now) const {
    const std::string current = body(key_number, now);
    if (statement.said.body_digest == digest_of(current)) return Proof::confirmed;
    const std::int64_t claimed = to_seconds(statement.current_at) - kStart;
    return body(key_number, claimed) == current ? Proof::refuted : Proof::changed;
  }

 private:
  Random random_;
  std::map<int, std::set<std::int64_t>> changes_;
};

struct Outcome {
  int lies_heard = 0, served = 0, served_false = 0, expelled = 0, honest_expelled = 0;
  std::int64_t longest_false = 0;  // seconds after it was said
};

// 10,000 lies of six kinds, ten a second, among the honest words of others. A liar that is expelled comes back under
// another name. Every second some keys are asked for.
class LiarRun {
 public:
  LiarRun(Trust trust, std::uint64_t seed)
      : ledger_(kSelf, {.trust = trust}), truth_(seed), random_(seed) {}

  Outcome run() {
    for (std::int64_t now = 100; lies_ < 10'000; ++now) {
      truth_.change_some(now);
      for (int i = 0; i < 5; ++i) tell_truth(now);
      for (int i = 0; i < 10; ++i) lie(now);
      for (int i = 0; i < 10; ++i) ask(static_cast<int>(random_.below(Truth::kKeys)), now);
      while (const auto event = ledger_.next_event()) note(*event);
    }
    return outcome_;
  }

 private:
  void tell_truth(std::int64_t now) {
    const int number = static_cast<int>(random_.below(Truth::kKeys));
    const int author = 1 + static_cast<int>(random_.below(kHonest));
    static_cast<void>(members_.say(ledger_, author,
                                   fetched(subject(number), now, truth_.body(number, now)), now));
  }

  Announcement make_lie(std::int64_t now) {
    const int number = static_cast<int>(random_.below(Truth::kKeys));
    const std::string true_body = truth_.body(number, now);
    switch (lies_ % 6) {
      case 0: return fetched(subject(number), now, "a false body " + std::to_string(lies_));
      case 1: return fetched(subject(number), now, truth_.body(number, now - 300));
      case 2: {
        Fetched said = fetched(subject(number), now, "a false digest " + std::to_string(lies_));
        said.body = random_.chance(0.5) ? nullptr : http::make_body(true_body);
        return said;
      }
      case 3: return fetched(subject(number), now, truth_.body((number + 1) % Truth::kKeys, now));
      case 4: return budget(1, 0, now);
      default: return gone(subject(number), now);
    }
  }

  void lie(std::int64_t now) {
    if (members_.say(ledger_, liar_, make_lie(now), now)) ++outcome_.lies_heard;
    ++lies_;
  }

  // What a node does for one request of its caller.
  void ask(int number, std::int64_t now) {
    const KeyAndTag what = subject(number);
    if (const Statement* statement = ledger_.servable(what, at(now))) {
      const Ledger::Served after = ledger_.note_served(*statement, random_, at(now));
      judge_served(*statement, number, now);
      if (after.wants_audit)
        ledger_.note_proof(after.claim, tag(1), truth_.prove(*statement, number, now), at(now));
      return;
    }
    if (const Statement* offered = ledger_.candidate(what))
      ledger_.note_proof(Ledger::claim_of(*offered), tag(1), truth_.prove(*offered, number, now),
                         at(now));
    ledger_.note_unchanged(what, at(now), at(now));
    static_cast<void>(ledger_.hear_own(fetched(what, now, truth_.body(number, now)), at(now)));
    static_cast<void>(ledger_.hear_own(budget(1, 4'000, now), at(now)));
  }

  void judge_served(const Statement& statement, int number, std::int64_t now) {
    ++outcome_.served;
    const std::int64_t claimed = to_seconds(statement.current_at) - kStart;
    // Bodies that were asked for by their digest and were another one.
    const bool is_true = statement.said.body_digest == digest_of(truth_.body(number, claimed));
    if (is_true) return;
    ++outcome_.served_false;
    outcome_.longest_false = std::max(outcome_.longest_false, now - claimed);
  }

  void note(const Ledger::Event& event) {
    const auto* expelled = std::get_if<Ledger::Expelled>(&event);
    if (expelled == nullptr) return;
    if (expelled->author == peer(liar_)) ++liar_, ++outcome_.expelled;
    else ++outcome_.honest_expelled;
  }

  static constexpr std::uint64_t kHonest = 10;
  Ledger ledger_;
  Truth truth_;
  Random random_;
  Members members_;
  int lies_ = 0;
  int liar_ = 1'000;
  Outcome outcome_;
};

TEST(LyingMember, TenThousandLiesOfSixKindsServeNothingInVerify) {
  const Outcome outcome = LiarRun(Trust::verify, 1).run();
  EXPECT_EQ(outcome.served, 0);
  EXPECT_GT(outcome.expelled, 10);
  EXPECT_EQ(outcome.honest_expelled, 0);
  std::printf("verify: %d lies heard, 0 served; %d identities expelled\n", outcome.lies_heard,
              outcome.expelled);
}

TEST(LyingMember, TenThousandLiesOfSixKindsAreBoundedInSwarm) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Outcome outcome = LiarRun(Trust::swarm, seed).run();
    EXPECT_GT(outcome.expelled, 10);
    EXPECT_EQ(outcome.honest_expelled, 0);
    EXPECT_LT(outcome.longest_false, 60);
    // Every use of a newcomer's claim is audited, and the third refuted one is the last.
    EXPECT_LE(outcome.served_false, 3 * (outcome.expelled + 1));
    std::printf(
        "swarm, seed %d: %d lies heard, %d answers served, %d false ones, the longest for "
        "%d s; %d identities expelled\n",
        static_cast<int>(seed), outcome.lies_heard, outcome.served, outcome.served_false,
        static_cast<int>(outcome.longest_false), outcome.expelled);
  }
}

// It tells the truth until hardly anything of it is audited.
TEST(LyingMember, APatientLiarIsExpelledWithinSomeHundredAnswers) {
  int most = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Ledger ledger(kSelf, LedgerOptions());
    Members members;
    Random random(seed);
    ASSERT_TRUE(members.say(ledger, kAnn, fetched(subject(0), 0, "truth"), 0));
    const Claim truth = Ledger::claim_of(*ledger.servable(subject(0), at(1)));
    for (int i = 0; i < 5'000; ++i) ledger.note_proof(truth, tag(1), Proof::confirmed, at(1));
    int served_false = 0;
    for (int i = 1; !ledger.is_expelled(peer(kAnn), at(i)); ++i) {
      ASSERT_TRUE(members.say(ledger, kAnn, fetched(subject(i), i, "lie"), i));
      const auto after = ledger.note_served(*ledger.servable(subject(i), at(i)), random, at(i));
      ++served_false;
      if (after.wants_audit) ledger.note_proof(after.claim, tag(1), Proof::refuted, at(i));
      ASSERT_LT(served_false, 2'000);
    }
    most = std::max(most, served_false);
  }
  std::printf("a patient liar: at most %d false answers in 20 runs\n", most);
}

TEST(LyingMember, ItsFloodLeavesTheWordsOfOthers) {
  Ledger ledger(kSelf, {.bytes_max = 1024 * 1024});
  Members members;
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(members.say(ledger, kBob, fetched(subject(i), 0, "honest"), 0));
  for (int i = 0; i < 100'000; ++i)
    static_cast<void>(members.say(
        ledger, kAnn, fetched(subject(1'000 + i), i / 2'000, std::string(1'000, 'x')), i / 2'000));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(body_of(ledger.servable(subject(i), at(50))), "honest") << i;
}

}  // namespace
}  // namespace ghmesh::mesh
