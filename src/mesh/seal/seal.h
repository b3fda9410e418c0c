// SPDX-License-Identifier: Apache-2.0 OR MIT
// What members tell each other is sealed before it goes anywhere: nobody but a member reads it, and it opens only where
// it was meant to be opened. The grammar, with an example: docs/wire/seal.md.
//
//   sealed = salt(12) | commitment(16) | ciphertext(a size class, padding.h) | tag(16)
//
// Every message has a key of its own, derived from the members' key, the salt and the context. The commitment is
// derived with it: a ciphertext that opens under two keys cannot be made, and a wrong key shows before anything is
// decrypted. The context is not included: who opens must know from where the message came.
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/aead.h"
#include "crypto/secret.h"
#include "mesh/secret/keys.h"

namespace ghmesh::mesh {

inline constexpr std::size_t kSealSaltBytes = 12;
inline constexpr std::size_t kSealCommitmentBytes = 16;
inline constexpr std::size_t kSealedOverheadBytes =
    kSealSaltBytes + kSealCommitmentBytes + crypto::kSealTagBytes;
// A frame of a stream and a gossip message hold one whole: 64 KiB is what a peer may make us hold for it.
inline constexpr std::size_t kSealedFrameBytesMax = 64 * 1024;
inline constexpr std::size_t kPaddedBytesMax = kSealedFrameBytesMax - kSealedOverheadBytes;
inline constexpr std::size_t kSealPlainBytesMax = kPaddedBytesMax - 1;  // one byte marks its end

// Where a message belongs. `seqno` grows with every message of this sender in this place: what was sealed is never
// sealed again under the same three and a salt of 96 random bits.
struct SealContext {
  std::string_view place;  // a topic; a protocol's id, and whatever tells its exchanges apart
  ByteView sender;         // a peer id
  std::uint64_t seqno = 0;
};

// What turns plaintext into ciphertext. A seam: a test gives one that fails, and sees that nothing is sent.
using SealFunction = Result<void> (*)(const crypto::Secret& key, ByteView nonce, ByteView context,
                                      ByteView plaintext, MutableByteView out);

class Sealer {
 public:
  Sealer();  // XChaCha20-Poly1305
  explicit Sealer(SealFunction function) : function_(function) {}

  // Errors: too_large, and whatever the function says; then there is not one byte to send.
  Result<Bytes> seal(const crypto::Secret& key, const SealContext& context,
                     ByteView plaintext) const;

 private:
  SealFunction function_;
};

// Whatever is wrong, the error is one: seal_rejected.
Result<Bytes> open_sealed(const crypto::Secret& key, const SealContext& context, ByteView sealed);
// Where nothing else tells the key: the commitment does. Tries each, at a microsecond.
Result<Bytes> open_sealed(std::span<const EpochKeys> keys, const SealContext& context,
                          ByteView sealed);

}  // namespace ghmesh::mesh
