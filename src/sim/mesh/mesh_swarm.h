// SPDX-License-Identifier: Apache-2.0 OR MIT
// MeshSwarm: members on simulated wires, and a GitHub that counts what it is asked. Real admission, gossip, seals,
// leases and ledgers; in place of the proxy there is a client that does what the proxy does, in the same order.
//
// Everything comes from one seed. A request that is never answered, or answered with what was never true within the
// last minute, is a failure that check() tells. What a member's word was taken for is audited, as the proxy does it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mesh/member/member.h"
#include "sim/p2p/host_network.h"

namespace ghmesh::sim {

struct MeshSwarmOptions {
  std::uint64_t seed = 0;
  std::size_t nodes_count = 3;
  std::size_t outsiders_count = 0;  // the last ones: with another secret
  mesh::Trust trust = mesh::Trust::swarm;
  bool has_token_each = false;  // a principal for every node, as per-job tokens are
  LinkConfig link{.delay = 1ms, .jitter = 200us};
  Duration github_delay = 40ms;  // to an answer
  // Of the first node only: of one that cannot seal any more.
  mesh::Sealer first_sealer = {};
};

// What GitHub was asked.
struct MeshBill {
  std::size_t charged = 0;
  std::size_t free = 0;    // for a client
  std::size_t audits = 0;  // behind a client's back; those of them that were charged count above
};

// How a request was answered.
struct MeshAnswer {
  enum class From { own, peer, proof, github };
  NodeId node = 0;
  int thing = 0;
  From from = From::github;
  Instant asked_at{}, answered_at{};
  int version = 0;
  bool is_true = true;                // it was GitHub's answer at some time
  multiformats::PeerId vouched_by{};  // of a peer's
};

class MeshSwarm {
 public:
  explicit MeshSwarm(MeshSwarmOptions options);
  ~MeshSwarm();

  std::size_t size() const { return nodes_.size(); }
  mesh::Member& member(NodeId node);
  mesh::Ledger& ledger(NodeId node);
  HostNetwork& hosts() { return hosts_; }
  Now now() const;
  mesh::KeyId key_of(int thing) const;
  mesh::PrincipalTag tag_of(NodeId node) const;

  // Everybody is told of the first node, and finds the others by itself.
  void introduce_all();
  void run(Duration duration);
  bool run_until(const std::function<bool()>& condition, Duration patience);
  // All members are connected to each other, and gossip.
  bool run_until_connected(Duration patience = 30s);
  // The process is killed, and comes back with what it had saved.
  enum class Memory { saved, none };
  // And somebody else comes in its place, which remembers nothing.
  void replace(NodeId node);
  void restart(NodeId node, Memory memory = Memory::saved);

  // --- GitHub and its clients ---
  void change(int thing) {
    ++versions_[thing];
    changed_at_[thing].push_back(now().instant);
  }
  void request(NodeId node, int thing);
  std::size_t waiting_count() const { return waiting_.size(); }
  int version_of(int thing) const;
  std::string body_of(int thing, int version) const;
  const std::vector<MeshAnswer>& answers() const { return answers_; }
  MeshBill bill() const { return bill_; }
  MeshBill bill_of(NodeId node) const;
  void forget_answers() {
    answers_.clear();
    bill_ = {};
    bills_.clear();
  }
  // --- values that programs share: each node has a store of them, which survives a restart ---
  void share(NodeId node, const std::string& name, const std::string& record);
  void remove_shared(NodeId node, const std::string& name);
  void share_at(NodeId node, const std::string& name, const std::string& record,
                mesh::SharedAt said_at);
  // What is in the node's own store; empty: nothing.
  std::string shared_of(NodeId node, const std::string& name) const;
  void forget_shared(NodeId node, const std::string& name);  // from the store only
  mesh::RecallId recall(NodeId node, const std::string& name);
  // What became of it: none while it is under way.
  std::optional<bool> recalled(NodeId node, mesh::RecallId id) const;

  // Empty: every answer was true within the last minute. Otherwise the first that was not.
  std::string check() const;
  bool was_true_within_a_minute(const MeshAnswer& answer) const;
  // A hook: what happens between the steps of a leader (tests kill it there).
  std::function<void(NodeId node, const std::string& step)> on_step;
  // Another: what a host tells its member. True: the member is not told.
  std::function<bool(NodeId node, const host::Event& event)> on_event;

 private:
  struct Node;
  struct Waiting;
  struct Audit;
  void start(Node& node);
  void pump();
  void pump(Node& node);
  void advance(std::uint64_t request);
  void ask_github(std::uint64_t request);
  void github_answers(std::uint64_t request);
  void finish(std::uint64_t request, MeshAnswer::From from, int version);
  void finish(std::uint64_t request, const mesh::Statement& said);
  void begin_audit(Node& node, int thing, const mesh::Statement& said, std::string body);
  void audit(const Audit& due);
  void step(NodeId node, const std::string& name);
  void pump_shared(Node& node, const mesh::MemberEvent& event);
  static void adopt(Node& node, const mesh::Shared& said);
  Instant next_deadline() const;

  const MeshSwarmOptions options_;
  mesh::SwarmSecret secret_, other_secret_;
  HostNetwork hosts_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<int, int> versions_;
  std::map<int, std::vector<Instant>> changed_at_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::set<std::pair<Instant, std::uint64_t>> github_;
  std::multimap<Instant, Audit> audits_;
  Random audit_random_;
  std::uint64_t next_request_ = 1;
  std::int64_t shared_count_ = 0;
  std::vector<MeshAnswer> answers_;
  MeshBill bill_;
  std::map<NodeId, MeshBill> bills_;  // of each
};

}  // namespace ghmesh::sim
