// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where a node's swarm secret comes from. Of several sources the first that speaks is heard, and one that speaks and is
// wrong is an error: falling through to a weaker one would put the node into another swarm.
//
//   1  swarm_secret_file            a file; nobody but this user and root may read it
//   2  GHMESH_SWARM_SECRET          the environment; taken out of it, so that no child inherits it
//   3  systemd credential           ghmesh-swarm-secret in $CREDENTIALS_DIRECTORY
//   4  state directory              what `ghmesh swarm join` kept
//   5  swarm_from_token             the GitHub token of GH_TOKEN or GITHUB_TOKEN
//
// The first three hold one secret as `ghmesh swarm new` prints it, or an invitation and, on the next line, its
// passphrase. Only the fourth knows a rotation.
#pragma once

#include <optional>
#include <string>

#include "crypto/secret.h"
#include "node/config.h"
#include "node/kept_swarm.h"

namespace ghmesh::node {

inline constexpr std::string_view kSwarmCredential = "ghmesh-swarm-secret";

struct SwarmSources {
  std::string secret_file;            // empty: none
  crypto::Secret variable;            // empty: not set
  std::string credentials_directory;  // empty: systemd gave none
  std::string state_dir;
  bool is_token_wanted = false;
  crypto::Secret token;
  std::string token_variable;  // the name of the variable that held it

  // Wipes GHMESH_SWARM_SECRET in the environment and takes it away: call it before other threads are started, and once.
  static SwarmSources take_from_process(const Config& config);
};

struct SwarmMembership {
  mesh::SwarmSecret newest;
  std::optional<mesh::Keyring::Previous> previous;
  std::string source;    // for people: "file /etc/ghmesh/swarm", "environment GHMESH_SWARM_SECRET"
  std::string warning;   // empty: none. One sentence for the log
  bool is_kept = false;  // in the state directory: can be rotated here
};

// nullopt: no source says anything, and the node is in no swarm. Throws ConfigError with the source and what is wrong.
std::optional<SwarmMembership> load_swarm_secret(const SwarmSources& sources, WallTime now);

// One secret as people have it: its text, or an invitation and its passphrase on the next line. Errors: those of
// mesh::SwarmSecret; swarm_passphrase_missing.
Result<mesh::SwarmSecret> parse_swarm_input(const crypto::Secret& text);
// As above, where the passphrase comes apart. An error, swarm_secret_unknown, for what is no invitation.
Result<mesh::SwarmSecret> parse_swarm_input(const crypto::Secret& text,
                                            const crypto::Secret& passphrase);

}  // namespace ghmesh::node
