// SPDX-License-Identifier: Apache-2.0 OR MIT
// The ledger: what this node believes of what members said. The rules, with their reasons: docs/belief.md.
//
// Everything is ordered by GitHub's own Date, never by a sender's clock. Nothing that a member says is ever an answer
// to another principal; to the same principal it is one while it is fresh, in Trust::swarm. All else is advice: a doubt
// makes us ask GitHub, a candidate is offered for proof. A member that is found lying is expelled, and all it said with
// it.
//
// A machine without output of its own: announcements whose seal and signature were good go in, questions are answered.
// Bounded in bytes and in every table. `now` is always the best estimate of GitHub's clock.
//
// Threads that share a ledger take turns with lock(); who has one to itself needs none of it.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "mesh/ledger/figures.h"
#include "mesh/ledger/statement.h"
#include "mesh/wire/announcement.h"

namespace ghmesh::mesh {

struct LedgerOptions {
  Trust trust = Trust::swarm;
  std::size_t bytes_max = 64 * 1024 * 1024;  // some 50,000 small answers
  // Members of the largest swarms, and a day's jobs, each of which is another peer.
  std::size_t authors_max = 4'096;
  // Dates that are remembered after their statement was evicted: minutes of a busy swarm, where the private minute
  // counts.
  std::size_t marks_max = 16'384;
};

// How much is known of a liar when it is expelled, for how long, and how far suspicion goes.
inline constexpr double kSuspicionMax = 100;
inline constexpr Seconds kExpulsion{24 * 60 * 60};  // where two signatures prove the lie
// Where only our own questions speak against it, they may be wrong: a thing that goes back and forth looks like a lie.
// The first time is short, and each further one twice as long, up to the above.
inline constexpr Seconds kFirstExpulsion{10 * 60};
// The first claims of every author are audited; then ever fewer, down to one of a hundred.
inline constexpr std::uint64_t kFirstAudits = 8;
inline constexpr double kAuditShare = 0.01;
// A ledger that is not closed in order must have been saved this long ago at most.
inline constexpr Seconds kSaveInterval{10};

enum class Heard : std::uint8_t {
  kept,       // it is new
  confirmed,  // it says that what is held is still current
  known,      // and adds nothing
  filled,     // it brings the content of a digest that was known
  disputed,   // another member said something else of the same second: neither is believed
  noted,      // a doubt or a budget
  accused,  // a conflict: open_conflict(), and then expel() whom it shows, or note_false_accusation()
};

class Ledger {
 public:
  // A member is expelled from now on: deny it everything.
  struct Expelled {
    multiformats::PeerId author;
    Error
        reason;  // mesh_contradiction: everybody can see it. mesh_false_body: our own proofs say so
  };
  // Two statements of one author: gossip it.
  using Event = std::variant<Expelled, Conflict>;

  Ledger(multiformats::PeerId self, LedgerOptions options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // To be held during a call, and while what it returned is read. Those who serve requests wait for it: nothing is
  // packed, sealed or sent meanwhile.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const;

  // --- what is said ---
  struct Message {
    multiformats::PeerId author;
    std::uint64_t seqno = 0;
    ByteView raw;  // as its author signed it, with the seal: evidence
  };
  // A gossip message whose signature and seal were good. Errors, each counted: mesh_replayed, mesh_from_future,
  // mesh_outdated, mesh_false_body, mesh_contradiction, mesh_expelled, mesh_too_many, too_large, unsupported.
  Result<Heard> hear(const Message& message, Announcement announcement, WallTime now);
  // A member answers for it over its own connection: a lease's answer, a warm start. Fetched and Valid only. Errors: as
  // above.
  Result<Heard> hear_relayed(const multiformats::PeerId& teller, Announcement announcement,
                             WallTime now);
  // What this node says itself, so that older words of others never win. Its bodies are left to its own cache.
  Result<Heard> hear_own(Announcement announcement, WallTime now);
  // Whether this node may say that this was the body. Of one second it says one thing, or others would take it for a
  // lie; and nothing else than another member has said, or nobody would know which is right.
  bool may_say(const KeyAndTag& subject, WallTime upstream_date,
               const crypto::Digest& body_digest) const;
  // The body of a statement that had none; the first computes its digest, which takes milliseconds for the largest.
  // Errors: mesh_false_body, not_found, too_large.
  Result<void> keep_body(const KeyAndTag& subject, http::Body body);
  Result<void> keep_body(const KeyAndTag& subject, const crypto::Digest& digest, http::Body body);

  // --- what is believed; valid until the next call that is not const ---
  // May be served to this principal without asking. Null: it may not. Its body may have to be asked for.
  const Statement* servable(const KeyAndTag& subject, WallTime now) const;
  // What is held, believed or not.
  const Statement* find(const KeyAndTag& subject) const;
  // The best body to offer GitHub for a proof: of the same principal, else the newest.
  const Statement* candidate(const KeyAndTag& subject) const;
  // What a member that asks may be told: fresh and believed, of its own principal or else of another; also what this
  // node said itself.
  const Statement* tellable(const KeyAndTag& subject, WallTime now) const;
  // Something newer was said than what this node holds itself, proven at this date: ask.
  bool is_overtaken(const KeyAndTag& subject, WallTime proven_at,
                    const crypto::Digest& body_digest) const;
  // When the body that this node holds was last said to be current, by the same principal.
  std::optional<WallTime> current_since(const KeyAndTag& subject,
                                        const crypto::Digest& body_digest) const;
  // The last known of this resource. Null: nothing, or it is too old to matter.
  const Budget* budget(const PrincipalTag& tag, std::string_view resource, WallTime now) const;
  std::vector<Budget> budgets() const;
  // Public or of these principals (of none: of all), the last used first, fresh or not. What is_own has its body in
  // this node's cache.
  std::vector<const Statement*> hot(const std::vector<PrincipalTag>& tags, std::size_t count_max,
                                    WallTime now) const;

  // --- what came of it ---
  struct Served {
    bool wants_audit = false;  // ask GitHub afterwards, and tell note_proof()
    Claim claim;
  };
  // What servable() gave was served.
  Served note_served(const Statement& statement, Random& random, WallTime now);
  static Claim claim_of(const Statement& statement);
  // GitHub's answer to our own conditional request for a claimed body, asked as this principal. Only the claim's own
  // principal can refute it: others may be shown another body.
  void note_proof(const Claim& claim, const PrincipalTag& asked_as, Proof proof, WallTime now);
  // GitHub said at this date that our own body is current: whoever said otherwise before was wrong.
  void note_unchanged(const KeyAndTag& subject, WallTime upstream_date, WallTime now);
  void expel(const multiformats::PeerId& author, Errc reason, WallTime now);
  void note_false_accusation(const multiformats::PeerId& accuser, WallTime now);
  bool is_expelled(const multiformats::PeerId& author, WallTime now) const;
  std::optional<Event> next_event();

  // --- what outlives the process: replay windows, dates, the expelled ---
  enum class Closing : std::uint8_t { no, yes };
  Bytes save(Closing closing, WallTime now) const;
  // Into a ledger that has heard nothing. If the file was not written while closing, or cannot be read, then nothing of
  // the time that it does not know is believed. Save it again at once: a file that says that it was closed may be read
  // once only. Errors: store_corrupt, store_version.
  Result<void> load(ByteView file, WallTime now);

  // --- for stats ---
  LedgerCounters counters() const;
  std::vector<AuthorFigures> authors(WallTime now) const;
  std::size_t bytes() const;
  std::size_t statements_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::mesh
