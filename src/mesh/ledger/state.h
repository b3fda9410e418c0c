// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the ledger consists of. Private to the room: ledger.cc hears, belief.cc answers, judgement.cc draws
// consequences, ledger_file.cc remembers.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "mesh/ledger/held.h"
#include "mesh/ledger/ledger.h"

namespace ghmesh::mesh {

// Principals times resources: sixteen of each.
inline constexpr std::size_t kBudgetsMax = 256;
// What nobody has asked for. Each is followed by somebody's expulsion, so there are few.
inline constexpr std::size_t kEventsMax = 256;

struct Ledger::State {
  State(PeerId self_id, const LedgerOptions& given)
      : self(std::move(self_id)),
        options(given),
        held(given.bytes_max),
        authors(given.authors_max),
        marks(given.marks_max),
        stales(given.marks_max),
        gones(given.marks_max),
        returns(given.marks_max) {}

  struct Speaker {
    AuthorRef author;  // null: this node
    PeerId id;
    Bytes raw = {};  // empty: not signed
    bool is_own() const { return author == nullptr; }
    bool is_relayed() const { return author != nullptr && raw.empty(); }
  };

  // --- hearing (ledger.cc) ---
  Result<Heard> hear_signed(const Speaker& speaker, std::uint64_t seqno, Announcement announcement,
                            WallTime now);
  Result<Heard> judge(const Speaker& speaker, Announcement announcement, WallTime now);
  Result<Heard> judge(const Speaker& speaker, Fetched said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Valid& said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Stale& said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Gone& said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, Budget said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Conflict& said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Presence& said, WallTime now);
  Result<Heard> judge(const Speaker& speaker, const Shared& said, WallTime now);
  Result<Heard> count(const AuthorRef& author, Result<Heard> heard);
  Result<Heard> hold(const Speaker& speaker, Fetched said, WallTime now);
  Result<Heard> hold_new(const Speaker& speaker, Fetched said, WallTime now);
  Result<Heard> fill(Slot& slot, const Speaker& speaker, Fetched said, WallTime now);
  Result<Heard> contradict(const Slot& slot, const Speaker& speaker, WallTime now);
  Result<Heard> dispute(Slot& slot);
  WallTime doubted_at(const KeyAndTag& subject) const;

  // --- consequences (judgement.cc) ---
  void suspect(const PeerId& id, double points, Errc reason, WallTime now);
  void expel(const PeerId& id, Errc reason, WallTime now, Seconds duration = kExpulsion);
  void weigh(Author& author, Proof proof);
  double change_rate(const Author& except) const;
  void note_own_news(const KeyAndTag& subject, const crypto::Digest& body_digest);
  void judge_budget(const Budget& ours, WallTime now);
  void emit(Event event);

  std::mutex mutex;  // of all that follows; taken by the owner's threads, with lock()
  const PeerId self;
  const LedgerOptions options;
  Held held;
  Authors authors;
  DateMarks<KeyAndTag> marks;  // the newest date of a body, whoever said it
  DateMarks<KeyId> stales;
  DateMarks<KeyAndTag> gones;
  DateMarks<KeyAndTag> returns;  // things that were found to go back to what they were
  // How often this node, when it asked again, found what it had found before.
  double own_same = 0, own_changed = 0;
  WallTime past =
      WallTime::min();  // gossip up to this date was perhaps heard by an earlier process

  struct BudgetMark {
    Budget budget;
    PeerId by;
  };
  using BudgetKey = std::pair<PrincipalTag, std::string>;
  std::map<BudgetKey, BudgetMark, std::less<>> budgets;

  std::deque<Event> events;
  LedgerCounters counters;
};

}  // namespace ghmesh::mesh
