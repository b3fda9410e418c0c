// SPDX-License-Identifier: Apache-2.0 OR MIT
// Between the node and its mesh: the configuration in, reports out.
#pragma once

#include "node/config.h"
#include "node/mesh/mesh_node.h"
#include "node/metrics.h"
#include "node/swarm_report.h"
#include "node/swarm_secret.h"

namespace ghmesh::node {

// `config` was loaded: its multiaddrs are good.
MeshOptions mesh_options(const Config& config, const SwarmMembership& membership);
mesh::NodeFigures node_figures(const Totals& totals);
PeersReport peers_report(const MeshStatus& status, std::string fingerprint, mesh::Trust trust);
SwarmStats swarm_stats(const MeshStatus& status);

}  // namespace ghmesh::node
