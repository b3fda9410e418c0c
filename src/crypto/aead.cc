// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/aead.h"

#include <sodium.h>

#include "base/check.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

namespace ghmesh::crypto {
namespace {

static_assert(kSealKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kSealNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kSealTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(MutableByteView bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

}  // namespace

Bytes seal(const Secret& key, ByteView context, ByteView plaintext) {
  GHMESH_CHECK(key.size() == kSealKeyBytes);
  start_sodium();
  Bytes sealed(kSealOverheadBytes + plaintext.size());
  const MutableByteView nonce = MutableByteView(sealed).first(kSealNonceBytes);
  const MutableByteView out = MutableByteView(sealed).subspan(kSealNonceBytes);
  fill_random(nonce);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(out), nullptr, raw(plaintext), plaintext.size(),
                                             raw(context), context.size(), nullptr, raw(nonce),
                                             raw(key.reveal()));
  return sealed;
}

Result<Bytes> open(const Secret& key, ByteView context, ByteView sealed) {
  Bytes plaintext;
  auto opened = open_into(key, context, sealed, plaintext);
  if (!opened) return opened.error();
  return plaintext;
}

Result<void> open_into(const Secret& key, ByteView context, ByteView sealed, Bytes& plaintext) {
  GHMESH_CHECK(key.size() == kSealKeyBytes);
  start_sodium();
  plaintext.clear();
  if (sealed.size() < kSealOverheadBytes) return Errc::seal_rejected;
  const ByteView nonce = sealed.first(kSealNonceBytes);
  const ByteView in = sealed.subspan(kSealNonceBytes);
  plaintext.resize(sealed.size() - kSealOverheadBytes);
  // The tag is checked before a byte is decrypted, so a rejected input leaves only zeros to clear away.
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(raw(MutableByteView(plaintext)), nullptr, nullptr,
                                                 raw(in), in.size(), raw(context), context.size(),
                                                 raw(nonce), raw(key.reveal())) != 0) {
    plaintext.clear();
    return Errc::seal_rejected;
  }
  return {};
}

}  // namespace ghmesh::crypto
