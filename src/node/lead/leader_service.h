// SPDX-License-Identifier: Apache-2.0 OR MIT
// The leader's door: what the other processes of a cache directory ask whoever leads them, over its unix socket.
//
//   Host: leader.ghmesh
//     GET  /v1/status               lines (node/lead/seat.h)
//     POST /v1/share                items (node/lead/share_items.h), to be told to the swarm; 204
//     POST /v1/recall?patience=MS   the name of a value that is missed; 204: it is in the store now, 404: nobody has it
//     POST /v1/yield?rank=N         202: it yields; 409: it does not
//   any other Host                  a request of GitHub's API, through the leader's proxy. The field ghmesh-upstream
//                                   names another upstream than the leader's own; it is not forwarded.
//
// A socket of mode 0600, and its users are one (SO_PEERCRED): whoever comes in may read the store anyway.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "node/lead/seat.h"
#include "node/lead/share_items.h"

namespace ghmesh::node {

// What the door asks the node. Called on serving threads; each must be thread-safe.
struct LeaderSources {
  std::function<LeaderStatus()> status;
  std::function<bool(LeadRank)> yield;  // whether it does, to one of this rank
  std::function<void(std::vector<ShareItem>)> share;
  std::function<net::awaitable<bool>(std::string name, Duration patience)> recall;
  // For this upstream; of the empty one the leader's own. Null: it is no upstream.
  std::function<net::Service*(std::string_view upstream)> proxy;
};

class LeaderService final : public net::Service {
 public:
  explicit LeaderService(LeaderSources sources) : sources_(std::move(sources)) {}

  bool answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) override;
  net::awaitable<void> answer(net::Exchange& exchange) override;

 private:
  net::awaitable<void> answer_own(net::Exchange& exchange);
  net::awaitable<int> dispatch(net::Exchange& exchange, std::string& body);

  const LeaderSources sources_;
};

}  // namespace ghmesh::node
