// SPDX-License-Identifier: Apache-2.0 OR MIT
// Whatever is said in whatever order, from seeds: the rules of docs/belief.md hold after every step.
#include <gtest/gtest.h>

#include <set>

#include "mesh/ledger/test_ledger.h"

namespace ghmesh::mesh {
namespace {

constexpr int kKeys = 6, kTags = 3, kMembers = 5, kBodies = 4;

// The plainest way to know what may be believed: everything that was accepted, for ever.
class Model {
 public:
  explicit Model(std::uint64_t seed, LedgerOptions options)
      : options_(options), ledger_(std::make_unique<Ledger>(kSelf, options)), random_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      move();
      for (int k = 0; k < kKeys; ++k)
        for (int t = 0; t < kTags; ++t) check(subject(k, t));
      EXPECT_LE(ledger_->bytes(), options_.bytes_max);
      for (const AuthorFigures& author : ledger_->authors(at(now_)))
        EXPECT_LE(author.bytes_held, options_.bytes_max / kAuthorShare);
    }
  }

  int served_count() const { return served_; }

 private:
  struct Said {
    std::int64_t date;
    std::string body;
    int author;  // -1: this node
    std::int64_t heard_at;
  };

  int pick(int count) { return static_cast<int>(random_.below(static_cast<std::uint64_t>(count))); }
  std::int64_t some_date() { return now_ - 40 + pick(75); }
  KeyAndTag some_subject() { return subject(pick(kKeys), pick(kTags)); }
  std::string some_body() { return std::string(1, static_cast<char>('a' + pick(kBodies))); }

  void move() {
    const KeyAndTag what = some_subject();
    switch (pick(16)) {
      case 0: now_ += pick(30); break;
      case 1: restart(); break;
      case 2: say(gone(what, some_date())); break;
      case 3: say(stale({what.key, key(pick(kKeys))}, some_date())); break;
      case 4: say_own(what); break;
      case 5: replay(); break;
      case 6: expel(); break;
      case 7: flood(); break;
      case 8: prove(what); break;
      case 9:
      case 10: say(valid(what, some_date(), some_body())); break;
      default: say(fetched(what, some_date(), some_body()));
    }
  }

  void say(const Announcement& announcement) {
    const int author = pick(kMembers);
    const std::uint64_t seqno = ++seqnos_[author];
    sent_.push_back({author, seqno, announcement});
    hear(author, seqno, announcement);
  }

  void hear(int author, std::uint64_t seqno, const Announcement& announcement) {
    const std::string raw = std::to_string(author) + "/" + std::to_string(seqno);
    auto heard = ledger_->hear({.author = peer(author), .seqno = seqno, .raw = as_bytes(raw)},
                               announcement, at(now_));
    if (!heard) return;
    EXPECT_TRUE(numbers_.insert({author, seqno}).second) << "replayed " << raw;
    EXPECT_FALSE(expelled_.contains(author));
    note(author, announcement);
  }

  void note(int author, const Announcement& announcement) {
    if (const auto* said = std::get_if<Fetched>(&announcement))
      said_[{said->key, said->tag}].push_back(
          {seconds(said->upstream_date), std::string(*said->body), author, now_});
    if (const auto* said = std::get_if<Valid>(&announcement))
      for (int i = 0; i < kBodies; ++i) {
        const std::string body(1, static_cast<char>('a' + i));
        if (digest_of(body) == said->body_digest)
          said_[{said->key, said->tag}].push_back(
              {seconds(said->upstream_date), body, author, now_});
      }
    const auto doubt = [&](const KeyAndTag& what, WallTime date) {
      std::int64_t& newest = doubted_.try_emplace(what, -10'000).first->second;
      newest = std::max(newest, std::min(seconds(date), now_));
    };
    if (const auto* said = std::get_if<Gone>(&announcement))
      doubt({said->key, said->tag}, said->upstream_date);
    if (const auto* said = std::get_if<Stale>(&announcement))
      for (const KeyId& one : said->keys)
        for (int t = 0; t < kTags; ++t) doubt({one, tag(t)}, said->upstream_date);
  }

  void say_own(const KeyAndTag& what) {
    const std::string body = some_body();
    if (!ledger_->may_say(what, at(now_), digest_of(body))) return;
    const std::string& before = own_.try_emplace({what, now_}, body).first->second;
    EXPECT_EQ(before, body) << "two things of one second";
    const Fetched said = fetched(what, now_, body);
    if (ledger_->hear_own(said, at(now_))) note(-1, said);
  }

  void replay() {
    if (sent_.empty()) return;
    const Sent& sent = sent_[static_cast<std::size_t>(pick(static_cast<int>(sent_.size())))];
    hear(sent.author, sent.seqno, sent.announcement);
  }

  void expel() {
    if (pick(20) != 0) return;
    const int author = pick(kMembers);
    ledger_->expel(peer(author), Errc::mesh_false_body, at(now_));
  }

  // Somebody else fills the ledger.
  void flood() {
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t seqno = ++seqnos_[100];
      static_cast<void>(ledger_->hear(
          {.author = peer(100), .seqno = seqno, .raw = as_bytes("flood")},
          fetched(subject(100 + pick(1'000)), now_, std::string(700, 'x')), at(now_)));
    }
  }

  void prove(const KeyAndTag& what) {
    const Statement* statement = ledger_->candidate(what);
    if (statement == nullptr) return;
    const bool is_confirmed = pick(4) != 0;
    ledger_->note_proof(Ledger::claim_of(*statement), what.tag,
                        is_confirmed ? Proof::confirmed : Proof::refuted, at(now_));
  }

  void restart() {
    if (pick(5) != 0) return;
    const Bytes file = ledger_->save(Ledger::Closing::yes, at(now_));
    auto next = std::make_unique<Ledger>(kSelf, options_);
    ASSERT_TRUE(next->load(file, at(now_)));
    EXPECT_EQ(next->save(Ledger::Closing::yes, at(now_)), file);
    ledger_ = std::move(next);
  }

  static std::int64_t seconds(WallTime time) { return to_seconds(time) - kStart; }

  void check(const KeyAndTag& what) {
    while (const auto event = ledger_->next_event())
      if (const auto* expelled = std::get_if<Ledger::Expelled>(&*event))
        for (int i = 0; i < kMembers; ++i)
          if (expelled->author == peer(i)) expelled_.insert(i);
    const auto& all = said_[what];
    if (const Statement* statement = ledger_->servable(what, at(now_))) {
      ++served_;
      EXPECT_EQ(options_.trust, Trust::swarm);
      EXPECT_EQ(statement->subject(), what);
      EXPECT_EQ(digest_of(body_of(statement)), statement->said.body_digest);
      const std::int64_t date = seconds(statement->current_at);
      EXPECT_LT(now_, date + 60);
      const auto doubted = doubted_.find(what);
      EXPECT_TRUE(doubted == doubted_.end() || doubted->second < date);
      bool was_said = false;
      for (const Said& said : all) {
        if (expelled_.contains(said.author)) continue;
        // Nothing newer, and nothing else of that second.
        EXPECT_LE(said.date, date);
        if (said.date == date) {
          EXPECT_EQ(said.body, body_of(statement));
          was_said = true;
        }
      }
      EXPECT_TRUE(was_said);
      for (const int member : expelled_) {
        EXPECT_NE(statement->author, peer(member));
        EXPECT_NE(statement->vouched_by, peer(member));
      }
    }
    // What this node holds is overtaken whenever somebody who is believed said something newer.
    const std::int64_t ours = now_ - 20;
    const std::string our_body = "a";
    const auto doubted = doubted_.find(what);
    const bool is_doubted = doubted != doubted_.end() && doubted->second >= ours;
    if (is_doubted) {
      EXPECT_TRUE(ledger_->is_overtaken(what, at(ours), digest_of(our_body)));
    }
    if (const auto since = ledger_->current_since(what, digest_of(our_body))) {
      bool was_said = false;
      for (const Said& said : all)
        was_said |= said.body == our_body && said.date == seconds(*since);
      EXPECT_TRUE(was_said);
    }
  }

  struct Sent {
    int author;
    std::uint64_t seqno;
    Announcement announcement;
  };
  const LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
  Random random_;
  std::int64_t now_ = 1'000;
  std::map<int, std::uint64_t> seqnos_;
  std::vector<Sent> sent_;
  std::set<std::pair<int, std::uint64_t>> numbers_;
  std::map<KeyAndTag, std::vector<Said>> said_;
  std::map<KeyAndTag, std::int64_t> doubted_;
  std::map<std::pair<KeyAndTag, std::int64_t>, std::string> own_;
  std::set<int> expelled_;
  int served_ = 0;
};

TEST(LedgerModel, KeepsTheRulesOfBelief) {
  int served = 0;
  for (std::uint64_t seed = 1; seed <= 30 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed, LedgerOptions());
    model.run(300);
    served += model.served_count();
  }
  EXPECT_GT(served, 1'000);
}

TEST(LedgerModel, KeepsTheRulesOfBeliefWhenItIsSmall) {
  for (std::uint64_t seed = 100; seed <= 130 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed, {.bytes_max = 32 * 1024, .authors_max = 3, .marks_max = 10});
    model.run(300);
  }
}

}  // namespace
}  // namespace ghmesh::mesh
