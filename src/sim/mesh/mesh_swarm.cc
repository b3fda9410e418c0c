// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/mesh/mesh_swarm.h"

#include <algorithm>

#include "sim/mesh/state.h"

namespace ghmesh::sim {
namespace {

mesh::Keyring keyring_of(const mesh::SwarmSecret& secret, WallTime now) {
  return mesh::Keyring(secret, now);
}

}  // namespace

MeshSwarm::MeshSwarm(MeshSwarmOptions options)
    : options_(options),
      secret_(mesh::SwarmSecret::generate()),
      other_secret_(mesh::SwarmSecret::generate()),
      hosts_({.seed = options.seed, .link = options.link}, options.nodes_count,
             [this](NodeId node) {
               const bool is_outsider = node + options_.outsiders_count >= options_.nodes_count;
               const auto& secret = is_outsider ? other_secret_ : secret_;
               const WallTime now = nodes_.empty() ? kBegin : wall_at(hosts_.now());
               host::Options made;
               made.started_at = now;
               return mesh::Member::host_options(keyring_of(secret, now), now, std::move(made));
             }),
      audit_random_(options.seed) {
  for (NodeId number = 0; number < options_.nodes_count; ++number) {
    nodes_.push_back(std::make_unique<Node>());
    nodes_.back()->number = number;
    nodes_.back()->is_outsider = number + options_.outsiders_count >= options_.nodes_count;
    start(*nodes_.back());
  }
}

MeshSwarm::~MeshSwarm() = default;

Now MeshSwarm::now() const { return {hosts_.now(), wall_at(hosts_.now())}; }
mesh::Member& MeshSwarm::member(NodeId node) { return *nodes_[node]->member; }
mesh::Ledger& MeshSwarm::ledger(NodeId node) { return *nodes_[node]->ledger; }

mesh::KeyId MeshSwarm::key_of(int thing) const {
  return mesh::SwarmKeys(secret_).key_id("thing " + std::to_string(thing));
}

mesh::PrincipalTag MeshSwarm::tag_of(NodeId node) const {
  const std::string token = options_.has_token_each ? "token " + std::to_string(node) : "token";
  return mesh::SwarmKeys(secret_).principal_tag("token", as_bytes(token));
}

std::string MeshSwarm::body_of(int thing, int version) const {
  return R"({"thing":)" + std::to_string(thing) + R"(,"version":)" + std::to_string(version) + "}";
}

void MeshSwarm::start(Node& node) {
  const Bytes saved =
      node.ledger ? node.ledger->save(mesh::Ledger::Closing::no, now().wall) : Bytes();
  node.member.reset();
  node.ledger = std::make_unique<mesh::Ledger>(hosts_.id(node.number),
                                               mesh::LedgerOptions{.trust = options_.trust});
  if (!saved.empty()) static_cast<void>(node.ledger->load(saved, now().wall).has_value());
  node.member = std::make_unique<mesh::Member>(
      hosts_.host(node.number), *node.ledger,
      keyring_of(node.is_outsider ? other_secret_ : secret_, now().wall),
      options_.seed * 1000 + node.number, now(),
      node.number == 0 ? options_.first_sealer : mesh::Sealer());
  node.member->set_addresses({hosts_.address(node.number)}, now());
  node.leases.clear();
  ++node.lives_count;
}

void MeshSwarm::introduce_all() {
  for (auto& node : nodes_) {
    if (node->number == 0) continue;
    node->member->roster().add_static(hosts_.address(0), now().instant);
    node->member->tick(now());
    hosts_.settle(node->number);
  }
}

void MeshSwarm::restart(NodeId number, Memory memory) {
  Node& node = *nodes_[number];
  std::erase_if(waiting_, [&](const auto& entry) { return entry.second.node == number; });
  node.member.reset();  // before its host
  if (memory == Memory::none) {
    node.ledger.reset();
    node.cache.clear();
  }
  hosts_.restart(number);
  start(node);
  node.member->roster().add_static(hosts_.address(number == 0 ? 1 : 0), now().instant);
  node.member->tick(now());
  hosts_.settle(number);
}

void MeshSwarm::replace(NodeId number) {
  Node& node = *nodes_[number];
  std::erase_if(waiting_, [&](const auto& entry) { return entry.second.node == number; });
  node.member.reset();
  node.ledger.reset();
  node.cache.clear();
  hosts_.replace(number);
  start(node);
  node.member->roster().add_static(hosts_.address(number == 0 ? 1 : 0), now().instant);
  node.member->tick(now());
  hosts_.settle(number);
}

Instant MeshSwarm::next_deadline() const {
  Instant deadline = github_.empty() ? Instant::max() : github_.begin()->first;
  if (!audits_.empty()) deadline = std::min(deadline, audits_.begin()->first);
  for (const auto& node : nodes_) deadline = std::min(deadline, node->member->next_deadline());
  return deadline;
}

void MeshSwarm::run(Duration duration) {
  static_cast<void>(run_until([] { return false; }, duration));
}

bool MeshSwarm::run_until(const std::function<bool()>& condition, Duration patience) {
  const Instant end = now().instant + patience;
  pump();
  while (!condition()) {
    const Instant until = std::min(end, std::max(next_deadline(), now().instant));
    bool is_done = false;
    const auto look = [&] {
      pump();
      is_done = condition();
      return is_done || next_deadline() < until;
    };
    hosts_.run_until(look, until - now().instant);
    if (is_done) return true;
    while (!github_.empty() && github_.begin()->first <= now().instant) {
      const auto request = github_.begin()->second;
      github_.erase(github_.begin());
      github_answers(request);
    }
    while (!audits_.empty() && audits_.begin()->first <= now().instant) {
      const Audit due = audits_.begin()->second;
      audits_.erase(audits_.begin());
      audit(due);
    }
    for (auto& node : nodes_)
      if (node->member->next_deadline() <= now().instant) {
        node->member->tick(now());
        hosts_.settle(node->number);
      }
    pump();
    if (now().instant >= end) return condition();
  }
  return true;
}

bool MeshSwarm::run_until_connected(Duration patience) {
  const std::size_t members = nodes_.size() - options_.outsiders_count;
  const auto is_connected = [&] {
    return std::ranges::all_of(nodes_, [&](const auto& node) {
      if (node->is_outsider) return true;
      const auto& topic = node->member->keyring().announce_keys().topic;
      return node->member->members().size() == members - 1 &&
             hosts_.host(node->number).gossip()->subscribers(topic).size() == members - 1;
    });
  };
  return run_until(is_connected, patience);
}

void MeshSwarm::pump() {
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& node : nodes_) {
      auto& events = hosts_.events(node->number);
      while (!events.empty()) {
        const host::Event event = std::move(events.front());
        events.pop_front();
        if (!on_event || !on_event(node->number, event)) node->member->handle(event, now());
        hosts_.settle(node->number);
        moved = true;
      }
      pump(*node);
    }
  }
}

void MeshSwarm::pump(Node& node) {
  while (auto event = node.member->next_event()) {
    pump_shared(node, *event);
    if (const auto* settled = std::get_if<mesh::LeaseSettled>(&*event)) {
      const auto found = node.leases.extract(settled->lease);
      if (found.empty()) continue;
      const auto request = waiting_.find(found.mapped());
      if (request == waiting_.end()) continue;
      if (settled->word == mesh::LeaseSettled::Word::go) {
        step(node.number, "granted");
        if (!waiting_.contains(found.mapped())) continue;  // killed
        ask_github(request->first);
      } else {
        request->second.lease.reset();
        advance(request->first);
        // Nothing that can be used came of it: then it asks itself.
        if (waiting_.contains(found.mapped()) &&
            waiting_.at(found.mapped()).state == Waiting::State::leasing)
          ask_github(found.mapped());
      }
    }
  }
  hosts_.settle(node.number);
}

void MeshSwarm::step(NodeId node, const std::string& name) {
  if (on_step) on_step(node, name);
}

bool MeshSwarm::was_true_within_a_minute(const MeshAnswer& answer) const {
  if (!answer.is_true) return false;
  const auto changes = changed_at_.find(answer.thing);
  if (changes == changed_at_.end()) return true;
  // The version ended when the next change came.
  const auto version = static_cast<std::size_t>(answer.version);
  if (version >= changes->second.size()) return true;
  return answer.answered_at <= changes->second[version] + kTtl + 2s;
}

std::string MeshSwarm::check() const {
  for (const MeshAnswer& answer : answers_) {
    if (was_true_within_a_minute(answer)) continue;
    return "node " + std::to_string(answer.node) + " served version " +
           std::to_string(answer.version) + " of thing " + std::to_string(answer.thing) +
           (answer.is_true ? ", which had changed long before" : ", which never was");
  }
  return {};
}

}  // namespace ghmesh::sim
