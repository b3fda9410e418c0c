// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/exchange.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/random.h"
#include "crypto/raw.h"
#include "crypto/sodium.h"

namespace ghmesh::crypto {

X25519Key X25519Key::generate() { return from_private(random_secret(kX25519Bytes)); }

X25519Key X25519Key::from_private(Secret private_key) {
  GHMESH_CHECK(private_key.size() == kX25519Bytes);
  start_sodium();
  X25519Key key;
  key.private_key_ = std::move(private_key);
  GHMESH_CHECK(crypto_scalarmult_base(raw(MutableByteView(key.public_key_)),
                                      raw(key.private_key_.reveal())) == 0);
  return key;
}

Result<Secret> X25519Key::shared_with(ByteView peer_public_key) const {
  if (peer_public_key.size() != kX25519Bytes) return Errc::crypto_failed;
  bool is_good = false;
  Secret shared = Secret::filled(kX25519Bytes, [&](MutableByteView out) {
    // libsodium reports the all-zero result as a failure.
    is_good = crypto_scalarmult(raw(out), raw(private_key_.reveal()), raw(peer_public_key)) == 0;
  });
  if (!is_good) return Errc::crypto_failed;
  return shared;
}

}  // namespace ghmesh::crypto
