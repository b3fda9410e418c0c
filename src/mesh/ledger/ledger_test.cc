// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/ledger.h"

#include <gtest/gtest.h>

#include "mesh/ledger/test_ledger.h"

namespace ghmesh::mesh {
namespace {

constexpr int kAnn = 1, kBob = 2, kEve = 3;

struct LedgerTest : testing::Test {
  Ledger ledger{kSelf, LedgerOptions()};
  Members members;
  Random random{1};

  Result<Heard> say(int author, Announcement announcement, std::int64_t now) {
    return members.say(ledger, author, std::move(announcement), now);
  }
  std::string served(const KeyAndTag& what, std::int64_t now) {
    return body_of(ledger.servable(what, at(now)));
  }
};

TEST_F(LedgerTest, ServesThePrincipalItselfWhileItIsFresh) {
  EXPECT_EQ(*say(kAnn, fetched(subject(1), 0, "one"), 1), Heard::kept);
  EXPECT_EQ(served(subject(1), 1), "one");
  EXPECT_EQ(served(subject(1), 59), "one");
  EXPECT_EQ(served(subject(1), 60), "");
  EXPECT_EQ(served(subject(1, 2), 1), "");  // another principal
  EXPECT_EQ(served(subject(2), 1), "");     // another key
}

TEST_F(LedgerTest, ServesNothingWithoutAProofInVerify) {
  Ledger verifying(kSelf, {.trust = Trust::verify});
  ASSERT_TRUE(members.say(verifying, kAnn, fetched(subject(1), 0, "one"), 1));
  EXPECT_EQ(verifying.servable(subject(1), at(1)), nullptr);
  EXPECT_FALSE(verifying.current_since(subject(1), digest_of("one")));
  EXPECT_EQ(body_of(verifying.candidate(subject(1))), "one");
}

TEST_F(LedgerTest, OlderNeverReplacesNewer) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 10, "new"), 10));
  EXPECT_EQ(say(kBob, fetched(subject(1), 9, "old"), 10).error(), Errc::mesh_outdated);
  EXPECT_EQ(say(kBob, valid(subject(1), 9, "old"), 10).error(), Errc::mesh_outdated);
  EXPECT_EQ(served(subject(1), 11), "new");
  EXPECT_EQ(*say(kBob, fetched(subject(1), 11, "newer"), 11), Heard::kept);
  EXPECT_EQ(served(subject(1), 11), "newer");
}

TEST_F(LedgerTest, CutsTheTimeThatMembersClaim) {
  Fetched private_one = fetched(subject(1), 0, "private");
  private_one.ttl = Seconds(86'400);
  Fetched public_one = fetched(subject(2), 0, "public");
  public_one.ttl = Seconds(86'400);
  public_one.is_public = true;
  Fetched short_one = fetched(subject(3), 0, "short");
  short_one.ttl = Seconds(5);
  Fetched ahead = fetched(subject(4), 30, "ahead");
  for (const Fetched& said : {private_one, public_one, short_one, ahead})
    ASSERT_TRUE(say(kAnn, said, 0));
  EXPECT_EQ(served(subject(1), 59) + served(subject(1), 60), "private");
  EXPECT_EQ(served(subject(2), 599) + served(subject(2), 600), "public");
  EXPECT_EQ(served(subject(3), 4) + served(subject(3), 5), "short");
  EXPECT_EQ(served(subject(4), 59) + served(subject(4), 60), "ahead");
}

TEST_F(LedgerTest, NothingIsImmortalWhenTheClockIsSetBack) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 86'400, "tomorrow"), 86'400));
  EXPECT_EQ(served(subject(1), 86'401), "tomorrow");
  EXPECT_EQ(served(subject(1), 0), "");
}

TEST_F(LedgerTest, A304OfAnotherMemberExtends) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 0, "one"), 0));
  EXPECT_EQ(*say(kBob, valid(subject(1), 50, "one"), 50), Heard::confirmed);
  EXPECT_EQ(served(subject(1), 109) + served(subject(1), 110), "one");
  const Statement* statement = ledger.servable(subject(1), at(60));
  ASSERT_NE(statement, nullptr);
  EXPECT_EQ(statement->author, peer(kAnn));
  EXPECT_EQ(Ledger::claim_of(*statement).vouched_by, peer(kBob));
  EXPECT_EQ(ledger.current_since(subject(1), digest_of("one")), at(50));
  // And is taken back with everything else that the member said.
  ledger.expel(peer(kBob), Errc::mesh_false_body, at(55));
  EXPECT_EQ(ledger.current_since(subject(1), digest_of("one")), at(0));
  EXPECT_EQ(served(subject(1), 59) + served(subject(1), 60), "one");
}

TEST_F(LedgerTest, A304OfAnUnknownBodyIsFilledLater) {
  EXPECT_EQ(*say(kBob, valid(subject(1), 50, "one"), 50), Heard::kept);
  EXPECT_EQ(ledger.servable(subject(1), at(51)), nullptr);
  EXPECT_EQ(ledger.candidate(subject(1)), nullptr);
  EXPECT_EQ(ledger.current_since(subject(1), digest_of("one")), at(50));
  EXPECT_EQ(*ledger.hear_relayed(peer(kAnn), fetched(subject(1), 0, "one"), at(51)), Heard::filled);
  EXPECT_EQ(served(subject(1), 109) + served(subject(1), 110), "one");
  EXPECT_EQ(say(kAnn, fetched(subject(1), 40, "two"), 51).error(), Errc::mesh_outdated);
}

TEST_F(LedgerTest, ADoubtMakesUsAskAndNeverAnswers) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 10, "one"), 10));
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 2), 10, "one"), 10));
  EXPECT_FALSE(ledger.is_overtaken(subject(1), at(10), digest_of("one")));
  EXPECT_EQ(*say(kBob, gone(subject(1), 12), 12), Heard::noted);
  EXPECT_EQ(served(subject(1), 13), "");
  EXPECT_EQ(served(subject(1, 2), 13), "one");  // a tombstone is for one principal
  EXPECT_TRUE(ledger.is_overtaken(subject(1), at(10), digest_of("one")));
  EXPECT_FALSE(ledger.is_overtaken(subject(1), at(13), digest_of("one")));
  EXPECT_FALSE(ledger.is_overtaken(subject(1, 2), at(10), digest_of("one")));

  EXPECT_EQ(*say(kBob, stale({key(1), key(7)}, 14), 14), Heard::noted);
  EXPECT_EQ(served(subject(1, 2), 15), "");  // and this for all
  EXPECT_TRUE(ledger.is_overtaken(subject(1, 2), at(13), digest_of("one")));
  EXPECT_TRUE(ledger.is_overtaken(subject(7), at(14), digest_of("what only we hold")));
  // Until somebody has asked.
  ASSERT_TRUE(say(kAnn, valid(subject(1, 2), 15, "one"), 15));
  EXPECT_EQ(served(subject(1, 2), 16), "one");
  // A doubt that comes before what it concerns.
  EXPECT_EQ(say(kAnn, fetched(subject(7), 13, "seven"), 16).value_or(Heard::noted), Heard::kept);
  EXPECT_EQ(served(subject(7), 16), "");
}

TEST_F(LedgerTest, ADoubtFromTheFutureConcernsThePastOnly) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 0, "one"), 0));
  ASSERT_TRUE(say(kEve, gone(subject(1), 30), 1));
  ASSERT_TRUE(say(kEve, stale({key(1)}, 30), 1));
  EXPECT_EQ(served(subject(1), 1), "");
  ASSERT_TRUE(say(kAnn, valid(subject(1), 2, "one"), 2));
  EXPECT_EQ(served(subject(1), 2), "one");
}

TEST_F(LedgerTest, WhatThisNodeHoldsIsOvertakenByNewerOfItsPrincipal) {
  ASSERT_TRUE(ledger.hear_own(fetched(subject(1), 10, "ours"), at(10)));
  EXPECT_EQ(ledger.servable(subject(1), at(10)), nullptr);  // look into our own cache
  EXPECT_FALSE(ledger.is_overtaken(subject(1), at(10), digest_of("ours")));
  EXPECT_EQ(say(kAnn, fetched(subject(1), 9, "older"), 10).error(), Errc::mesh_outdated);
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 2), 11, "theirs"), 11));
  EXPECT_FALSE(ledger.is_overtaken(subject(1), at(10), digest_of("ours")));
  ASSERT_TRUE(say(kAnn, valid(subject(1), 20, "ours"), 20));
  EXPECT_EQ(ledger.current_since(subject(1), digest_of("ours")), at(20));
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 21, "newer"), 21));
  EXPECT_TRUE(ledger.is_overtaken(subject(1), at(20), digest_of("ours")));
  EXPECT_FALSE(ledger.current_since(subject(1), digest_of("ours")));
}

TEST_F(LedgerTest, TwoMembersOfOneSecondAreBothNotBelieved) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 10, "one"), 10));
  EXPECT_EQ(*say(kBob, fetched(subject(1), 10, "one"), 10), Heard::known);
  EXPECT_EQ(*say(kBob, fetched(subject(1), 10, "two"), 10), Heard::disputed);
  EXPECT_EQ(served(subject(1), 11), "");
  EXPECT_TRUE(ledger.is_overtaken(subject(1), at(10), digest_of("one")));
  EXPECT_EQ(ledger.counters().disputed, 1);
  EXPECT_FALSE(ledger.next_event());
  ASSERT_TRUE(say(kBob, fetched(subject(1), 12, "two"), 12));
  EXPECT_EQ(served(subject(1), 12), "two");
}

TEST_F(LedgerTest, AMemberThatContradictsItselfIsExpelledAndShownToOthers) {
  ASSERT_TRUE(say(kBob, fetched(subject(2), 9, "bob's"), 9));
  ASSERT_TRUE(say(kEve, fetched(subject(3), 9, "eve's"), 9));
  ASSERT_TRUE(say(kEve, fetched(subject(1), 10, "one"), 10));
  EXPECT_EQ(say(kEve, fetched(subject(1), 10, "two"), 10).error(), Errc::mesh_contradiction);
  const auto conflict = next<Conflict>(ledger);
  ASSERT_TRUE(conflict);
  EXPECT_EQ(as_text(conflict->first), "message 3 2");
  EXPECT_EQ(as_text(conflict->second), "message 3 3");
  const auto expelled = next<Ledger::Expelled>(ledger);
  ASSERT_TRUE(expelled);
  EXPECT_EQ(expelled->author, peer(kEve));
  EXPECT_EQ(expelled->reason, Errc::mesh_contradiction);
  EXPECT_EQ(served(subject(1), 11) + served(subject(3), 11) + served(subject(2), 11), "bob's");
  EXPECT_EQ(ledger.candidate(subject(1)), nullptr);
  EXPECT_EQ(say(kEve, fetched(subject(1), 12, "three"), 12).error(), Errc::mesh_expelled);
  EXPECT_EQ(ledger.hear_relayed(peer(kEve), fetched(subject(1), 12, "three"), at(12)).error(),
            Errc::mesh_expelled);
  EXPECT_TRUE(ledger.is_expelled(peer(kEve), at(12)));
  EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(12 + 86'400)));
}

TEST_F(LedgerTest, ItselfNeverSaysTwoThingsOfOneSecond) {
  EXPECT_TRUE(ledger.may_say(subject(1), at(10), digest_of("one")));
  ASSERT_TRUE(ledger.hear_own(fetched(subject(1), 10, "one"), at(10)));
  EXPECT_TRUE(ledger.may_say(subject(1), at(10), digest_of("one")));
  EXPECT_FALSE(ledger.may_say(subject(1), at(10), digest_of("two")));
  EXPECT_TRUE(ledger.may_say(subject(1), at(11), digest_of("two")));
  EXPECT_FALSE(ledger.may_say(subject(1), at(9), digest_of("two")));
  EXPECT_TRUE(ledger.may_say(subject(1, 2), at(10), digest_of("two")));
  // A member was first in this second.
  ASSERT_TRUE(say(kAnn, fetched(subject(2), 10, "one"), 10));
  ASSERT_TRUE(ledger.hear_own(fetched(subject(2), 10, "two"), at(10)));
  EXPECT_FALSE(ledger.may_say(subject(2), at(10), digest_of("three")));
  // Not after a restart either.
  Ledger later(kSelf, LedgerOptions());
  ASSERT_TRUE(later.load(ledger.save(Ledger::Closing::yes, at(10)), at(10)));
  EXPECT_FALSE(later.may_say(subject(1), at(10), digest_of("two")));
  EXPECT_TRUE(later.may_say(subject(1), at(11), digest_of("two")));
}

TEST_F(LedgerTest, OffersTheOwnPrincipalsBodyFirstAndThenTheNewest) {
  EXPECT_EQ(ledger.candidate(subject(1)), nullptr);
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 2), 5, "two"), 5));
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 3), 6, "three"), 6));
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 4), 4, "four"), 6));
  EXPECT_EQ(body_of(ledger.candidate(subject(1, 1))), "three");
  ASSERT_TRUE(say(kAnn, fetched(subject(1, 1), 1, "one"), 6));
  EXPECT_EQ(body_of(ledger.candidate(subject(1, 1))), "one");
  EXPECT_EQ(served(subject(1, 1), 1'000), "");  // long after it was fresh, it is worth a proof
  EXPECT_EQ(body_of(ledger.candidate(subject(1, 1))), "one");
}

TEST_F(LedgerTest, ABodyThatWasAskedForIsTheOneThatWasSaid) {
  Fetched apart = fetched(subject(1), 0, "a large body");
  apart.body = nullptr;
  ASSERT_TRUE(say(kAnn, apart, 0));
  ASSERT_NE(ledger.servable(subject(1), at(1)), nullptr);
  EXPECT_EQ(ledger.keep_body(subject(1), http::make_body("a large lie!")).error(),
            Errc::mesh_false_body);
  EXPECT_EQ(ledger.keep_body(subject(2), http::make_body("a large body")).error(), Errc::not_found);
  ASSERT_TRUE(ledger.keep_body(subject(1), http::make_body("a large body")));
  EXPECT_EQ(served(subject(1), 1), "a large body");
}

TEST_F(LedgerTest, TakesNoNegativeAnswersFromOthers) {
  for (const int status : {100, 202, 204, 206, 302, 304, 401, 403, 404, 410, 429, 451, 500, 503}) {
    Fetched said = fetched(subject(1), 0, "{}");
    said.status = status;
    EXPECT_EQ(say(kAnn, said, 0).error(), Errc::unsupported) << status;
  }
  Fetched moved = fetched(subject(1), 0, "{}");
  moved.status = 301;
  EXPECT_TRUE(say(kAnn, moved, 0));
  EXPECT_EQ(ledger.counters().refused.unsupported, 14);
}

TEST_F(LedgerTest, BudgetsAreAdviceForAMinute) {
  ASSERT_TRUE(say(kAnn, budget(1, 4'000, 10), 10));
  EXPECT_EQ(say(kBob, budget(1, 4'500, 9), 10).error(), Errc::mesh_outdated);
  EXPECT_EQ(*say(kBob, budget(1, 4'100, 10), 10), Heard::known);
  ASSERT_TRUE(say(kBob, budget(1, 3'900, 10), 10));
  ASSERT_NE(ledger.budget(tag(1), "core", at(70)), nullptr);
  EXPECT_EQ(ledger.budget(tag(1), "core", at(70))->remaining, 3'900);
  EXPECT_EQ(ledger.budget(tag(1), "core", at(71)), nullptr);
  EXPECT_EQ(ledger.budget(tag(2), "core", at(11)), nullptr);
  EXPECT_EQ(ledger.budgets().size(), 1);
  ASSERT_TRUE(ledger.hear_own(budget(1, 3'800, 20), at(20)));
  EXPECT_NE(ledger.budget(tag(1), "core", at(500)), nullptr);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(say(kAnn, budget(100 + i, 1, 30 + i), 30 + i));
  EXPECT_EQ(ledger.budgets().size(), 256);
}

TEST_F(LedgerTest, EveryClaimOfANewMemberIsAuditedAndThenOneOfAHundred) {
  ASSERT_TRUE(say(kAnn, fetched(subject(1), 0, "one"), 0));
  const auto audits_of_a_thousand = [&] {
    int audits = 0;
    for (int i = 0; i < 1'000; ++i) {
      const Ledger::Served after =
          ledger.note_served(*ledger.servable(subject(1), at(1)), random, at(1));
      audits += after.wants_audit ? 1 : 0;
      if (after.wants_audit) ledger.note_proof(after.claim, tag(1), Proof::confirmed, at(1));
    }
    return audits;
  };
  for (int i = 0; i < 8; ++i) {
    const Ledger::Served after =
        ledger.note_served(*ledger.servable(subject(1), at(1)), random, at(1));
    EXPECT_TRUE(after.wants_audit);
    ledger.note_proof(after.claim, tag(1), Proof::confirmed, at(1));
  }
  EXPECT_GE(audits_of_a_thousand(), 20);
  for (int i = 0; i < 5'000; ++i)
    ledger.note_proof(Ledger::claim_of(*ledger.servable(subject(1), at(1))), tag(1),
                      Proof::confirmed, at(1));
  const int later = audits_of_a_thousand();
  EXPECT_GE(later, 1);
  EXPECT_LE(later, 30);
}

TEST_F(LedgerTest, ThreeRefutedClaimsExpel) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(i)));
    ASSERT_TRUE(say(kEve, fetched(subject(i), i, "lie"), i));
    const Claim claim = Ledger::claim_of(*ledger.servable(subject(i), at(i)));
    ledger.note_proof(claim, tag(9), Proof::refuted, at(i));  // another principal may see another
    EXPECT_EQ(served(subject(i), i), "lie");
    ledger.note_proof(claim, tag(1), Proof::refuted, at(i));
    EXPECT_EQ(served(subject(i), i), "");
  }
  EXPECT_TRUE(ledger.is_expelled(peer(kEve), at(4)));
  const auto expelled = next<Ledger::Expelled>(ledger);
  ASSERT_TRUE(expelled);
  EXPECT_EQ(expelled->reason, Errc::mesh_false_body);
  const AuthorFigures figures = ledger.authors(at(4)).front();
  EXPECT_EQ(figures.figures.refuted, 3);
  // For ten minutes; it comes back with half of the points, and goes for twice as long after two more.
  EXPECT_EQ(figures.expelled_until, at(3) + kFirstExpulsion);
  EXPECT_NEAR(figures.suspicion, kSuspicionMax / 2, 1);
  const std::int64_t later = 3 + kFirstExpulsion.count();
  EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(later)));
  for (int i = 11; i <= 12; ++i) {
    ASSERT_TRUE(say(kEve, fetched(subject(i), later + i, "lie"), later + i));
    ledger.note_proof(Ledger::claim_of(*ledger.servable(subject(i), at(later + i))), tag(1),
                      Proof::refuted, at(later + i));
  }
  EXPECT_EQ(ledger.authors(at(later + 20)).front().expelled_until,
            at(later + 12) + 2 * kFirstExpulsion);
}

// A runner is busy and idle and busy again: nobody lied.
TEST_F(LedgerTest, AThingThatGoesBackAndForthRefutesOnceOnly) {
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(say(kEve, fetched(subject(1), i, i % 2 == 0 ? "busy" : "idle"), i));
    const Claim claim = Ledger::claim_of(*ledger.find(subject(1)));
    ledger.note_proof(claim, tag(1), Proof::refuted, at(i));
  }
  EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(21)));
  EXPECT_EQ(ledger.authors(at(21)).front().figures.refuted, 1);
}

// Whose claims are always followed by a change is not expelled for it, and is not believed either, until proofs say
// otherwise. Where everything changes all the time, that says nothing.
TEST_F(LedgerTest, ChangesThatOthersDoNotMeetCostBelief) {
  const auto meet = [&](int author, int number, Proof proof) {
    ASSERT_TRUE(say(author, fetched(subject(number), number, "x"), number));
    const KeyAndTag what = subject(number);
    ledger.note_proof(Ledger::claim_of(*ledger.find(what)), tag(1), proof, at(number));
  };
  for (int i = 1; i <= 20; ++i) meet(kAnn, i, Proof::confirmed);
  for (int i = 21; i <= 30; ++i) meet(kEve, i, Proof::changed);
  ASSERT_TRUE(say(kEve, fetched(subject(31), 31, "x"), 31));
  ASSERT_TRUE(say(kAnn, fetched(subject(32), 31, "y"), 31));
  EXPECT_EQ(served(subject(31), 32), "");
  EXPECT_EQ(served(subject(32), 32), "y");
  EXPECT_NE(ledger.candidate(subject(31)), nullptr);
  EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(32)));
  for (int i = 33; i <= 63; ++i) meet(kEve, i, Proof::confirmed);
  EXPECT_EQ(served(subject(31), 64), "x");
}
TEST_F(LedgerTest, ChangesThatEverybodyMeetsCostNothing) {
  for (int i = 1; i <= 200; ++i) {
    const int author = i % 2 == 0 ? kAnn : kEve;
    ASSERT_TRUE(say(author, fetched(subject(i), i, "x"), i));
    ASSERT_EQ(served(subject(i), i), "x") << i;
    ledger.note_proof(Ledger::claim_of(*ledger.find(subject(i))), tag(1),
                      i % 20 == 0 ? Proof::confirmed : Proof::changed, at(i));
  }
}

// It says the truth before the audit's answer is there.
TEST_F(LedgerTest, AClaimIsAnsweredForAfterItWasReplaced) {
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(say(kEve, fetched(subject(i), 2 * i, "lie"), 2 * i));
    const auto after =
        ledger.note_served(*ledger.servable(subject(i), at(2 * i)), random, at(2 * i));
    ASSERT_TRUE(say(kEve, fetched(subject(i), 2 * i + 1, "truth"), 2 * i + 1));
    ledger.note_proof(after.claim, tag(1), Proof::refuted, at(2 * i + 1));
    if (i < 3) {
      EXPECT_EQ(served(subject(i), 2 * i + 1), "truth");
    }
  }
  EXPECT_TRUE(ledger.is_expelled(peer(kEve), at(10)));
}

TEST_F(LedgerTest, FalseDoubtsAndBudgetsArouseSuspicion) {
  ASSERT_TRUE(ledger.hear_own(fetched(subject(1), 0, "ours"), at(0)));
  for (int i = 1; i <= 11; ++i) {  // ten, but for what has faded meanwhile
    EXPECT_FALSE(ledger.is_expelled(peer(kEve), at(i)));
    ASSERT_TRUE(say(kEve, gone(subject(1), 2 * i), 2 * i));
    EXPECT_TRUE(ledger.is_overtaken(subject(1), at(2 * i - 1), digest_of("ours")));
    ledger.note_unchanged(subject(1), at(2 * i + 1), at(2 * i + 1));
    ledger.note_unchanged(subject(1), at(2 * i + 1), at(2 * i + 1));  // counts once
    EXPECT_FALSE(ledger.is_overtaken(subject(1), at(2 * i + 1), digest_of("ours")));
  }
  EXPECT_TRUE(ledger.is_expelled(peer(kEve), at(30)));

  ASSERT_TRUE(say(kBob, stale({key(1)}, 40), 40));
  ledger.note_unchanged(subject(1), at(41), at(41));
  for (const AuthorFigures& author : ledger.authors(at(41))) {
    if (author.author == peer(kBob)) {
      EXPECT_EQ(author.figures.false_doubts, 1);
      EXPECT_LT(author.suspicion, 1);
    }
  }
  for (int i = 0; i < 6; ++i) {
    EXPECT_FALSE(ledger.is_expelled(peer(kAnn), at(50)));
    ASSERT_TRUE(say(kAnn, budget(1, 0, 50 + 2 * i), 50 + 2 * i));
    ASSERT_TRUE(ledger.hear_own(budget(1, 4'000, 51 + 2 * i), at(51 + 2 * i)));
    EXPECT_EQ(ledger.budget(tag(1), "core", at(60))->remaining, 4'000);
  }
  EXPECT_TRUE(ledger.is_expelled(peer(kAnn), at(63)));
}

TEST_F(LedgerTest, FalseAccusersAreExpelledAndAccusationsAreFew) {
  int accused = 0;
  for (int i = 0; i < 100; ++i)
    accused += say(kEve, Conflict{}, 1).value_or(Heard::noted) == Heard::accused ? 1 : 0;
  EXPECT_EQ(accused, 8);
  for (int i = 0; i < 3; ++i) ledger.note_false_accusation(peer(kEve), at(1));
  EXPECT_TRUE(ledger.is_expelled(peer(kEve), at(1)));
}

TEST_F(LedgerTest, NeighboursAnswerForWhatTheyRelay) {
  EXPECT_EQ(*ledger.hear_relayed(peer(kAnn), fetched(subject(1), 0, "lie"), at(1)), Heard::kept);
  EXPECT_EQ(served(subject(1), 1), "lie");
  EXPECT_EQ(ledger.hear_relayed(peer(kAnn), gone(subject(1), 0), at(1)).error(), Errc::unsupported);
  // Nothing that was not signed convicts anybody.
  EXPECT_EQ(*ledger.hear_relayed(peer(kAnn), fetched(subject(1), 0, "other"), at(1)),
            Heard::disputed);
  EXPECT_FALSE(ledger.next_event());
  ASSERT_TRUE(ledger.hear_relayed(peer(kAnn), fetched(subject(2), 0, "lie"), at(1)));
  ledger.note_proof(Ledger::claim_of(*ledger.servable(subject(2), at(1))), tag(1), Proof::refuted,
                    at(1));
  EXPECT_LT(ledger.authors(at(1)).front().suspicion, 40);
}

TEST_F(LedgerTest, TellsNewcomersWhatWasUsedLastFirstFreshOrNot) {
  Fetched public_one = fetched(subject(4, 9), 2, "public");
  public_one.is_public = true;
  ASSERT_TRUE(say(kAnn, fetched(subject(1), -100, "stale"), 0));
  ASSERT_TRUE(say(kAnn, fetched(subject(2), 0, "used"), 0));
  ASSERT_TRUE(say(kAnn, fetched(subject(3), 1, "unused"), 1));
  ASSERT_TRUE(say(kAnn, public_one, 2));
  ASSERT_TRUE(say(kAnn, fetched(subject(5, 2), 3, "another's"), 3));
  ASSERT_TRUE(ledger.hear_own(fetched(subject(6), 3, "ours"), at(3)));
  ledger.note_served(*ledger.servable(subject(2), at(4)), random, at(4));
  std::vector<std::string> told;
  for (const Statement* statement : ledger.hot({tag(1)}, 10, at(4)))
    told.push_back(statement->is_own ? "ours" : body_of(statement));
  EXPECT_EQ(told, (std::vector<std::string>{"used", "ours", "public", "unused", "stale"}));
  EXPECT_EQ(ledger.hot({tag(1)}, 1, at(4)).size(), 1);
}

// --- bounds ---

TEST_F(LedgerTest, HoldsNoMoreThanItsBytesAndNoAuthorMoreThanItsShare) {
  Ledger small(kSelf, {.bytes_max = 256 * 1024});
  ASSERT_TRUE(members.say(small, kAnn, fetched(subject(0), 0, "wanted"), 0));
  for (int i = 1; i < 3'000; ++i) {
    ASSERT_TRUE(members.say(small, kEve, fetched(subject(i), 0, std::string(100, 'x')), 0));
    ASSERT_LE(small.authors(at(0)).back().bytes_held, 32 * 1024);
  }
  EXPECT_EQ(body_of(small.servable(subject(0), at(1))), "wanted");
  EXPECT_GT(small.counters().evicted_share, 1'000);
  // Many authors push out what is not used.
  for (int i = 1; i < 3'000; ++i) {
    small.note_served(*small.servable(subject(0), at(1)), random, at(1));
    ASSERT_TRUE(members.say(small, 100 + i % 50, fetched(subject(10'000 + i), 0, "flood"), 1));
    ASSERT_LE(small.bytes(), 256 * 1024);
  }
  EXPECT_EQ(body_of(small.servable(subject(0), at(1))), "wanted");
  EXPECT_GT(small.counters().evicted, 1'000);
  // What alone is more than a share.
  EXPECT_EQ(members.say(small, kAnn, fetched(subject(1), 1, std::string(40'000, 'x')), 1).error(),
            Errc::too_large);
}

TEST_F(LedgerTest, HoldsAKeyForFewPrincipals) {
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(say(kAnn, fetched(subject(1, i), i, "body of " + std::to_string(i)), i));
  EXPECT_EQ(ledger.statements_count(), kTagsPerKeyMax);
  EXPECT_EQ(ledger.counters().evicted_tags, 12);
  EXPECT_EQ(served(subject(1, 19), 20), "body of 19");
  EXPECT_EQ(served(subject(1, 11), 20), "");
}

TEST_F(LedgerTest, AFlooderIsNotListenedTo) {
  std::uint64_t heard = 0;
  for (int i = 0; i < 10'000; ++i) heard += say(kEve, fetched(subject(i), 0, "x"), 0) ? 1 : 0;
  EXPECT_EQ(heard, 4'096);
  EXPECT_EQ(ledger.counters().refused.too_many, 10'000 - 4'096);
  std::uint64_t doubts = 0;
  for (int i = 0; i < 100; ++i)
    doubts += say(kBob, stale(std::vector<KeyId>(256, key(i)), 0), 0) ? 1 : 0;
  EXPECT_EQ(doubts, 16);
  EXPECT_TRUE(say(kAnn, fetched(subject(1), 1, "honest"), 1));
  EXPECT_EQ(served(subject(1), 1), "honest");
}

TEST_F(LedgerTest, ForgetsAuthorsButNotTheirPast) {
  Ledger small(kSelf, {.authors_max = 4});
  ASSERT_TRUE(members.say(small, kAnn, fetched(subject(1), 5, "one"), 5));
  for (int i = 10; i < 14; ++i)
    ASSERT_TRUE(members.say(small, i, fetched(subject(i), 6, "other"), 6));
  EXPECT_EQ(small.counters().authors_forgotten, 1);
  // What it said waits for a proof: nobody could be blamed for it.
  EXPECT_EQ(small.servable(subject(1), at(7)), nullptr);
  EXPECT_EQ(body_of(small.candidate(subject(1))), "one");
  EXPECT_TRUE(members.say(small, kAnn, fetched(subject(1), 8, "two"), 8));
  EXPECT_EQ(body_of(small.servable(subject(1), at(8))), "two");
}

TEST_F(LedgerTest, TheExpelledStayExpelledWhenTheyAreForgotten) {
  Ledger small(kSelf, {.authors_max = 4});
  small.expel(peer(kEve), Errc::mesh_false_body, at(0));
  for (int i = 10; i < 30; ++i)
    ASSERT_TRUE(members.say(small, i, fetched(subject(i), i, "other"), i));
  EXPECT_EQ(members.say(small, kEve, fetched(subject(1), 40, "lie"), 40).error(),
            Errc::mesh_expelled);
}

}  // namespace
}  // namespace ghmesh::mesh
