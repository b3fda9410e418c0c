// SPDX-License-Identifier: Apache-2.0 OR MIT
// The admin side: health, metrics, statistics, purging, and reasons, on a door of its own. It sees no credential but
// the one that a purge or a question names.
//
//   GET  /healthz        200 while the process serves
//   GET  /readyz         200, or 503 with the reasons: JSON
//   GET  /metrics        Prometheus text
//   GET  /version        JSON
//   GET  /api/v1/stats   JSON
//   GET  /api/v1/stats?swarm=1   JSON: of all nodes of the swarm
//   GET  /api/v1/peers   JSON
//   POST /api/v1/peers/ping      {"peer": "12D3KooW..."}, and the round trip comes back; JSON
//   POST /api/v1/swarm/reload    {}: reads the swarm secret again, after a rotation; JSON
//   POST /api/v1/purge   {"all": true}, or {"url": "/repos/o/r"} for the principal of the Authorization field; JSON
//   POST /api/v1/select  as in node/admin_requests.h: forgets many answers, or has them asked for again; JSON
//   POST /api/v1/why     {"url": "/repos/o/r"}: why it is answered as it is, for the principal of Authorization; JSON
//   GET  /api/v1/decisions?last=20   the last answers, and how they came to be; JSON
//   POST /webhooks/github   what GitHub sends there
//
// Those of the swarm answer 404 where the daemon is in none, and the webhooks where it has no secret.
//
// On TCP the rules of the front door hold (proxy/access.h): our own Host, no Origin, no request that a page caused.
// What names single answers is said on the unix socket only, whose file is its owner's; a webhook comes by any name,
// and proves itself by its signature.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "net/http_server.h"
#include "node/admin_requests.h"
#include "node/metrics.h"
#include "node/swarm_report.h"
#include "node/webhooks.h"
#include "proxy/access.h"

namespace ghmesh::node {

// A purge is one short object.
inline constexpr std::size_t kAdminBodyBytesMax = 16 * 1024;

// Of `/api/v1/decisions`, where no count is given.
inline constexpr std::size_t kDecisionsDefault = 20;

// What the admin side asks the node. Called on serving threads; each must be thread-safe and must not wait for the
// network.
struct AdminSources {
  std::function<std::vector<std::string>()> troubles;  // empty: ready; otherwise one sentence each
  std::function<Snapshot()> snapshot;
  std::function<void()> purge_all;
  // Errors: those of github::parse_credential() and github::parse_target().
  std::function<Result<void>(std::string_view authorization, std::string_view target)> purge;
  // Errors: those of github::Pattern::parse() and github::parse_credential().
  std::function<Result<proxy::Proxy::Selected>(std::string_view authorization,
                                               const SelectRequest& request)>
      select;
  std::function<Result<proxy::Explanation>(std::string_view authorization,
                                           const WhyRequest& request)>
      why;
  std::function<std::vector<proxy::Decision>(std::size_t count)> decisions;
  // Null: there is no secret for them.
  std::function<Webhooks::Receipt(const http::RequestHead& head, std::string_view body)> webhook;
  std::function<std::vector<std::string>()>
      addresses;  // as Node::addresses(): what start-up printed

  // Null, all of them, where the daemon is in no swarm.
  std::function<PeersReport()> peers;
  std::function<SwarmStats()> swarm_stats;
  // This one waits for the network, and resumes on the executor of its caller.
  std::function<net::awaitable<Result<Duration>>(std::string peer)> ping_peer;
  // Errors: those of the source of the secret.
  std::function<Result<void>()> reload_swarm;
};

class Admin final : public net::Service {
 public:
  // `metrics` outlives the admin side. `own_names` are what a Host on TCP may say: the admin address, with its port.
  Admin(const Metrics& metrics, AdminSources sources, std::vector<std::string> own_names,
        Instant started_at);

  bool answer_now(const http::RequestHead& head, net::Door door, net::Reply& reply) override;
  net::awaitable<void> answer(net::Exchange& exchange) override;

  // The whole of the admin side, apart from reading the body and from sending a ping.
  net::Reply reply_to(const http::RequestHead& head, net::Door door, std::string_view body,
                      Now now) const;

 private:
  http::Answer dispatch(const http::RequestHead& head, net::Door door, std::string_view body,
                        Now now) const;
  http::Answer select(const http::RequestHead& head, std::string_view body) const;
  http::Answer why(const http::RequestHead& head, std::string_view body) const;
  http::Answer decisions(const http::RequestHead& head) const;
  http::Answer webhook(const http::RequestHead& head, std::string_view body) const;
  // What can be said before the body is read; nothing: read it.
  std::optional<http::Answer> refusal_of(const http::RequestHead& head) const;
  http::Answer ready() const;
  http::Answer stats(Now now) const;
  http::Answer peers() const;
  http::Answer swarm_stats() const;
  http::Answer reload_swarm(const http::RequestHead& head) const;
  // The peer of a ping that may be sent; empty for everything else, which reply_to() answers.
  std::string peer_to_ping(const http::RequestHead& head, net::Door door,
                           std::string_view body) const;
  http::Answer purge(const http::RequestHead& head, std::string_view body) const;

  const Metrics& metrics_;
  AdminSources sources_;
  proxy::AccessRules access_;
  Instant started_at_;
  std::atomic<std::size_t> webhook_bytes_{0};  // of bodies that are being read
};

}  // namespace ghmesh::node
