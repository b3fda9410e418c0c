// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/mesh_wiring.h"

#include <algorithm>

#include "base/text.h"
#include "node/version.h"

namespace ghmesh::node {
namespace {

std::vector<multiformats::Multiaddr> parse_all(const std::vector<std::string>& texts) {
  std::vector<multiformats::Multiaddr> addresses;
  for (const std::string& text : texts)
    addresses.push_back(multiformats::Multiaddr::parse_text(text).value());
  return addresses;
}

std::map<std::string, std::uint64_t> by_reason(const mesh::Refusals& refused) {
  std::map<std::string, std::uint64_t> counts{
      {"replayed", refused.replayed},           {"from_future", refused.from_future},
      {"outdated", refused.outdated},           {"false_body", refused.false_body},
      {"contradiction", refused.contradiction}, {"expelled", refused.expelled},
      {"too_many", refused.too_many},           {"too_large", refused.too_large},
      {"unsupported", refused.unsupported}};
  std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
  return counts;
}

void add_author(PeerReport& report, const mesh::AuthorFigures& author) {
  report.heard_count = author.figures.heard;
  report.served_count = author.figures.served;
  report.proven_count = author.figures.proven;
  report.refuted_count = author.figures.refuted;
  report.refused = by_reason(author.figures.refused);
  report.suspicion = author.suspicion;
  if (author.expelled_until != WallTime::min()) report.expelled_until = author.expelled_until;
}

NodeReport node_report(const SwarmNode& node) {
  const mesh::NodeFigures& figures = node.figures;
  return {.id = node.id,
          .is_self = node.is_self,
          .requests_count = figures.requests,
          .calls_saved = figures.own_hits + figures.peer_hits + figures.free,
          .calls_charged = figures.charged,
          .peer_hits_count = figures.peer_hits};
}

}  // namespace

MeshOptions mesh_options(const Config& config, const SwarmMembership& membership) {
  return {.secret = membership.newest,
          .previous_secret = membership.previous,
          .trust = config.trust == Trust::verify ? mesh::Trust::verify : mesh::Trust::swarm,
          .memory_bytes_max = config.mesh_memory,
          .listen = parse_all(config.p2p_listen),
          .peers = parse_all(config.peers),
          .discovers_locally = config.mdns,
          .peer_directory = config.peer_directory,
          .peer_list_file = config.peer_list_file,
          .state_dir = config.state_dir,
          .version = std::string(kVersion),
          .upstream_origin = config.upstream};
}

mesh::NodeFigures node_figures(const Totals& totals) {
  const auto count = [&](http::Detail detail) {
    return totals.by_detail[static_cast<std::size_t>(detail)];
  };
  using http::Detail;
  return {.requests = totals.requests_count,
          .own_hits = count(Detail::fresh) + count(Detail::coalesced) + count(Detail::stale),
          .peer_hits = count(Detail::peer),
          .free = count(Detail::revalidated) + count(Detail::proven),
          .charged = totals.charged_count()};
}

PeersReport peers_report(const MeshStatus& status, std::string fingerprint, mesh::Trust trust) {
  PeersReport report{.self = {.id = status.self,
                              .addresses = status.addresses,
                              .swarm = std::move(fingerprint),
                              .trust = trust == mesh::Trust::verify ? "verify" : "swarm"}};
  std::map<std::string, const mesh::AuthorFigures*> authors;
  for (const mesh::AuthorFigures& author : status.authors) authors[author.author.text()] = &author;
  for (const mesh::MemberView& member : status.members) {
    PeerReport peer{.id = member.id.text(),
                    .addresses = member.addresses,
                    .is_inbound = !member.is_outbound,
                    .agent = member.agent,
                    .is_admitted = true,
                    .connected = member.connected_for};
    if (member.round_trip > Duration(0)) peer.rtt = member.round_trip;
    if (const auto author = authors.extract(peer.id); !author.empty())
      add_author(peer, *author.mapped());
    report.peers.push_back(std::move(peer));
  }
  // And of those that are not connected, whoever is worth a line: it was expelled, or refused.
  for (const auto& [id, author] : authors) {
    if (author->expelled_until == WallTime::min() && author->figures.refused.all() == 0) continue;
    PeerReport peer{.id = id};
    add_author(peer, *author);
    report.peers.push_back(std::move(peer));
  }
  return report;
}

SwarmStats swarm_stats(const MeshStatus& status) {
  SwarmStats stats;
  for (const SwarmNode& node : status.nodes) stats.nodes.push_back(node_report(node));
  for (const mesh::Budget& budget : status.budgets)
    stats.budgets.push_back({.tag = hex(budget.tag),
                             .resource = budget.resource,
                             .limit = budget.limit,
                             .remaining = budget.remaining,
                             .reset_at = to_seconds(budget.reset)});
  return stats;
}

}  // namespace ghmesh::node
