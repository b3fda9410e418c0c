// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/ledger.h"

#include <algorithm>

#include "github/freshness.h"
#include "mesh/ledger/state.h"

namespace ghmesh::mesh {
namespace {

// An accusation costs two signatures to look at.
constexpr double kConflictCost = 512;
// What anybody can see to be false: nobody makes it by mistake.
constexpr double kFalseBodyPoints = 40;

std::optional<WallTime> date_of(const Announcement& announcement) {
  return std::visit(
      [](const auto& said) -> std::optional<WallTime> {
        if constexpr (requires { said.upstream_date; }) return said.upstream_date;
        else return std::nullopt;
      },
      announcement);
}

// Negative answers are not taken from others: what says that something is gone is a doubt, and no answer.
bool is_told(int status) { return status == 200 || status == 301; }

Seconds believed_ttl(const Fetched& said) {
  const Seconds most = said.is_public ? kPublicTtlMax : github::kPrivateTtlMax;
  return std::clamp(said.ttl, Seconds(0), most);
}

// A date that is ahead of time buys no freshness.
WallTime fresh_until(WallTime date, Seconds ttl, WallTime now) { return std::min(date, now) + ttl; }

bool is_true_body(const Fetched& said) {
  return !said.body || (said.body->size() == said.body_bytes &&
                        crypto::sha256(as_bytes(*said.body)) == said.body_digest);
}

}  // namespace

void Refusals::count(const Error& reason) {
  if (reason == Errc::mesh_replayed) ++replayed;
  else if (reason == Errc::mesh_from_future) ++from_future;
  else if (reason == Errc::mesh_outdated) ++outdated;
  else if (reason == Errc::mesh_false_body) ++false_body;
  else if (reason == Errc::mesh_contradiction) ++contradiction;
  else if (reason == Errc::mesh_expelled) ++expelled;
  else if (reason == Errc::mesh_too_many) ++too_many;
  else if (reason == Errc::too_large) ++too_large;
  else ++unsupported;
}

std::uint64_t Refusals::all() const {
  return replayed + from_future + outdated + false_body + contradiction + expelled + too_many +
         too_large + unsupported;
}

Ledger::Ledger(PeerId self, LedgerOptions options)
    : state_(std::make_unique<State>(std::move(self), options)) {}
Ledger::~Ledger() = default;

std::unique_lock<std::mutex> Ledger::lock() const { return std::unique_lock(state_->mutex); }

Result<Heard> Ledger::hear(const Message& message, Announcement announcement, WallTime now) {
  const AuthorRef author = state_->authors.get(message.author);
  if (message.raw.size() > kStatementBytesMax) return state_->count(author, Errc::too_large);
  State::Speaker speaker{.author = author, .id = message.author, .raw = copy_bytes(message.raw)};
  return state_->count(author,
                       state_->hear_signed(speaker, message.seqno, std::move(announcement), now));
}

Result<Heard> Ledger::hear_relayed(const PeerId& teller, Announcement announcement, WallTime now) {
  const AuthorRef author = state_->authors.get(teller);
  const bool is_of_content =
      std::holds_alternative<Fetched>(announcement) || std::holds_alternative<Valid>(announcement);
  if (!is_of_content) return state_->count(author, Errc::unsupported);
  return state_->count(
      author, state_->judge({.author = author, .id = teller}, std::move(announcement), now));
}

Result<Heard> Ledger::hear_own(Announcement announcement, WallTime now) {
  if (const auto* fetched = std::get_if<Fetched>(&announcement))
    state_->note_own_news({.key = fetched->key, .tag = fetched->tag}, fetched->body_digest);
  else if (const auto* valid = std::get_if<Valid>(&announcement))
    state_->note_own_news({.key = valid->key, .tag = valid->tag}, valid->body_digest);
  return state_->judge({.author = nullptr, .id = state_->self}, std::move(announcement), now);
}

Result<Heard> Ledger::State::count(const AuthorRef& author, Result<Heard> heard) {
  ++counters.heard;
  ++author->figures.heard;
  if (!heard) {
    counters.refused.count(heard.error());
    author->figures.refused.count(heard.error());
  }
  return heard;
}

Result<Heard> Ledger::State::hear_signed(const Speaker& speaker, std::uint64_t seqno,
                                         Announcement announcement, WallTime now) {
  Author& author = *speaker.author;
  if (author.is_expelled(now)) return Errc::mesh_expelled;
  if (speaker.id == self || !author.window.take(seqno)) return Errc::mesh_replayed;
  if (const auto date = date_of(announcement)) {
    if (*date <= std::max(author.date_floor, past)) return Errc::mesh_replayed;
    if (*date <= now + kDateAheadMax) author.newest_date = std::max(author.newest_date, *date);
  }
  return judge(speaker, std::move(announcement), now);
}

Result<Heard> Ledger::State::judge(const Speaker& speaker, Announcement announcement,
                                   WallTime now) {
  if (!speaker.is_own()) {
    if (speaker.author->is_expelled(now)) return Errc::mesh_expelled;
    const bool is_accusation = std::holds_alternative<Conflict>(announcement);
    if (!speaker.author->statements.take(is_accusation ? kConflictCost : 1, now))
      return Errc::mesh_too_many;
    const auto date = date_of(announcement);
    if (date && *date > now + kDateAheadMax) return Errc::mesh_from_future;
  }
  return std::visit([&](auto& said) { return judge(speaker, std::move(said), now); }, announcement);
}

Result<Heard> Ledger::State::judge(const Speaker& speaker, Fetched said, WallTime now) {
  if (!is_told(said.status) || said.body_bytes > kEntryBodyBytesMax) return Errc::unsupported;
  if (!is_true_body(said)) {
    if (!speaker.is_own()) suspect(speaker.id, kFalseBodyPoints, Errc::mesh_false_body, now);
    return Errc::mesh_false_body;
  }
  const KeyAndTag subject{.key = said.key, .tag = said.tag};
  Slot* slot = held.find(subject);
  if (slot == nullptr) {
    if (said.upstream_date < marks.date_of(subject)) return Errc::mesh_outdated;
    return hold_new(speaker, std::move(said), now);
  }
  const Statement& before = slot->statement;
  const bool is_same = said.body_digest == before.said.body_digest;
  if (!is_same && before.has_content() && said.upstream_date == before.said.upstream_date &&
      slot->author == speaker.author && !slot->raw.empty() && !speaker.raw.empty())
    return contradict(*slot, speaker, now);
  if (is_same && !before.has_content() && said.upstream_date <= before.current_at)
    return fill(*slot, speaker, std::move(said), now);
  if (said.upstream_date < before.current_at) return Errc::mesh_outdated;
  if (said.upstream_date == before.current_at && !speaker.is_own()) {
    if (!is_same) return dispute(*slot);
    if (!before.said.body && said.body && !before.is_own) held.put_body(*slot, said.body);
    return Heard::known;
  }
  if (is_same && !said.body) said.body = before.said.body;
  return hold(speaker, std::move(said), now);
}

Result<Heard> Ledger::State::hold(const Speaker& speaker, Fetched said, WallTime now) {
  said.ttl = believed_ttl(said);
  if (speaker.is_own()) said.body = nullptr;
  const KeyAndTag subject{.key = said.key, .tag = said.tag};
  const WallTime date = said.upstream_date;
  Statement statement{.said = std::move(said),
                      .author = speaker.id,
                      .current_at = date,
                      .vouched_by = speaker.id,
                      .is_own = speaker.is_own(),
                      .is_relayed = speaker.is_relayed()};
  statement.fresh_until = fresh_until(date, statement.said.ttl, now);
  Slot* slot =
      held.put({.statement = std::move(statement), .raw = speaker.raw, .author = speaker.author});
  if (slot == nullptr) return Errc::too_large;
  slot->doubted_at = doubted_at(subject);
  marks.set(subject, {.date = date,
                      .by = speaker.is_own() ? speaker.id : PeerId(),
                      .body = mark_of(slot->statement.said.body_digest)});
  return Heard::kept;
}

// What was held of it is gone, and its mark may be left.
Result<Heard> Ledger::State::hold_new(const Speaker& speaker, Fetched said, WallTime now) {
  const KeyAndTag subject{.key = said.key, .tag = said.tag};
  const auto* mark = marks.find(subject);
  const bool is_disputed = mark != nullptr && mark->date == said.upstream_date &&
                           mark->body != mark_of(said.body_digest) && !speaker.is_own();
  auto heard = hold(speaker, std::move(said), now);
  if (!heard || !is_disputed) return heard;
  return dispute(*held.find(subject));
}

// The digest was known from a 304, which was newer than this; now there is something to serve.
Result<Heard> Ledger::State::fill(Slot& slot, const Speaker& speaker, Fetched said, WallTime now) {
  const AuthorRef by = slot.vouched_by ? slot.vouched_by : slot.author;
  Slot::Vouch vouch{.current_at = slot.statement.current_at, .by = slot.statement.vouched_by};
  const KeyAndTag subject = slot.statement.subject();
  auto heard = hold(speaker, std::move(said), now);
  if (!heard) return heard.error();
  Slot& filled = *held.find(subject);
  vouch.fresh_until = fresh_until(vouch.current_at, filled.statement.said.ttl, now);
  held.vouch(filled, by, std::move(vouch));
  return Heard::filled;
}

Result<Heard> Ledger::State::contradict(const Slot& slot, const Speaker& speaker, WallTime now) {
  emit(Conflict{.first = slot.raw, .second = speaker.raw});
  expel(speaker.id, Errc::mesh_contradiction, now);
  return Errc::mesh_contradiction;
}

Result<Heard> Ledger::State::dispute(Slot& slot) {
  slot.is_disputed = true;
  ++counters.disputed;
  return Heard::disputed;
}

Result<Heard> Ledger::State::judge(const Speaker& speaker, const Valid& said, WallTime now) {
  const KeyAndTag subject{.key = said.key, .tag = said.tag};
  Slot* slot = held.find(subject);
  if (slot == nullptr && said.upstream_date < marks.date_of(subject)) return Errc::mesh_outdated;
  if (slot != nullptr) {
    const Statement& before = slot->statement;
    if (said.body_digest == before.said.body_digest) {
      if (said.upstream_date <= before.current_at) return Heard::known;
      const WallTime until = fresh_until(said.upstream_date, before.said.ttl, now);
      held.vouch(*slot, speaker.author,
                 {.current_at = said.upstream_date, .fresh_until = until, .by = speaker.id});
      slot->is_disputed = false;
      marks.set(subject, {.date = said.upstream_date,
                          .by = speaker.is_own() ? speaker.id : PeerId(),
                          .body = mark_of(said.body_digest)});
      return Heard::confirmed;
    }
    if (said.upstream_date < before.current_at) return Errc::mesh_outdated;
    if (said.upstream_date == before.current_at && !speaker.is_own()) return dispute(*slot);
  }
  Fetched known_by_digest{.key = said.key, .tag = said.tag, .status = 0, .headers = {}};
  known_by_digest.upstream_date = said.upstream_date;
  known_by_digest.body_digest = said.body_digest;
  if (slot == nullptr) return hold_new(speaker, std::move(known_by_digest), now);
  return hold(speaker, std::move(known_by_digest), now);
}

WallTime Ledger::State::doubted_at(const KeyAndTag& subject) const {
  return std::max(stales.date_of(subject.key), gones.date_of(subject));
}

// A doubt concerns the past only, whatever date it has.
Result<Heard> Ledger::State::judge(const Speaker& speaker, const Stale& said, WallTime now) {
  if (!speaker.is_own() && !speaker.author->doubts.take(static_cast<double>(said.keys.size()), now))
    return Errc::mesh_too_many;
  const WallTime date = std::min(said.upstream_date, now);
  for (const KeyId& key : said.keys) {
    stales.set(key, {.date = date, .by = speaker.is_own() ? PeerId() : speaker.id});
    for (Slot* slot : held.of_key(key)) slot->doubted_at = std::max(slot->doubted_at, date);
  }
  return Heard::noted;
}

Result<Heard> Ledger::State::judge(const Speaker& speaker, const Gone& said, WallTime now) {
  if (!speaker.is_own() && !speaker.author->doubts.take(1, now)) return Errc::mesh_too_many;
  const KeyAndTag subject{.key = said.key, .tag = said.tag};
  const WallTime date = std::min(said.upstream_date, now);
  gones.set(subject, {.date = date, .by = speaker.is_own() ? PeerId() : speaker.id});
  if (Slot* slot = held.find(subject)) slot->doubted_at = std::max(slot->doubted_at, date);
  return Heard::noted;
}

Result<Heard> Ledger::State::judge(const Speaker& speaker, Budget said, WallTime now) {
  if (said.resource.size() > kResourceCharsMax) return Errc::unsupported;
  BudgetKey key{said.tag, said.resource};
  const auto found = budgets.find(key);
  if (found != budgets.end()) {
    const Budget& before = found->second.budget;
    if (said.upstream_date < before.upstream_date) return Errc::mesh_outdated;
    // Of one second: who asked last has the least left.
    if (said.upstream_date == before.upstream_date && said.reset == before.reset &&
        said.remaining >= before.remaining && !speaker.is_own())
      return Heard::known;
  }
  if (speaker.is_own()) judge_budget(said, now);
  budgets.insert_or_assign(std::move(key), BudgetMark{.budget = std::move(said), .by = speaker.id});
  if (budgets.size() > kBudgetsMax)
    budgets.erase(std::ranges::min_element(
        budgets, {}, [](const auto& entry) { return entry.second.budget.upstream_date; }));
  return Heard::noted;
}

Result<Heard> Ledger::State::judge(const Speaker& /*speaker*/, const Conflict& /*said*/,
                                   WallTime /*now*/) {
  return Heard::accused;
}

// Who is there is no belief of this ledger's; that it was said only once is.
Result<Heard> Ledger::State::judge(const Speaker& /*speaker*/, const Presence& /*said*/,
                                   WallTime /*now*/) {
  return Heard::noted;
}

// Nor are values that programs share: no proof of them exists, and mesh/board orders them.
Result<Heard> Ledger::State::judge(const Speaker& /*speaker*/, const Shared& /*said*/,
                                   WallTime /*now*/) {
  return Heard::noted;
}

bool Ledger::may_say(const KeyAndTag& subject, WallTime upstream_date,
                     const crypto::Digest& body_digest) const {
  const auto* mark = std::as_const(state_->marks).find(subject);
  if (mark == nullptr) return upstream_date > state_->marks.floor();
  if (upstream_date != mark->date) return upstream_date > mark->date;
  return mark->body == mark_of(body_digest);
}

Result<void> Ledger::keep_body(const KeyAndTag& subject, http::Body body) {
  const crypto::Digest digest = crypto::sha256(as_bytes(*body));
  return keep_body(subject, digest, std::move(body));
}

Result<void> Ledger::keep_body(const KeyAndTag& subject, const crypto::Digest& digest,
                               http::Body body) {
  Slot* slot = state_->held.find(subject);
  if (slot == nullptr || !slot->statement.has_content() || slot->statement.is_own)
    return Errc::not_found;
  const Fetched& said = slot->statement.said;
  if (body->size() != said.body_bytes || digest != said.body_digest) return Errc::mesh_false_body;
  if (!state_->held.put_body(*slot, std::move(body))) return Errc::too_large;
  return {};
}

}  // namespace ghmesh::mesh
