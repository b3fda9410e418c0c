// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a node of a swarm keeps in files: its key, what must be known after a restart, and where other members were met.
//
//   STATE/p2p.key       the node's key
//   STATE/mesh-ledger   replay windows and high-water dates; a damaged one is set aside, and said so
//   STATE/mesh-peers    known members, sealed
//   a peer list file    the same, for actions/cache or an artifact to carry
//   a shared directory  one sealed file for each member, which it writes itself
//
// Written so that a crash leaves the old file or the new one. Errors are logged, and cost what the file was for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libp2p/keys/private_key.h"
#include "mesh/secret/keyring.h"
#include "mesh/wire/peer_list.h"

namespace ghmesh::node {

// A file of this kind that is larger was not written by us.
inline constexpr std::size_t kLedgerFileBytesMax = 16 * 1024 * 1024;
// Files that are read in a shared directory: of a swarm of a thousand.
inline constexpr std::size_t kDirectoryFilesMax = 1'024;
// Whoever has not rewritten its file for so long is gone.
inline constexpr Seconds kDirectoryAgeMax{3600};

class MeshFiles {
 public:
  MeshFiles(std::filesystem::path state_dir, std::string peer_list_file,
            std::string peer_directory);

  // Throws std::runtime_error.
  keys::PrivateKey load_key() const;
  std::optional<Bytes> load_ledger() const;
  void set_ledger_aside() const;
  void save_ledger(ByteView bytes) const;

  // From the state directory and the list that was carried here.
  std::vector<mesh::ListedPeer> load_peers(const mesh::Keyring& keyring) const;
  void save_peers(const mesh::PeerList& list, const mesh::Keyring& keyring) const;

  bool has_directory() const { return !directory_.empty(); }
  std::vector<mesh::ListedPeer> read_directory(const mesh::Keyring& keyring, WallTime now) const;
  void write_directory(const mesh::ListedPeer& self, const mesh::Keyring& keyring,
                       WallTime now) const;

 private:
  const std::filesystem::path state_dir_;
  const std::filesystem::path peer_list_file_, directory_;
};

}  // namespace ghmesh::node
