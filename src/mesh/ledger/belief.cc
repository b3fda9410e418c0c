// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is believed: the answers of the ledger. servable() and is_overtaken() are asked for every request.
#include <algorithm>

#include "mesh/ledger/state.h"

namespace ghmesh::mesh {
namespace {

bool is_believed(const Slot& slot) {
  if (slot.is_disputed || slot.statement.current_at <= slot.doubted_at) return false;
  const Author* by = slot.vouched_by ? slot.vouched_by.get() : slot.author.get();
  if (by != nullptr && by->doubt >= kDoubtMax) return false;  // it waits for a proof
  if (slot.author && slot.author->is_forgotten) return false;
  return !slot.vouched_by || !slot.vouched_by->is_forgotten;
}

// A clock that was set back must not make anything immortal.
bool is_fresh(const Statement& statement, WallTime now) {
  return now < statement.fresh_until && statement.current_at <= now + kDateAheadMax;
}

}  // namespace

const Statement* Ledger::servable(const KeyAndTag& subject, WallTime now) const {
  if (state_->options.trust != Trust::swarm) return nullptr;
  const Slot* slot = std::as_const(state_->held).find(subject);
  if (slot == nullptr || !is_believed(*slot)) return nullptr;
  const Statement& statement = slot->statement;
  if (!statement.has_content() || statement.is_own || !is_fresh(statement, now)) return nullptr;
  if (statement.current_at <= std::max(state_->stales.floor(), state_->gones.floor()))
    return nullptr;
  return &statement;
}

const Statement* Ledger::find(const KeyAndTag& subject) const {
  const Slot* slot = std::as_const(state_->held).find(subject);
  return slot == nullptr ? nullptr : &slot->statement;
}

const Statement* Ledger::candidate(const KeyAndTag& subject) const {
  const Slot* best = nullptr;
  const auto is_better = [&](const Slot& slot) {
    if (best == nullptr) return true;
    const bool is_of_tag = slot.statement.said.tag == subject.tag;
    const bool best_is_of_tag = best->statement.said.tag == subject.tag;
    if (is_of_tag != best_is_of_tag) return is_of_tag;
    return slot.statement.current_at > best->statement.current_at;
  };
  for (const Slot* slot : state_->held.of_key(subject.key))
    if (slot->statement.has_content() && !slot->statement.is_own && is_better(*slot)) best = slot;
  return best == nullptr ? nullptr : &best->statement;
}

const Statement* Ledger::tellable(const KeyAndTag& subject, WallTime now) const {
  const Statement* best = nullptr;
  for (const Slot* slot : state_->held.of_key(subject.key)) {
    const Statement& statement = slot->statement;
    if (!statement.has_content() || !is_believed(*slot) || !is_fresh(statement, now)) continue;
    if (statement.said.tag == subject.tag) return &statement;
    if (best == nullptr || statement.current_at > best->current_at) best = &statement;
  }
  return best;
}

bool Ledger::is_overtaken(const KeyAndTag& subject, WallTime proven_at,
                          const crypto::Digest& body_digest) const {
  const State& state = *state_;
  if (state.stales.date_of(subject.key) >= proven_at || state.gones.date_of(subject) >= proven_at)
    return true;
  if (const Slot* slot = state.held.find(subject)) {
    const bool is_same = slot->statement.said.body_digest == body_digest;
    if (slot->is_disputed && slot->statement.current_at >= proven_at) return true;
    return !is_same && slot->statement.current_at >= proven_at;
  }
  const auto* mark = state.marks.find(subject);
  return mark != nullptr && mark->date >= proven_at && mark->body != mark_of(body_digest);
}

std::optional<WallTime> Ledger::current_since(const KeyAndTag& subject,
                                              const crypto::Digest& body_digest) const {
  if (state_->options.trust != Trust::swarm) return std::nullopt;
  const Slot* slot = std::as_const(state_->held).find(subject);
  if (slot == nullptr || !is_believed(*slot)) return std::nullopt;
  if (slot->statement.said.body_digest != body_digest) return std::nullopt;
  if (slot->statement.current_at <= state_->doubted_at(subject)) return std::nullopt;
  return slot->statement.current_at;
}

const Budget* Ledger::budget(const PrincipalTag& tag, std::string_view resource,
                             WallTime now) const {
  const auto found = state_->budgets.find(State::BudgetKey{tag, std::string(resource)});
  if (found == state_->budgets.end()) return nullptr;
  const auto& [budget, by] = found->second;
  if (by != state_->self && now - budget.upstream_date > kBudgetTtl) return nullptr;
  return &budget;
}

std::vector<Budget> Ledger::budgets() const {
  std::vector<Budget> all;
  for (const auto& [key, mark] : state_->budgets) all.push_back(mark.budget);
  return all;
}

std::vector<const Statement*> Ledger::hot(const std::vector<PrincipalTag>& tags,
                                          std::size_t count_max, WallTime now) const {
  // What is not wanted is passed over, but not without end.
  std::size_t looks_left = 4 * count_max + 64;
  std::vector<const Statement*> found;
  for (const Slot& slot : state_->held.all()) {
    if (found.size() == count_max || looks_left-- == 0) break;
    const Statement& statement = slot.statement;
    // What is no longer fresh is offered for a proof, which is free: a newcomer pays for nothing that somebody has.
    if (!statement.has_content() || !is_believed(slot)) continue;
    if (statement.current_at > now + kDateAheadMax) continue;
    if (tags.empty() || statement.said.is_public ||
        std::ranges::find(tags, statement.said.tag) != tags.end())
      found.push_back(&statement);
  }
  return found;
}

bool Ledger::is_expelled(const PeerId& author, WallTime now) const {
  const auto found = state_->authors.expelled().find(author);
  return found != state_->authors.expelled().end() && now < found->second;
}

std::optional<Ledger::Event> Ledger::next_event() {
  if (state_->events.empty()) return std::nullopt;
  Event event = std::move(state_->events.front());
  state_->events.pop_front();
  return event;
}

LedgerCounters Ledger::counters() const {
  LedgerCounters counters = state_->counters;
  counters.evicted = state_->held.evicted;
  counters.evicted_share = state_->held.evicted_share;
  counters.evicted_tags = state_->held.evicted_tags;
  counters.authors_forgotten = state_->authors.forgotten_count();
  return counters;
}

std::vector<AuthorFigures> Ledger::authors(WallTime now) const {
  std::vector<AuthorFigures> all;
  for (const AuthorRef& author : state_->authors.all())
    all.push_back({.author = author->id,
                   .figures = author->figures,
                   .suspicion = author->suspicion.at(now),
                   .doubt = author->doubt,
                   .expelled_until = author->expelled_until,
                   .bytes_held = author->bytes_held});
  return all;
}

std::size_t Ledger::bytes() const { return state_->held.bytes(); }
std::size_t Ledger::statements_count() const { return state_->held.size(); }

}  // namespace ghmesh::mesh
