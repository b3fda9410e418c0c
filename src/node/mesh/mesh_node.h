// SPDX-License-Identifier: Apache-2.0 OR MIT
// MeshNode: the swarm as the proxy sees it. A libp2p host with its sockets, a member of the swarm and its ledger, on
// one thread of its own; what serving threads ask is answered from the ledger, under a lock.
//
//   serving threads     look(), tell(), take_turn() ...    a lock, or a message to the mesh's thread
//   the mesh's thread   sockets, gossip, leases, files     never waits for a serving thread
//
// The constructor opens the sockets, so that addresses() is true once it returns; start() begins to serve.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libp2p/keys/private_key.h"
#include "mesh/lease/lease_table.h"
#include "mesh/ledger/ledger.h"
#include "mesh/member/counters.h"
#include "mesh/secret/keyring.h"
#include "multiformats/multiaddr.h"
#include "node/mesh/mesh_status.h"
#include "node/mesh/shared_store.h"
#include "proxy/peers.h"

namespace ghmesh::node {

struct MeshOptions {
  mesh::SwarmSecret secret;
  std::optional<mesh::Keyring::Previous> previous_secret;
  mesh::Trust trust = mesh::Trust::swarm;
  std::size_t memory_bytes_max = 64 * 1024 * 1024;
  std::vector<multiformats::Multiaddr> listen;  // port 0: the kernel chooses
  std::vector<multiformats::Multiaddr> peers;   // dialed for ever
  bool discovers_locally = false;               // mDNS
  std::string peer_directory;                   // shared with the others; empty: none
  std::string peer_list_file;  // sealed; read at start and kept up to date; empty: none
  std::string state_dir;       // key, replay windows, known peers
  std::string version;
  std::string upstream_origin;  // "https://api.github.com": where links may lead
  SharedStore shared;           // empty: what programs of other machines share is passed on only
};

class MeshNode final : public proxy::Peers {
 public:
  // `figures` is asked on the mesh's thread, and must be quick. Throws std::runtime_error: an address cannot be
  // listened on, or a file of the state directory cannot be used.
  MeshNode(const MeshOptions& options, std::function<mesh::NodeFigures()> figures);
  ~MeshNode() override;  // stops
  MeshNode(const MeshNode&) = delete;
  MeshNode& operator=(const MeshNode&) = delete;

  // Multiaddrs with /p2p at their end, dialable.
  std::vector<std::string> addresses() const;
  void start();
  void stop();  // says farewell, and saves what must survive. Callers of take_turn() go on
  void rotate(const mesh::SwarmSecret& next);

  mesh::Trust trust() const;
  MeshStatus status() const;  // waits a moment for the mesh's thread
  // Round trip to a member. Errors: connection_lost, timed_out, malformed (not a peer id).
  net::awaitable<Result<Duration>> ping(std::string peer);

  // A program of this machine put it: tells everybody. `name` is what its key id is made of; of a removal the record is
  // the name. From any thread; after stop() nothing happens.
  void share(std::string name, mesh::SharedAt said_at, bool is_removal, http::Body record);
  // Asks members for a value that is missed here. True: it has been adopted. Within kRecallAnswerMax, and `patience`.
  net::awaitable<bool> recall(std::string name, Duration patience);

  proxy::Word look(const proxy::Subject& subject, const cache::EntryRef& own,
                   WallTime now) override;
  net::awaitable<void> bring_body(const proxy::Subject& subject) override;
  net::awaitable<std::unique_ptr<proxy::Turn>> take_turn(const proxy::Subject& subject,
                                                         bool holds_one) override;
  void tell(const proxy::Subject& subject, proxy::Learned learned,
            const cache::EntryRef& entry) override;
  void note_stale(std::span<const std::string> keys) override;
  void note_budget(const proxy::Caller& caller, const http::Headers& headers,
                   WallTime now) override;
  std::optional<proxy::KnownBudget> told_budget(const proxy::Caller& caller,
                                                std::string_view resource, WallTime now) override;
  void note_proof(const proxy::Subject& subject, const cache::EntryRef& offered,
                  const cache::EntryRef& own, const http::Answer& answer, WallTime now) override;
  void note_offered(const proxy::Subject& subject, const cache::EntryRef& offered) override;
  bool take_audit(const proxy::Subject& subject, const cache::EntryRef& served) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ghmesh::node
