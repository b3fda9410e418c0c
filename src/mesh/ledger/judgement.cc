// SPDX-License-Identifier: Apache-2.0 OR MIT
// Consequences: what our own questions to GitHub say of those whose word was taken.
#include "mesh/ledger/state.h"

namespace ghmesh::mesh {
namespace {

// Three refuted claims: a thing may have gone back to what it was once, and twice is a coincidence.
constexpr double kRefutedPoints = 40;
// The neighbour believed what somebody else had said.
constexpr double kRefutedRelayedPoints = 15;
// Most changes are honest. Who is always followed by a change is not.
constexpr double kChangedPoints = 2;
// Access that was denied a moment ago is seldom granted now.
constexpr double kFalseGonePoints = 10;
// A mutation calls more keys stale than it changes, and should: thousands of these are needed.
constexpr double kFalseStalePoints = 0.02;
constexpr double kFalseBudgetPoints = 20;
constexpr double kFalseAccusationPoints = 40;
// Who was found wrong once is audited every time, until it is forgiven or expelled.
constexpr double kAuditedSuspicion = 20;

}  // namespace

void Ledger::State::emit(Event event) {
  if (events.size() >= kEventsMax) {
    ++counters.events_dropped;
    return;
  }
  events.push_back(std::move(event));
}

void Ledger::State::suspect(const PeerId& id, double points, Errc reason, WallTime now) {
  const AuthorRef author = authors.get(id);
  author->suspicion.add(points, now);
  if (author->suspicion.at(now) >= kSuspicionMax) expel(id, reason, now);
}

void Ledger::State::expel(const PeerId& id, Errc reason, WallTime now) {
  const AuthorRef author = authors.get(id);
  if (id == self || author->is_expelled(now)) return;
  authors.expel(id, now + kExpulsion);
  held.erase_all_of(*author);
  ++counters.authors_expelled;
  emit(Expelled{.author = id, .reason = reason});
}

// Between two readings of one window, what is left only falls. So whoever said less before than we see now was wrong.
void Ledger::State::judge_budget(const Budget& ours, WallTime now) {
  const auto found = budgets.find(BudgetKey{ours.tag, ours.resource});
  if (found == budgets.end() || found->second.by == self) return;
  const Budget& theirs = found->second.budget;
  if (theirs.reset != ours.reset || theirs.limit != ours.limit ||
      theirs.remaining >= ours.remaining)
    return;
  const PeerId by = found->second.by;
  ++authors.get(by)->figures.false_budgets;
  suspect(by, kFalseBudgetPoints, Errc::mesh_false_body, now);
}

Claim Ledger::claim_of(const Statement& statement) {
  return {.subject = statement.subject(),
          .body_digest = statement.said.body_digest,
          .vouched_by = statement.vouched_by,
          .is_relayed = statement.is_relayed && statement.vouched_by == statement.author};
}

Ledger::Served Ledger::note_served(const Statement& statement, Random& random, WallTime now) {
  Served served{.claim = claim_of(statement)};
  Slot* slot = state_->held.find(statement.subject());
  if (slot == nullptr) return served;
  state_->held.use(*slot);
  const AuthorRef author = slot->vouched_by ? slot->vouched_by : slot->author;
  if (!author) return served;
  Figures& figures = author->figures;
  ++figures.served;
  const std::uint64_t judged = figures.proven + figures.refuted + figures.changed;
  const bool is_doubtful = judged < kFirstAudits || author->suspicion.at(now) >= kAuditedSuspicion;
  const double share =
      is_doubtful ? 1 : static_cast<double>(kFirstAudits) / static_cast<double>(judged + 1);
  served.wants_audit = random.chance(std::max(share, kAuditShare));
  if (served.wants_audit) ++state_->counters.audits;
  return served;
}

void Ledger::note_proof(const Claim& claim, const PrincipalTag& asked_as, Proof proof,
                        WallTime now) {
  if (claim.vouched_by == state_->self) return;
  const AuthorRef author = state_->authors.get(claim.vouched_by);
  if (proof == Proof::confirmed) {
    ++author->figures.proven;
    return;
  }
  Slot* slot = state_->held.find(claim.subject);
  const bool is_held = slot != nullptr && slot->statement.said.body_digest == claim.body_digest;
  if (asked_as != claim.subject.tag) {
    ++author->figures.changed;
    return;
  }
  if (is_held) state_->held.erase(*slot);
  if (proof == Proof::changed) {
    ++author->figures.changed;
    state_->suspect(claim.vouched_by, kChangedPoints, Errc::mesh_false_body, now);
    return;
  }
  ++author->figures.refuted;
  state_->suspect(claim.vouched_by, claim.is_relayed ? kRefutedRelayedPoints : kRefutedPoints,
                  Errc::mesh_false_body, now);
}

void Ledger::note_unchanged(const KeyAndTag& subject, WallTime upstream_date, WallTime now) {
  const auto blame = [&](PeerId& by, double points) {
    const PeerId whom = std::exchange(by, PeerId());
    if (whom.empty()) return;
    ++state_->authors.get(whom)->figures.false_doubts;
    state_->suspect(whom, points, Errc::mesh_false_body, now);
  };
  if (auto* gone = state_->gones.find(subject); gone != nullptr && gone->date <= upstream_date) {
    blame(gone->by, kFalseGonePoints);
    state_->gones.erase(subject);
  }
  if (auto* stale = state_->stales.find(subject.key);
      stale != nullptr && stale->date <= upstream_date)
    blame(stale->by, kFalseStalePoints);
  if (Slot* slot = state_->held.find(subject)) slot->doubted_at = state_->doubted_at(subject);
}

void Ledger::expel(const PeerId& author, Errc reason, WallTime now) {
  state_->expel(author, reason, now);
}

void Ledger::note_false_accusation(const PeerId& accuser, WallTime now) {
  state_->suspect(accuser, kFalseAccusationPoints, Errc::mesh_contradiction, now);
}

}  // namespace ghmesh::mesh
