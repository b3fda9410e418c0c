// SPDX-License-Identifier: Apache-2.0 OR MIT
// Clients, in place of the proxy: what proxy/consult.cc and node/mesh/words.cc do for a request, in the same order.
#include <algorithm>

#include "base/text.h"
#include "sim/mesh/state.h"

namespace ghmesh::sim {
namespace {

crypto::Digest digest_of(const std::string& body) { return crypto::sha256(as_bytes(body)); }

// 0 in what no GitHub ever said.
int version_in(const std::string& body) {
  const std::size_t begin = body.rfind(':');
  if (begin == std::string::npos || !body.ends_with('}')) return 0;
  const auto version =
      parse_decimal(std::string_view(body).substr(begin + 1, body.size() - begin - 2));
  return version ? static_cast<int>(*version) : 0;
}

bool is_whole(const mesh::Statement* said) {
  return said && said->has_content() && said->said.body && !said->is_own;
}

}  // namespace

void MeshSwarm::request(NodeId number, int thing) {
  const std::uint64_t id = next_request_++;
  Node& node = *nodes_[number];
  waiting_[id] = {.node = number, .thing = thing, .asked_at = now().instant};
  const auto own = node.cache.find(thing);
  const mesh::KeyAndTag subject{key_of(thing), tag_of(number)};
  if (own != node.cache.end()) {
    const int version = own->second.version;
    const crypto::Digest digest = digest_of(body_of(thing, version));
    if (!node.ledger->is_overtaken(subject, own->second.date, digest)) {
      if (own->second.date + kTtl > now().wall) return finish(id, MeshAnswer::From::own, version);
      const auto since = node.ledger->current_since(subject, digest);
      if (since && *since + kTtl > now().wall) {  // somebody's 304 has confirmed it
        begin_audit(node, thing, *node.ledger->find(subject), body_of(thing, version));
        return finish(id, MeshAnswer::From::peer, version);
      }
    }
  }
  advance(id);
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || found->second.state != Waiting::State::new_) return;
  found->second.state = Waiting::State::leasing;
  const mesh::LeaseId lease = node.member->ask_lease(
      subject,
      own == node.cache.end() ? mesh::LeaseAsk::What::fetch : mesh::LeaseAsk::What::validate,
      now());
  found->second.lease = lease;
  node.leases[lease] = id;
  step(number, "asked");
  if (!waiting_.contains(id)) return;
  hosts_.settle(number);
  pump(node);
}

// What somebody said of it, if that is enough; a body that can be proven is asked about at once.
void MeshSwarm::advance(std::uint64_t id) {
  Waiting& request = waiting_.at(id);
  Node& node = *nodes_[request.node];
  const mesh::KeyAndTag subject{key_of(request.thing), tag_of(request.node)};
  const mesh::Statement* said = node.ledger->servable(subject, now().wall);
  if (is_whole(said)) {
    begin_audit(node, request.thing, *said, *said->said.body);
    return finish(id, *said);
  }
  const mesh::Statement* offered = node.ledger->candidate(subject);
  if (!is_whole(offered)) return;
  const auto own = node.cache.find(request.thing);
  // What we hold ourselves needs no other witness, unless theirs is later.
  if (own != node.cache.end() &&
      (*offered->said.body == body_of(request.thing, own->second.version) ||
       offered->current_at <= own->second.date))
    return;
  request.offered = {.claim = mesh::Ledger::claim_of(*offered),
                     .claimed_at = offered->current_at,
                     .body = *offered->said.body};
  // Of our own principal: one of us may ask for all.
  const bool is_shared = options_.trust == mesh::Trust::swarm && offered->said.tag == subject.tag;
  if (!is_shared || request.state == Waiting::State::leasing) ask_github(id);
}

void MeshSwarm::ask_github(std::uint64_t id) {
  Waiting& request = waiting_.at(id);
  request.state = Waiting::State::asking;
  request.version_seen = versions_[request.thing];
  github_.emplace(now().instant + options_.github_delay, id);
  if (!request.is_audit) step(request.node, "asking");
}

void MeshSwarm::github_answers(std::uint64_t id) {
  const auto found = waiting_.find(id);
  // Asked by a process that is gone: GitHub has counted it all the same.
  if (found == waiting_.end()) {
    ++bill_.charged;
    return;
  }
  const Waiting request = found->second;
  Node& node = *nodes_[request.node];
  const std::string body = body_of(request.thing, request.version_seen);
  const auto own = node.cache.find(request.thing);
  const bool is_own = own != node.cache.end() && own->second.version == request.version_seen;
  const bool is_free = request.offered ? request.offered->body == body : is_own;
  for (MeshBill* bill : {&bill_, &bills_[request.node]}) {
    if (request.is_audit) ++bill->audits;
    else if (is_free) ++bill->free;
    if (!is_free) ++bill->charged;
  }
  // It was true when it was asked; on its way back something may have changed.
  const WallTime date = wall_at(now().instant - options_.github_delay);
  const auto judge = [&](const Waiting::Offered& claimed) {
    mesh::Proof proof = mesh::Proof::changed;
    if (claimed.body == body) proof = mesh::Proof::confirmed;
    else if (is_own && own->second.date < claimed.claimed_at) proof = mesh::Proof::refuted;
    node.ledger->note_proof(claimed.claim, tag_of(request.node), proof, now().wall);
  };
  if (request.offered) judge(*request.offered);
  if (request.served && request.served->claimed_at != request.offered->claimed_at)
    judge(*request.served);
  node.member->tick(now());
  const mesh::KeyAndTag subject{key_of(request.thing), tag_of(request.node)};
  if (is_own) node.ledger->note_unchanged(subject, date, now().wall);
  node.cache[request.thing] = {request.version_seen, date};
  if (!request.is_audit) step(request.node, "answered");
  if (!waiting_.contains(id)) return;
  const mesh::Statement* known = node.ledger->candidate(subject);
  mesh::Announcement said;
  if (is_free && is_whole(known) && *known->said.body == body) {
    said = mesh::Valid{.key = subject.key,
                       .tag = subject.tag,
                       .body_digest = digest_of(body),
                       .upstream_date = date};
  } else {
    mesh::Fetched fetched{.key = subject.key, .tag = subject.tag};
    fetched.upstream_date = date;
    fetched.ttl = kTtl;
    fetched.body_digest = digest_of(body);
    fetched.body_bytes = body.size();
    fetched.body = http::make_body(body);
    said = std::move(fetched);
  }
  const bool was_told = node.member->tell(std::move(said), now()).has_value();
  hosts_.settle(request.node);
  if (request.is_audit) {
    waiting_.erase(id);
    return;
  }
  step(request.node, "told");
  if (!waiting_.contains(id)) return;
  if (request.lease) node.member->end_lease(*request.lease, was_told, now());
  hosts_.settle(request.node);
  finish(id, is_free ? MeshAnswer::From::proof : MeshAnswer::From::github, request.version_seen);
}

void MeshSwarm::begin_audit(Node& node, int thing, const mesh::Statement& said, std::string body) {
  const auto served = node.ledger->note_served(said, audit_random_, now().wall);
  if (!served.wants_audit || !node.audited.insert({thing, said.current_at}).second) return;
  const auto spread = static_cast<std::uint64_t>((kAuditDelayMax - kAuditDelayMin).count());
  audits_.emplace(
      now().instant + kAuditDelayMin + Duration(audit_random_.below(spread)),
      Audit{.node = node.number,
            .life = node.lives_count,
            .thing = thing,
            .served = {
                .claim = served.claim, .claimed_at = said.current_at, .body = std::move(body)}});
}

void MeshSwarm::audit(const Audit& due) {
  Node& node = *nodes_[due.node];
  const mesh::KeyAndTag subject{key_of(due.thing), tag_of(due.node)};
  const mesh::Statement* said = node.ledger->find(subject);
  // Our own answer has overtaken it, or it can be served no more.
  if (node.lives_count != due.life || !said || said->vouched_by == hosts_.id(due.node) ||
      said->fresh_until <= now().wall || (!said->is_own && !said->said.body))
    return;
  const auto own = node.cache.find(due.thing);
  const std::string own_body =
      own == node.cache.end() ? "" : body_of(due.thing, own->second.version);
  const std::uint64_t id = next_request_++;
  Waiting& request = waiting_[id];
  request = {.node = due.node, .thing = due.thing, .asked_at = now().instant, .is_audit = true};
  request.offered = {.claim = mesh::Ledger::claim_of(*said),
                     .claimed_at = said->current_at,
                     .body = said->said.body ? *said->said.body : own_body};
  request.served = due.served;
  ask_github(id);
}

void MeshSwarm::finish(std::uint64_t id, const mesh::Statement& said) {
  const std::string body = *said.said.body;
  const int version = version_in(body);
  const multiformats::PeerId vouched_by = said.vouched_by;
  finish(id, MeshAnswer::From::peer, version);
  MeshAnswer& answer = answers_.back();
  answer.vouched_by = vouched_by;
  answer.is_true = body == body_of(answer.thing, version) && version <= version_of(answer.thing);
}

void MeshSwarm::finish(std::uint64_t id, MeshAnswer::From from, int version) {
  const auto node = waiting_.extract(id);
  const Waiting& request = node.mapped();
  answers_.push_back({.node = request.node,
                      .thing = request.thing,
                      .from = from,
                      .asked_at = request.asked_at,
                      .answered_at = now().instant,
                      .version = version});
}

MeshBill MeshSwarm::bill_of(NodeId node) const {
  const auto found = bills_.find(node);
  return found == bills_.end() ? MeshBill() : found->second;
}

int MeshSwarm::version_of(int thing) const {
  const auto found = versions_.find(thing);
  return found == versions_.end() ? 0 : found->second;
}

}  // namespace ghmesh::sim
