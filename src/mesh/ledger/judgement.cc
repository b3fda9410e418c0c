// SPDX-License-Identifier: Apache-2.0 OR MIT
// Consequences: what our own questions to GitHub say of those whose word was taken.
//
// A claim that turns out to be false by what we knew before costs points, and points expel. A claim whose thing is
// another one by now costs none: in a swarm that watches what changes every few seconds, nearly all honest claims end
// like that. Instead it is weighed: is this member followed by a change more often than the others, and than our own
// last answers are? If so, its word waits for a proof from then on, which harms nobody, and proofs restore it.
#include <algorithm>
#include <cmath>

#include "mesh/ledger/state.h"

namespace ghmesh::mesh {
namespace {

// Three refuted claims: a thing may have gone back to what it was once, and twice is a coincidence.
constexpr double kRefutedPoints = 40;
// The neighbour believed what somebody else had said.
constexpr double kRefutedRelayedPoints = 15;
// What a liar is taken to be: every other claim of its is false. Who lies less often is found by its points.
constexpr double kLieShare = 0.5;
// What is weighed is of late: a member that was honest for a year does not have a year's lies for it.
constexpr double kWeighedMax = 32;
// Others' claims say how often things change, but no single one of them says much: it may be a liar itself.
constexpr double kWeighedOfOneMax = 16;
// Access that was denied a moment ago is seldom granted now.
constexpr double kFalseGonePoints = 10;
// A mutation calls more keys stale than it changes, and should: thousands of these are needed.
constexpr double kFalseStalePoints = 0.02;
constexpr double kFalseBudgetPoints = 20;
constexpr double kFalseAccusationPoints = 40;
// Who was found wrong once is audited every time, until it is forgiven or expelled.
constexpr double kAuditedSuspicion = 20;
constexpr double kAuditedDoubt = 2;
// How long a thing is known to go back and forth.
constexpr Seconds kToAndFroTime{60 * 60};

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
  if (author->is_expelled(now)) return;  // for what it said before
  author->suspicion.add(points, now);
  if (author->suspicion.at(now) < kSuspicionMax) return;
  Seconds duration = kFirstExpulsion;
  for (int i = 0; i < author->expulsions_count && duration < kExpulsion; ++i) duration *= 2;
  ++author->expulsions_count;
  expel(id, reason, now, std::min(duration, kExpulsion));
  // It comes back with half of them, and is audited each time.
  author->suspicion = Suspicion::of(kSuspicionMax / 2, now);
}

// How often the things that are asked for change between a claim and its proof, as all but this author show it.
double Ledger::State::change_rate(const Author& except) const {
  double changes = own_changed + 2, all = own_changed + own_same + 4;
  for (const AuthorRef& author : authors.all()) {
    const auto changed = static_cast<double>(author->figures.changed);
    const double judged = changed + static_cast<double>(author->figures.proven);
    if (author.get() == &except || judged == 0) continue;
    const double weight = std::min(judged, kWeighedOfOneMax);
    changes += weight * changed / judged;
    all += weight;
  }
  return std::clamp(changes / all, 0.02, 0.98);
}

void Ledger::State::weigh(Author& author, Proof proof) {
  ++(proof == Proof::confirmed ? author.confirmed : author.changed);
  if (author.changed + author.confirmed > kWeighedMax) {
    author.changed /= 2;
    author.confirmed /= 2;
  }
  const double rate = change_rate(author);
  const double of_changed = std::log((kLieShare + (1 - kLieShare) * rate) / rate);
  const double of_confirmed = std::log(1 - kLieShare);
  author.doubt = author.changed * of_changed + author.confirmed * of_confirmed;
  if (author.doubt > 0) return;
  author.doubt = author.changed = author.confirmed = 0;  // an honest past is no credit for lies
}

// From what this node said last, if nobody said anything in between.
void Ledger::State::note_own_news(const KeyAndTag& subject, const crypto::Digest& body_digest) {
  const auto* mark = marks.find(subject);
  if (mark == nullptr || mark->by != self) return;
  ++(mark->body == mark_of(body_digest) ? own_same : own_changed);
  if (own_same + own_changed <= 8 * kWeighedMax) return;
  own_same /= 2;
  own_changed /= 2;
}

void Ledger::State::expel(const PeerId& id, Errc reason, WallTime now, Seconds duration) {
  const AuthorRef author = authors.get(id);
  // A longer one counts; several accusers of one liar do not make it longer.
  if (id == self || author->is_expelled(now + duration - kFirstExpulsion)) return;
  authors.expel(id, now + duration);
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
  const bool is_doubtful = judged < kFirstAudits || author->doubt >= kAuditedDoubt ||
                           author->suspicion.at(now) >= kAuditedSuspicion;
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
    state_->weigh(*author, proof);
    return;
  }
  Slot* slot = state_->held.find(claim.subject);
  const bool is_held = slot != nullptr && slot->statement.said.body_digest == claim.body_digest;
  if (asked_as != claim.subject.tag) {
    ++author->figures.changed;
    return;
  }
  if (is_held) state_->held.erase(*slot);
  // What seems refuted twice, whoever said it, is a thing that goes back and forth.
  const auto* returned = state_->returns.find(claim.subject);
  const bool is_to_and_fro = returned != nullptr && now - returned->date < kToAndFroTime;
  if (proof == Proof::changed || is_to_and_fro) {
    ++author->figures.changed;
    state_->weigh(*author, Proof::changed);
    return;
  }
  state_->returns.set(claim.subject, {.date = now});
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
