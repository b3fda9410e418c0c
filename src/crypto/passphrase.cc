// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/passphrase.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/raw.h"
#include "crypto/sodium.h"

namespace ghmesh::crypto {

Result<Secret> argon2id(const Secret& passphrase, ByteView salt, const Argon2Cost& cost,
                        std::size_t bytes_count) {
  static_assert(kArgon2SaltBytes == crypto_pwhash_argon2id_SALTBYTES);
  GHMESH_CHECK(salt.size() == kArgon2SaltBytes);
  GHMESH_CHECK(bytes_count >= crypto_pwhash_argon2id_BYTES_MIN);
  GHMESH_CHECK(cost.passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN);
  GHMESH_CHECK(cost.memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN);
  if (passphrase.size() > kPassphraseBytesMax) return Errc::too_large;

  start_sodium();
  bool is_done = false;
  Secret key = Secret::filled(bytes_count, [&](MutableByteView out) {
    // libsodium takes no null pointer, not even for nothing.
    const char* text = passphrase.empty() ? "" : as_text(passphrase.reveal()).data();
    is_done = crypto_pwhash_argon2id(raw(out), out.size(), text, passphrase.size(), raw(salt),
                                     cost.passes, cost.memory_bytes,
                                     crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
  });
  if (!is_done) return Errc::crypto_failed;
  return key;
}

}  // namespace ghmesh::crypto
