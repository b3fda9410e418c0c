// SPDX-License-Identifier: Apache-2.0 OR MIT
// What serving threads ask of the swarm and tell it. Nothing here waits but for a turn and a body.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "github/etag.h"
#include "github/freshness.h"
#include "github/links.h"
#include "http/date.h"
#include "node/mesh/mesh_node.h"
#include "node/mesh/state.h"

namespace ghmesh::node {
namespace {

using proxy::Learned;
using proxy::Subject;
using proxy::Word;

// What links begin with, also where GitHub is asked through a proxy.
constexpr std::string_view kGitHubOrigin = "https://api.github.com";

std::string_view kind_name(github::CredentialKind kind) {
  switch (kind) {
    case github::CredentialKind::anonymous: return "anonymous";
    case github::CredentialKind::token: return "token";
    case github::CredentialKind::app_jwt: return "app_jwt";
    case github::CredentialKind::basic: return "basic";
  }
  return "other";
}

github::EtagInputs sent_inputs(const Subject& subject) {
  github::EtagInputs inputs{.accept = subject.accept};
  const crypto::Secret& authorization = subject.caller.credential.authorization;
  if (!authorization.empty()) inputs.authorization = as_text(authorization.reveal());
  return inputs;
}

github::Verdict judge(const Subject& subject, const http::Answer& answer) {
  const bool is_anonymous = subject.caller.credential.kind == github::CredentialKind::anonymous;
  return github::judge_answer(
      subject.route, answer,
      is_anonymous ? github::Visibility::proven_public : github::Visibility::unproven);
}

mesh::Fetched statement_of(const mesh::KeyAndTag& name, const cache::Entry& entry) {
  return {.key = name.key,
          .tag = name.tag,
          .is_public = entry.is_public,
          .status = entry.status,
          .upstream_date = entry.upstream_date,
          .ttl = entry.ttl,
          .headers = mesh::gossiped_headers(entry.headers),
          .body_digest = entry.body_digest,
          .body_bytes = entry.body->size(),
          .body = entry.body};
}

class NodeTurn final : public proxy::Turn {
 public:
  explicit NodeTurn(std::function<void(bool was_told)> end) : end_(std::move(end)) {}
  ~NodeTurn() override {
    if (end_) end_(was_told_);
  }
  bool may_ask() const override { return may_ask_; }
  void note_told() override { was_told_ = true; }
  void may_not_ask() { may_ask_ = false; }

 private:
  const std::function<void(bool)> end_;
  bool may_ask_ = true;
  bool was_told_ = false;
};

std::optional<std::uint32_t> number_in(const http::Headers& headers, std::string_view name) {
  const auto number = parse_decimal(headers.get(name));
  if (!number || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

bool is_fresh(const cache::EntryRef& entry, WallTime now) {
  return entry && cache::time_left(*entry, now) > Seconds(0);
}

}  // namespace

Now MeshNode::State::clocks() const {
  Now now = read_clocks();
  now.wall += ahead.load();
  return now;
}

void MeshNode::State::note_date(const http::Headers& headers, WallTime now) {
  const auto date = http::parse_date(headers.get("date"));
  if (!date) return;
  const Seconds difference = *date - now;
  ahead = difference > kClockNoise || difference < -kClockNoise ? difference : Seconds(0);
}

mesh::PrincipalTag MeshNode::State::tag_of(const proxy::Caller& caller) {
  const std::string id(as_text(caller.principal.id));
  const auto found = tags.find(id);
  if (found != tags.end()) return found->second;
  if (tags.size() >= kTagsMax) tags.clear();
  const mesh::PrincipalTag tag = names_now->principal_tag(
      caller.group.empty() ? kind_name(caller.credential.kind) : "group",
      caller.group.empty() ? caller.credential.identity.reveal() : as_bytes(caller.group));
  tags.emplace(id, tag);
  return tag;
}

// Whether the others have the body that a 304 would speak of, so that saying so is enough.
bool MeshNode::State::is_known(const mesh::KeyAndTag& name, const cache::Entry& entry) const {
  const auto lock = ledger.lock();
  const mesh::Statement* statement = ledger.candidate(name);
  return statement && statement->has_content() && statement->said.body_digest == entry.body_digest;
}

std::shared_ptr<const mesh::SwarmKeys> MeshNode::State::names() {
  const auto lock = ledger.lock();
  return names_now;
}

void MeshNode::State::use_names(const mesh::SwarmKeys& keys) {
  names_now = std::make_shared<const mesh::SwarmKeys>(keys);
  tags.clear();
  made.clear();
  made_bytes = 0;
  claims.clear();
  budgets_told.clear();
}

// Two MACs, of which the first is new for every request: computed without the lock.
mesh::KeyAndTag MeshNode::State::name(const Subject& subject) {
  const mesh::KeyId key = names()->key_id(subject.key);
  const auto lock = ledger.lock();
  return {.key = key, .tag = tag_of(subject.caller)};
}

// As if the answer had come here: our own rules say for how long it is fresh, and the claim can only shorten it.
cache::EntryRef MeshNode::State::make_entry(const mesh::Statement& statement,
                                            const Subject& subject, WallTime now) const {
  const mesh::Fetched& said = statement.said;
  cache::Entry entry;
  entry.status = said.status;
  entry.headers = github::kept_headers(said.headers);
  entry.body = said.body;
  const auto inputs = github::select_by_vary(said.headers.get("vary"), sent_inputs(subject));
  if (said.status == 200) entry.etag = github::compute_etag(inputs, *said.body);
  entry.is_etag_computed = !entry.etag.empty();
  entry.is_public = subject.caller.credential.kind == github::CredentialKind::anonymous;
  entry.upstream_date = statement.current_at;
  // Ages are counted on our own clock.
  entry.fetched_at = std::min(said.upstream_date - ahead.load(), now);
  entry.proven_at = std::min(statement.current_at - ahead.load(), now);
  const http::Answer answer{.status = said.status, .headers = entry.headers, .body = said.body};
  const github::Verdict verdict = judge(subject, answer);
  if (verdict.keep == github::Keep::no) return nullptr;
  // A 304 proves the body, and not the fields around it.
  const std::string_view link = said.headers.get("link");
  if (!github::links_fit(link, upstream_origin, subject.path) &&
      !github::links_fit(link, kGitHubOrigin, subject.path))
    return nullptr;
  if (said.headers.find("location")) return nullptr;
  entry.ttl = std::min(verdict.ttl, said.ttl);
  return cache::finish_entry(std::move(entry));
}

// Entries are made once, and then found. The tag is the principal's, and so is the ETag.
cache::EntryRef MeshNode::State::find_made(const mesh::KeyAndTag& name,
                                           const crypto::Digest& body_digest,
                                           WallTime current_at) const {
  const auto found = made.find(name);
  if (found == made.end() || found->second->body_digest != body_digest ||
      found->second->upstream_date != current_at)
    return nullptr;
  return found->second;
}

void MeshNode::State::note_made(const mesh::KeyAndTag& name, const cache::EntryRef& entry) {
  if (!entry) return;
  if (made.size() >= kEntriesMadeMax || made_bytes >= kEntriesMadeBytesMax) {
    made.clear();
    made_bytes = 0;
  }
  made_bytes += entry->body->size();
  made[name] = entry;
}

// What this node holds itself, and somebody's 304 has confirmed since.
cache::EntryRef MeshNode::State::renewed(const cache::Entry& own, WallTime current_at,
                                         const Subject& subject, WallTime now) const {
  if (current_at <= own.upstream_date) return nullptr;
  const http::Answer answer{.status = own.status, .headers = own.headers, .body = own.body};
  cache::Entry entry{.status = own.status,
                     .headers = own.headers,
                     .body = own.body,
                     .etag = own.etag,
                     .is_etag_computed = own.is_etag_computed,
                     .is_public = own.is_public,
                     .upstream_date = current_at,
                     .fetched_at = own.fetched_at,
                     .proven_at = std::min(current_at - ahead.load(), now),
                     .ttl = judge(subject, answer).ttl};
  return cache::finish_entry(std::move(entry));
}

void MeshNode::State::remember(const cache::EntryRef& entry, const mesh::Statement& statement,
                               const mesh::KeyAndTag& asked_as, bool is_taken, WallTime now) {
  if (claims.size() >= kEntriesMadeMax)
    std::erase_if(claims, [now](const auto& each) {
      return now - each.second.noted_at > kClaimAgeMax || each.second.noted_at > now;
    });
  if (claims.size() >= kEntriesMadeMax) claims.erase(claims.begin());
  claims[{asked_as, entry->body_digest}] = {.claim = mesh::Ledger::claim_of(statement),
                                            .claimed_at = statement.current_at,
                                            .noted_at = now,
                                            .is_taken = is_taken};
}

// Decided once for each claim, however often it is looked at; then it is so until somebody takes the audit.
bool MeshNode::State::wants_audit(const cache::EntryRef& served, const mesh::Statement& statement,
                                  const mesh::KeyAndTag& asked_as, WallTime now) {
  const auto found = claims.find({asked_as, served->body_digest});
  if (found != claims.end() && found->second.claimed_at == statement.current_at)
    return !found->second.is_taken;
  const bool is_wanted = ledger.note_served(statement, random, now).wants_audit;
  if (is_wanted) remember(served, statement, asked_as, false, now);
  return is_wanted;
}

cache::EntryRef MeshNode::State::find_renewed(Look& look) {
  const auto since = ledger.current_since(look.name, look.own->body_digest);
  if (!since || trust != mesh::Trust::swarm) return nullptr;
  cache::EntryRef entry = find_made(look.name, look.own->body_digest, *since);
  if (entry) return entry;
  look.lock.unlock();
  entry = renewed(*look.own, *since, look.subject, look.now);
  look.lock.lock();
  note_made(look.name, entry);
  return entry;
}

// False: there is nothing that may be served, and perhaps something that may be proven.
bool MeshNode::State::find_servable(Look& look, Word& word) {
  const mesh::Statement* found = ledger.servable(look.name, look.upstream_now);
  if (!found || found->is_own || !found->has_content()) return false;
  if (!found->said.body) return word.is_elsewhere = true;
  const mesh::Statement said = *found;
  cache::EntryRef entry = find_made(look.name, said.said.body_digest, said.current_at);
  if (!entry) {
    look.lock.unlock();
    entry = make_entry(said, look.subject, look.now);
    look.lock.lock();
    note_made(look.name, entry);
  }
  if (!is_fresh(entry, look.now)) return false;
  word.entry = std::move(entry);
  word.wants_audit = wants_audit(word.entry, said, look.name, look.upstream_now);
  return true;
}

void MeshNode::State::find_candidate(Look& look, Word& word) {
  const mesh::Statement* found = ledger.candidate(look.name);
  if (!found || found->is_own || found->said.status != 200) return;
  // What we hold ourselves needs no other witness, unless theirs is later.
  if (look.own && (look.own->body_digest == found->said.body_digest ||
                   found->current_at <= look.own->upstream_date))
    return;
  word.is_elsewhere = !found->said.body;
  if (word.is_elsewhere) return;
  const mesh::Statement offered = *found;
  look.lock.unlock();
  word.candidate = make_entry(offered, look.subject, look.now);
  word.is_shared = trust == mesh::Trust::swarm && offered.said.tag == look.name.tag;
  look.lock.lock();
}

Word MeshNode::look(const Subject& subject, const cache::EntryRef& own, WallTime now) {
  State& state = *state_;
  State::Look look{.name = state.name(subject),
                   .subject = subject,
                   .own = own,
                   .now = now,
                   .upstream_now = now + state.ahead.load(),
                   .lock = state.ledger.lock()};
  Word word;
  if (own) {
    word.is_overtaken = state.ledger.is_overtaken(look.name, own->upstream_date, own->body_digest);
    if (!word.is_overtaken && is_fresh(own, now)) return word;
    if (!word.is_overtaken) {
      word.entry = state.find_renewed(look);
      if (is_fresh(word.entry, now)) {
        // Ours is the body only: that it is current is somebody's word.
        const mesh::Statement* said = state.ledger.find(look.name);
        if (said && said->said.body_digest == own->body_digest)
          word.wants_audit = state.wants_audit(word.entry, *said, look.name, look.upstream_now);
        return word;
      }
      word.entry = nullptr;
    }
  }
  if (!state.find_servable(look, word)) state.find_candidate(look, word);
  return word;
}

void MeshNode::note_offered(const Subject& subject, const cache::EntryRef& offered) {
  State& state = *state_;
  const mesh::KeyAndTag name = state.name(subject);
  const auto lock = state.ledger.lock();
  const mesh::Statement* said = state.ledger.find(name);
  if (!said || said->said.body_digest != offered->body_digest) said = state.ledger.candidate(name);
  if (!said || said->said.body_digest != offered->body_digest) return;
  state.remember(offered, *said, name, true, state.clocks().wall);
}

bool MeshNode::take_audit(const Subject& subject, const cache::EntryRef& served) {
  State& state = *state_;
  const mesh::KeyAndTag name = state.name(subject);
  const auto lock = state.ledger.lock();
  const auto found = state.claims.find({name, served->body_digest});
  if (found == state.claims.end() || found->second.is_taken) return false;
  found->second.is_taken = true;
  return true;
}

net::awaitable<void> MeshNode::bring_body(const Subject& subject) {
  auto arrived = std::make_shared<PendingBody>();
  state_->command(
      [name = state_->name(subject), promised = promise(arrived)](State& state, Now now) {
        std::optional<mesh::Statement> wanted;
        {
          const auto lock = state.ledger.lock();
          const mesh::Statement* said = state.ledger.servable(name, now.wall);
          if (!said || said->is_own) said = state.ledger.candidate(name);
          if (said && !said->said.body) wanted = *said;
        }
        if (wanted)
          state.bodies.emplace(state.member.ask_body(*wanted, now), promised->hand_over());
      });
  co_await arrived->wait();
}

net::awaitable<std::unique_ptr<proxy::Turn>> MeshNode::take_turn(const Subject& subject,
                                                                 bool holds_one) {
  if (state_->members_count == 0) co_return std::make_unique<NodeTurn>(nullptr);
  auto pending = std::make_shared<PendingTurn>();
  const mesh::KeyAndTag name = state_->name(subject);
  const auto what = holds_one ? mesh::LeaseAsk::What::validate : mesh::LeaseAsk::What::fetch;
  state_->command([name, what, promised = promise(pending)](State& state, Now now) {
    (**promised).lease = state.member.ask_lease(name, what, now);
    state.turns.emplace((**promised).lease, promised->hand_over());
  });
  // From here on it is ended, whatever becomes of this coroutine; a lease that is over already is nobody's.
  std::function<void(bool)> end = [state = state_, pending](bool was_told) {
    state->command([pending, was_told](State& inner, Now now) {
      inner.turns.erase(pending->lease);
      inner.member.end_lease(pending->lease, was_told, now);
    });
  };
  auto turn = std::make_unique<NodeTurn>(std::move(end));
  co_await pending->settled.wait();
  if (pending->word != mesh::LeaseSettled::Word::go) turn->may_not_ask();
  co_return turn;
}

void MeshNode::tell(const Subject& subject, Learned learned, const cache::EntryRef& entry) {
  state_->command([name = state_->name(subject), learned, entry](State& state, Now now) {
    mesh::Announcement said;
    if (learned == Learned::confirmed) {
      const auto lock = state.ledger.lock();
      state.ledger.note_unchanged(name, entry->upstream_date, now.wall);
    }
    if (learned == Learned::gone) {
      said = mesh::Gone{.key = name.key, .tag = name.tag, .upstream_date = now.wall};
    } else if (learned == Learned::confirmed && state.is_known(name, *entry)) {
      said = mesh::Valid{.key = name.key,
                         .tag = name.tag,
                         .body_digest = entry->body_digest,
                         .upstream_date = entry->upstream_date};
    } else {
      if (!mesh::may_be_told(entry->headers, *entry->body)) return;
      said = statement_of(name, *entry);
    }
    auto told = state.member.tell(said, now);
    if (!told) log::debug("mesh_not_told", {{"error", told.error()}});
  });
}

void MeshNode::note_stale(std::span<const std::string> keys) {
  if (keys.empty()) return;
  mesh::Stale stale{.upstream_date = state_->clocks().wall, .keys = {}};
  const auto names = state_->names();
  for (const std::string& key : keys) stale.keys.push_back(names->key_id(key));
  state_->command([stale = std::move(stale)](State& state, Now now) {
    auto told = state.member.tell(stale, now);
    if (!told) log::debug("mesh_not_told", {{"error", told.error()}});
  });
}

void MeshNode::note_budget(const proxy::Caller& caller, const http::Headers& headers,
                           WallTime now) {
  state_->note_date(headers, now);
  const auto limit = number_in(headers, "x-ratelimit-limit");
  const auto remaining = number_in(headers, "x-ratelimit-remaining");
  const auto reset = number_in(headers, "x-ratelimit-reset");
  const std::string resource(headers.get("x-ratelimit-resource"));
  if (!limit || !remaining || !reset || resource.empty()) return;
  mesh::Budget budget{.resource = resource,
                      .limit = *limit,
                      .remaining = *remaining,
                      .reset = wall_time(*reset),
                      .upstream_date = state_->clocks().wall};
  {
    const auto lock = state_->ledger.lock();
    budget.tag = state_->tag_of(caller);
    auto& budgets = state_->budgets_told;
    if (budgets.size() >= kTagsMax) budgets.clear();
    Instant& told_at = budgets[{budget.tag, resource}];
    const Instant instant = read_clocks().instant;
    if (*remaining > 0 && told_at != Instant{} && instant < told_at + kBudgetInterval) return;
    told_at = instant;
  }
  state_->command([budget = std::move(budget)](State& state, Now at) {
    auto told = state.member.tell(budget, at);
    if (!told) log::debug("mesh_not_told", {{"error", told.error()}});
  });
}

std::optional<proxy::KnownBudget> MeshNode::told_budget(const proxy::Caller& caller,
                                                        std::string_view resource, WallTime now) {
  const auto lock = state_->ledger.lock();
  const mesh::Budget* told = state_->ledger.budget(state_->tag_of(caller), resource, now);
  if (!told || told->reset <= now) return std::nullopt;
  return proxy::KnownBudget{
      .limit = told->limit, .remaining = told->remaining, .reset = told->reset};
}

// What GitHub's answer says of the claim. Another body may have come since. But one that this node held before the
// claim, and GitHub gives again now, was there all the time: then the claimed one never was. (Last-Modified tells less
// than it seems to: counters of stars and reactions change without it.)
void MeshNode::note_proof(const Subject& subject, const cache::EntryRef& offered,
                          const cache::EntryRef& own, const http::Answer& answer, WallTime now) {
  if (answer.status != 200 && answer.status != 304) return;  // nothing about the claim
  const crypto::Digest seen =
      answer.status == 304 ? offered->body_digest : crypto::sha256(as_bytes(answer.body_text()));
  State& state = *state_;
  const mesh::KeyAndTag name = state.name(subject);
  const auto lock = state.ledger.lock();
  // Also of what others said of it a moment before: somebody was answered with that.
  const WallTime upstream_now = now + state.ahead.load();
  auto each = state.claims.lower_bound({name, crypto::Digest{}});
  while (each != state.claims.end() && each->first.first == name) {
    const auto& [claim, claimed_at, noted_at, is_taken] = each->second;
    mesh::Proof proof = mesh::Proof::changed;
    if (seen == each->first.second) proof = mesh::Proof::confirmed;
    else if (own && own->upstream_date < claimed_at && own->body_digest == seen)
      proof = mesh::Proof::refuted;
    if (is_taken && upstream_now - noted_at <= kClaimAgeMax)
      state.ledger.note_proof(claim, name.tag, proof, upstream_now);
    each = is_taken ? state.claims.erase(each) : std::next(each);
  }
  // What the ledger wants done about it is the mesh's thread's affair.
  state.command([](State& inner, Now at) { inner.member.tick(at); });
}

}  // namespace ghmesh::node
