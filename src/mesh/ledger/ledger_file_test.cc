// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the ledger remembers over a restart, and files that are damaged.
#include <gtest/gtest.h>

#include "mesh/ledger/test_ledger.h"

namespace ghmesh::mesh {
namespace {

constexpr int kAnn = 1, kEve = 2;

struct LedgerFile : testing::Test {
  Ledger ledger{kSelf, LedgerOptions()};
  Members members;

  void SetUp() override {
    ASSERT_TRUE(members.say(ledger, kAnn, fetched(subject(1), 5, "one"), 5));
    ASSERT_TRUE(members.say(ledger, kAnn, stale({key(2)}, 6), 6));
    ASSERT_TRUE(members.say(ledger, kAnn, gone(subject(3), 7), 7));
    ASSERT_TRUE(ledger.hear_own(fetched(subject(4), 8, "ours"), at(8)));
    ASSERT_TRUE(members.say(ledger, kEve, fetched(subject(5), 8, "lie"), 8));
    ledger.note_proof(Ledger::claim_of(*ledger.servable(subject(5), at(8))), tag(1), Proof::refuted,
                      at(8));
    ledger.expel(peer(9), Errc::mesh_false_body, at(8));
  }
  Bytes saved(Ledger::Closing closing = Ledger::Closing::yes) const {
    return ledger.save(closing, at(9));
  }
};

TEST_F(LedgerFile, HoldsWhatMustOutliveTheProcess) {
  const Bytes file = saved();
  Ledger after(kSelf, LedgerOptions());
  ASSERT_TRUE(after.load(file, at(9)));
  EXPECT_EQ(after.save(Ledger::Closing::yes, at(9)), file);
  EXPECT_EQ(after.statements_count(), 0);
  EXPECT_TRUE(after.is_overtaken(subject(2), at(6), digest_of("x")));
  EXPECT_TRUE(after.is_overtaken(subject(3), at(7), digest_of("x")));
  EXPECT_TRUE(after.is_overtaken(subject(1), at(4), digest_of("older")));
  EXPECT_FALSE(after.is_overtaken(subject(1), at(4), digest_of("one")));
  EXPECT_FALSE(after.is_overtaken(subject(4), at(8), digest_of("ours")));
  EXPECT_TRUE(after.is_expelled(peer(9), at(10)));
  for (const AuthorFigures& author : after.authors(at(9)))
    if (author.author == peer(kEve)) {
      EXPECT_EQ(author.figures.refuted, 1);
      EXPECT_GE(author.suspicion, 39);
    }
  // Two more, and it is expelled: a restart forgives nothing.
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(members.say(after, kEve, fetched(subject(6 + i), 10 + i, "lie"), 10 + i));
    after.note_proof(Ledger::claim_of(*after.servable(subject(6 + i), at(10 + i))), tag(1),
                     Proof::refuted, at(10 + i));
  }
  EXPECT_TRUE(after.is_expelled(peer(kEve), at(12)));
}

TEST_F(LedgerFile, ThatIsDamagedAnywhereIsRefusedAndNothingOfThePastIsBelieved) {
  const Bytes file = saved();
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes changed = file;
    changed[i] ^= std::byte{4};
    Ledger after(kSelf, LedgerOptions());
    EXPECT_FALSE(after.load(changed, at(9))) << i;
    EXPECT_EQ(after.load(ByteView(file).first(i), at(9)).error(), Errc::store_corrupt) << i;
    EXPECT_FALSE(after.is_expelled(peer(9), at(10)));
    EXPECT_EQ(after
                  .hear({.author = peer(kAnn), .seqno = 1, .raw = as_bytes("raw")},
                        fetched(subject(1), 5, "one"), at(9))
                  .error(),
              Errc::mesh_replayed);
    EXPECT_TRUE(after.hear({.author = peer(kAnn), .seqno = 9, .raw = as_bytes("raw")},
                           fetched(subject(1), 10, "one"), at(10)));
  }
}

TEST_F(LedgerFile, OfAnotherVersionIsRefused) {
  Bytes file = saved();
  file[14] = std::byte{'2'};
  const crypto::Digest digest = crypto::sha256(ByteView(file).first(file.size() - 16));
  copy_to(MutableByteView(file).last(16), ByteView(digest).first(16));
  Ledger after(kSelf, LedgerOptions());
  EXPECT_EQ(after.load(file, at(9)).error(), Errc::store_version);
}

TEST_F(LedgerFile, LoadsIntoASmallerLedger) {
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(members.say(ledger, 100 + i, fetched(subject(100 + i), 10 + i, "x"), 10 + i));
  Ledger after(kSelf, {.authors_max = 4, .marks_max = 4});
  ASSERT_TRUE(after.load(ledger.save(Ledger::Closing::yes, at(200)), at(200)));
  EXPECT_EQ(after.authors(at(200)).size(), 4);
  // Of those that found no room, nothing old is heard.
  EXPECT_EQ(after
                .hear({.author = peer(100), .seqno = 1, .raw = as_bytes("raw")},
                      fetched(subject(100), 10, "x"), at(200))
                .error(),
            Errc::mesh_replayed);
}

TEST_F(LedgerFile, OfAThousandAuthorsAndTenThousandDatesIsSmall) {
  for (int i = 0; i < 10'000; ++i)
    ASSERT_TRUE(members.say(ledger, 100 + i % 1'000, fetched(subject(100 + i), 10, "x"), 10));
  const std::size_t bytes = saved().size();
  EXPECT_LT(bytes, 600'000);
  std::printf("1,002 authors, 10,002 dates: %zu bytes\n", bytes);
}

}  // namespace
}  // namespace ghmesh::mesh
