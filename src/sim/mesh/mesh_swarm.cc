// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/mesh/mesh_swarm.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::sim {
namespace {

constexpr Seconds kTtl{60};
const WallTime kBegin = wall_time(1'790'000'000);

mesh::Keyring keyring_of(const mesh::SwarmSecret& secret, WallTime now) {
  return mesh::Keyring(secret, now);
}

WallTime wall_at(Instant now) {
  return kBegin + std::chrono::duration_cast<Seconds>(now.time_since_epoch());
}

}  // namespace

struct MeshSwarm::Node {
  NodeId number = 0;
  bool is_outsider = false;
  std::unique_ptr<mesh::Ledger> ledger;
  std::unique_ptr<mesh::Member> member;
  std::map<mesh::LeaseId, std::uint64_t> leases;  // whose request waits for it
  std::map<mesh::BodyId, std::uint64_t> bodies;
  struct Own {
    int version;
    WallTime date;
  };
  std::map<int, Own> cache;
  std::uint64_t lives_count = 0;
};

struct MeshSwarm::Waiting {
  NodeId node;
  int thing;
  Instant asked_at;
  std::uint64_t life;
  enum class State { new_, leasing, asking } state = State::new_;
  std::optional<mesh::LeaseId> lease;
  std::optional<int> offered;  // a version to be proven
  int version_seen = 0;        // GitHub's, when it was asked
};

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
             }) {
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
      options_.seed * 1000 + node.number, now());
  node.member->set_addresses({hosts_.address(node.number)}, now());
  node.leases.clear();
  node.bodies.clear();
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

Instant MeshSwarm::next_deadline() const {
  Instant deadline = github_.empty() ? Instant::max() : github_.begin()->first;
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
        node->member->handle(event, now());
        hosts_.settle(node->number);
        moved = true;
      }
      pump(*node);
    }
  }
}

void MeshSwarm::pump(Node& node) {
  while (auto event = node.member->next_event()) {
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

void MeshSwarm::request(NodeId number, int thing) {
  const std::uint64_t id = next_request_++;
  Node& node = *nodes_[number];
  waiting_[id] = {
      .node = number, .thing = thing, .asked_at = now().instant, .life = node.lives_count};
  const auto own = node.cache.find(thing);
  const mesh::KeyAndTag subject{key_of(thing), tag_of(number)};
  if (own != node.cache.end() && own->second.date + kTtl > now().wall &&
      !node.ledger->is_overtaken(subject, own->second.date,
                                 crypto::sha256(as_bytes(body_of(thing, own->second.version)))))
    return finish(id, MeshAnswer::From::own, own->second.version);
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
  const auto version_in = [](const mesh::Statement& statement) {
    const std::string& body = *statement.said.body;
    const std::size_t begin = body.rfind(':') + 1;
    return static_cast<int>(
        *parse_decimal(std::string_view(body).substr(begin, body.size() - 1 - begin)));
  };
  const mesh::Statement* said = node.ledger->servable(subject, now().wall);
  if (said && said->has_content() && said->said.body)
    return finish(id, MeshAnswer::From::peer, version_in(*said));
  const mesh::Statement* offered = node.ledger->candidate(subject);
  if (!offered || !offered->said.body) return;
  const auto own = node.cache.find(request.thing);
  if (own != node.cache.end() && own->second.version == version_in(*offered)) return;
  request.offered = version_in(*offered);
  // Of our own principal: one of us may ask for all.
  const bool is_shared = options_.trust == mesh::Trust::swarm && offered->said.tag == subject.tag;
  if (!is_shared || request.state == Waiting::State::leasing) ask_github(id);
}

void MeshSwarm::ask_github(std::uint64_t id) {
  Waiting& request = waiting_.at(id);
  request.state = Waiting::State::asking;
  request.version_seen = versions_[request.thing];
  github_.emplace(now().instant + options_.github_delay, id);
  step(request.node, "asking");
}

void MeshSwarm::github_answers(std::uint64_t id) {
  const auto found = waiting_.find(id);
  // Asked by a process that is gone: GitHub has counted it all the same.
  const bool is_gone = found == waiting_.end();
  if (is_gone) {
    ++bill_.charged;
    return;
  }
  const Waiting request = found->second;
  Node& node = *nodes_[request.node];
  const auto own = node.cache.find(request.thing);
  const bool is_free =
      (request.offered && *request.offered == request.version_seen) ||
      (!request.offered && own != node.cache.end() && own->second.version == request.version_seen);
  ++(is_free ? bill_.free : bill_.charged);
  const std::string body = body_of(request.thing, request.version_seen);
  const crypto::Digest digest = crypto::sha256(as_bytes(body));
  const WallTime date = wall_at(now().instant - options_.github_delay);
  node.cache[request.thing] = {request.version_seen, date};
  step(request.node, "answered");
  if (!waiting_.contains(id)) return;
  mesh::Fetched fetched{.key = key_of(request.thing), .tag = tag_of(request.node)};
  fetched.upstream_date = date;
  fetched.ttl = kTtl;
  fetched.body_digest = digest;
  fetched.body_bytes = body.size();
  fetched.body = http::make_body(body);
  const bool was_told = node.member->tell(std::move(fetched), now()).has_value();
  hosts_.settle(request.node);
  step(request.node, "told");
  if (!waiting_.contains(id)) return;
  if (request.lease) node.member->end_lease(*request.lease, was_told, now());
  hosts_.settle(request.node);
  finish(id, is_free ? MeshAnswer::From::proof : MeshAnswer::From::github, request.version_seen);
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

std::string MeshSwarm::check() const {
  for (const MeshAnswer& answer : answers_) {
    const auto changes = changed_at_.find(answer.thing);
    if (changes == changed_at_.end()) continue;
    // The version ended when the next change came.
    if (static_cast<std::size_t>(answer.version) >= changes->second.size()) continue;
    const Instant ended_at = changes->second[static_cast<std::size_t>(answer.version)];
    if (answer.answered_at <= ended_at + kTtl + 2s) continue;
    return "node " + std::to_string(answer.node) + " served version " +
           std::to_string(answer.version) + " of thing " + std::to_string(answer.thing) + " " +
           std::to_string(std::chrono::duration<double>(answer.answered_at - ended_at).count()) +
           " s after it had changed";
  }
  return {};
}

}  // namespace ghmesh::sim
