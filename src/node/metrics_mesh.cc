// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the mesh counts, as metrics. No label is, or is derived from, a peer or a principal.
#include "node/metrics_families.h"

namespace ghmesh::node {
namespace {

using prometheus::MetricType;

void write_members(Families& families, const MeshStatus& status) {
  const mesh::MemberCounters& counters = status.counters;
  families.begin(MetricType::Gauge, "mesh_members", "Members of the swarm that are connected.");
  families.value(static_cast<std::uint64_t>(status.members.size()));
  families.begin(MetricType::Counter, "mesh_admissions_total",
                 "Connections, by whether they proved to be of the swarm.");
  families.value(counters.admitted, {{"result", "admitted"}});
  families.value(counters.not_admitted, {{"result", "refused"}});
  families.begin(MetricType::Counter, "mesh_wire_bytes_total",
                 "Bytes on the connections with peers, encrypted.");
  families.value(status.wire_bytes_received, {{"direction", "in"}});
  families.value(status.wire_bytes_sent, {{"direction", "out"}});
  families.begin(MetricType::Counter, "mesh_gossip_total",
                 "What came by gossip: messages of our topics, and whatever concerned others.");
  families.value(status.gossip_delivered, {{"topic", "own"}});
  families.value(status.gossip_not_allowed, {{"topic", "other"}});
  families.begin(MetricType::Counter, "mesh_exchanges_refused_total",
                 "Streams of members that were refused or ended, by reason.");
  families.value(counters.exchanges_refused, {{"reason", "limit"}});
  families.value(counters.exchanges_broken, {{"reason", "broken"}});
}

void write_statements(Families& families, const MeshStatus& status) {
  const mesh::MemberCounters& counters = status.counters;
  const mesh::LedgerCounters& ledger = status.ledger;
  families.begin(MetricType::Gauge, "mesh_statements", "Answers that peers told of, and are held.");
  families.value(static_cast<std::uint64_t>(status.ledger_count));
  families.begin(MetricType::Gauge, "mesh_statement_bytes", "Memory that they take.");
  families.value(static_cast<std::uint64_t>(status.ledger_bytes));
  families.begin(MetricType::Counter, "mesh_announcements_total",
                 "Announcements, by what became of them.");
  families.value(counters.told, {{"result", "told"}});
  families.value(counters.untold, {{"result", "untold"}});
  families.value(counters.heard, {{"result", "heard"}});
  families.value(counters.unsealed, {{"result", "unsealed"}});
  families.value(counters.malformed, {{"result", "malformed"}});
  families.begin(MetricType::Counter, "mesh_statements_refused_total",
                 "Announcements that are not believed, by reason.");
  const mesh::Refusals& refused = ledger.refused;
  families.value(refused.replayed, {{"reason", "replayed"}});
  families.value(refused.from_future, {{"reason", "from_future"}});
  families.value(refused.outdated, {{"reason", "outdated"}});
  families.value(refused.false_body, {{"reason", "false_body"}});
  families.value(refused.contradiction, {{"reason", "contradiction"}});
  families.value(refused.expelled, {{"reason", "expelled"}});
  families.value(refused.too_many, {{"reason", "too_many"}});
  families.value(refused.too_large, {{"reason", "too_large"}});
  families.value(refused.unsupported, {{"reason", "unsupported"}});
  families.begin(MetricType::Counter, "mesh_audits_total",
                 "Answers on a member's word that were proven afterwards.");
  families.value(ledger.audits);
  families.begin(MetricType::Counter, "mesh_authors_expelled_total",
                 "Members that were found lying.");
  families.value(ledger.authors_expelled);
}

void write_leases(Families& families, const MeshStatus& status) {
  const mesh::MemberCounters& counters = status.counters;
  families.begin(MetricType::Counter, "mesh_leases_total",
                 "Questions of who asks GitHub, by what became of them.");
  families.value(counters.leases_asked, {{"result", "asked"}});
  families.value(counters.leases_silent, {{"result", "silent"}});
  families.value(counters.leases_expired, {{"result", "expired"}});
  families.value(status.leases.granted, {{"result", "granted"}});
  families.value(status.leases.waited, {{"result", "waited"}});
  families.value(status.leases.lost, {{"result", "lost"}});
  families.begin(MetricType::Counter, "mesh_bodies_total",
                 "Bodies that are too large to be announced, by what became of them.");
  families.value(counters.bodies_fetched, {{"result", "fetched"}});
  families.value(counters.bodies_failed, {{"result", "failed"}});
  families.value(counters.bodies_false, {{"result", "false"}});
  families.value(counters.bodies_served, {{"result", "served"}});
  families.begin(MetricType::Counter, "mesh_warm_statements_total",
                 "Statements of warm starts, by direction.");
  families.value(counters.warm_received, {{"direction", "in"}});
  families.value(counters.warm_served, {{"direction", "out"}});
  families.begin(MetricType::Counter, "mesh_shared_values_total",
                 "Values that programs share, by what became of them.");
  families.value(counters.shared_told, {{"result", "told"}});
  families.value(counters.shared_untold, {{"result", "untold"}});
  families.value(counters.shared_heard, {{"result", "heard"}});
  families.value(counters.shared_refused, {{"result", "refused"}});
  families.value(counters.shared_missed, {{"result", "missed"}});
  families.begin(MetricType::Counter, "mesh_recalls_total",
                 "Shared values that were missed, by what became of the question.");
  families.value(counters.recalls_asked, {{"result", "asked"}});
  families.value(counters.recalls_found, {{"result", "found"}});
  families.value(counters.recalls_served, {{"result", "served"}});
}

}  // namespace

void write_mesh(Families& families, const MeshStatus& status) {
  write_members(families, status);
  write_statements(families, status);
  write_leases(families, status);
}

}  // namespace ghmesh::node
