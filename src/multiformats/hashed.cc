// SPDX-License-Identifier: Apache-2.0 OR MIT
// The names that are made by hashing, apart from those that are only read: the command `ghmesh` checks addresses, and
// must not load a library of hashes for it (docs/decisions/0011-two-programs.md).
#include "crypto/hash.h"
#include "multiformats/cid.h"
#include "multiformats/peer_id.h"

namespace ghmesh::multiformats {

Cid cid_of(ByteView content) {
  const crypto::Digest digest = crypto::sha256(content);
  return {.hash = {.code = kSha256Code, .digest = copy_bytes(digest)}};
}

PeerId PeerId::of_public_key(ByteView serialized_key) {
  if (serialized_key.size() <= kInlinedKeyBytesMax)
    return PeerId(write_multihash({.code = kIdentityCode, .digest = copy_bytes(serialized_key)}));
  const crypto::Digest digest = crypto::sha256(serialized_key);
  return PeerId(write_multihash({.code = kSha256Code, .digest = copy_bytes(digest)}));
}

}  // namespace ghmesh::multiformats
