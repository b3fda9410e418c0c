// SPDX-License-Identifier: Apache-2.0 OR MIT
// The swarm that this node has joined, kept in the state directory: swarm.secret, with mode 0600. The grammar of the
// file is in docs/wire/swarm_secret.md.
//
//   ghmesh swarm join     writes it
//   ghmesh swarm rotate   puts the next secret in front, and keeps the one before for mesh::kRotationOverlap
//   ghmesh swarm leave    deletes it
//
// One file holds both secrets and is replaced as a whole, so no crash leaves a node between them. All of these throw
// ConfigError.
#pragma once

#include <optional>
#include <string>

#include "mesh/secret/keyring.h"

namespace ghmesh::node {

struct KeptSwarm {
  mesh::SwarmSecret newest;
  // What is past its time is not here, and is gone from the file when it is next written.
  std::optional<mesh::Keyring::Previous> previous;
};

std::string kept_swarm_file(const std::string& state_dir);

// nullopt: this node has joined no swarm.
std::optional<KeptSwarm> load_kept_swarm(const std::string& state_dir, WallTime now);
// Makes the directory (mode 0700) where there is none.
void keep_swarm(const std::string& state_dir, const KeptSwarm& swarm);
// False: there was none.
bool forget_kept_swarm(const std::string& state_dir);

// What rotating leads to. To the newest secret again: nothing changes.
KeptSwarm rotated(const KeptSwarm& swarm, const mesh::SwarmSecret& next, WallTime now);

}  // namespace ghmesh::node
