// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/swarm_report.h"

#include <boost/json.hpp>
#include <chrono>

namespace ghmesh::node {
namespace {

namespace json = boost::json;

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

json::array texts(const std::vector<std::string>& values) {
  return json::array(values.begin(), values.end());
}

json::object peer_object(const PeerReport& peer) {
  json::object refused;
  for (const auto& [reason, count] : peer.refused) refused[reason] = count;
  json::object made{{"id", peer.id},
                    {"addresses", texts(peer.addresses)},
                    {"direction", peer.is_inbound ? "in" : "out"},
                    {"agent", peer.agent},
                    {"rtt_ms", nullptr},
                    {"admitted", peer.is_admitted},
                    {"connected_s", std::chrono::duration_cast<Seconds>(peer.connected).count()},
                    {"heard", peer.heard_count},
                    {"served", peer.served_count},
                    {"proven", peer.proven_count},
                    {"refuted", peer.refuted_count},
                    {"refused", std::move(refused)},
                    {"suspicion", peer.suspicion},
                    {"expelled_until", nullptr}};
  if (peer.rtt) made["rtt_ms"] = milliseconds(*peer.rtt);
  if (peer.expelled_until) made["expelled_until"] = to_seconds(*peer.expelled_until);
  return made;
}

// Of nobody's requests, nothing was saved.
double hit_rate(const NodeReport& node) {
  return node.requests_count == 0
             ? 0
             : static_cast<double>(node.calls_saved) / static_cast<double>(node.requests_count);
}

json::object counts_object(const NodeReport& node) {
  return {{"requests", node.requests_count},
          {"calls_saved", node.calls_saved},
          {"calls_charged", node.calls_charged},
          {"peer_hits", node.peer_hits_count},
          {"hit_rate", hit_rate(node)}};
}

}  // namespace

std::string write_peers(const PeersReport& report) {
  json::array peers;
  for (const PeerReport& peer : report.peers) peers.push_back(peer_object(peer));
  return json::serialize(
      json::object{{"self", json::object{{"id", report.self.id},
                                         {"addresses", texts(report.self.addresses)},
                                         {"swarm", report.self.swarm},
                                         {"trust", report.self.trust}}},
                   {"peers", std::move(peers)}});
}

std::string write_swarm_stats(const SwarmStats& stats) {
  json::array nodes;
  NodeReport total;
  for (const NodeReport& node : stats.nodes) {
    json::object made = counts_object(node);
    made["id"] = node.id;
    made["self"] = node.is_self;
    nodes.push_back(std::move(made));
    total.requests_count += node.requests_count;
    total.calls_saved += node.calls_saved;
    total.calls_charged += node.calls_charged;
    total.peer_hits_count += node.peer_hits_count;
  }
  json::array budgets;
  for (const SwarmBudget& budget : stats.budgets)
    budgets.push_back(json::object{{"tag", budget.tag},
                                   {"resource", budget.resource},
                                   {"limit", budget.limit},
                                   {"remaining", budget.remaining},
                                   {"reset", budget.reset_at}});
  return json::serialize(json::object{{"nodes", std::move(nodes)},
                                      {"total", counts_object(total)},
                                      {"budgets", std::move(budgets)}});
}

std::string write_ping(Duration rtt) {
  return json::serialize(json::object{{"rtt_ms", milliseconds(rtt)}});
}

}  // namespace ghmesh::node
