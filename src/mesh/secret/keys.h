// SPDX-License-Identifier: Apache-2.0 OR MIT
// What is derived from a swarm secret: one label, one purpose (docs/wire/swarm_secret.md has the table).
//
// Keys that others could collect ciphertext under change with the epoch, which is the UTC day. What must be found again
// later does not: the id of a key, the tag of a principal, the peer list that a cache carries for days.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/time.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "mesh/secret/swarm_secret.h"

namespace ghmesh::mesh {

// Names that say nothing to who is not of the swarm. `KeyId` stands for a request's key, `PrincipalTag` for whoever
// asked.
using KeyId = std::array<std::byte, 12>;
using PrincipalTag = std::array<std::byte, 8>;

// Days since 1970-01-01, UTC.
using Epoch = std::int64_t;
Epoch epoch_of(WallTime now);

struct EpochKeys {
  Epoch epoch = 0;
  std::string topic;         // of gossipsub
  crypto::Secret entry_key;  // seals everything that members tell each other
};

class SwarmKeys {
 public:
  explicit SwarmKeys(const SwarmSecret& secret);

  // `canonical_key` is the text of a github::KeyedRequest.
  KeyId key_id(std::string_view canonical_key) const;
  // Of a value that programs share: another family of names, so that no request's key is ever one.
  KeyId shared_key_id(std::string_view name) const;
  // Kind and identity as a principal is derived from them (docs/wire/secrecy.md); for a group, "group" and its name.
  PrincipalTag principal_tag(std::string_view kind, ByteView identity) const;

  const crypto::Secret& member_key() const { return member_key_; }  // proves membership
  const crypto::Secret& peer_list_key() const { return peer_list_key_; }
  EpochKeys epoch_keys(Epoch epoch) const;

  friend bool operator==(const SwarmKeys& a, const SwarmKeys& b) { return a.root_ == b.root_; }

 private:
  crypto::Secret root_, key_id_key_, principal_key_, member_key_, peer_list_key_;
};

}  // namespace ghmesh::mesh
