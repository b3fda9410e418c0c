// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/counter_cipher.h"

#include "crypto/chacha.h"

namespace ghmesh::crypto {
namespace {

static_assert(kCounterKeyBytes == kChaChaKeyBytes && kCounterTagBytes == kChaChaTagBytes);

using Nonce = std::array<std::byte, kChaChaNonceBytes>;

Nonce nonce_of(std::uint64_t counter) {
  Nonce nonce{};
  for (std::size_t i = 4; i < nonce.size(); ++i, counter >>= 8)
    nonce[i] = static_cast<std::byte>(counter & 0xff);
  return nonce;
}

std::unique_ptr<ChaCha> prepare(const Secret& key) {
  auto cipher = std::make_unique<ChaCha>();
  cipher->set_key(key.reveal());
  return cipher;
}

}  // namespace

CounterSealer::CounterSealer(const Secret& key, std::uint64_t first_counter)
    : cipher_(prepare(key)), counter_(first_counter) {}
CounterSealer::CounterSealer(CounterSealer&&) noexcept = default;
CounterSealer& CounterSealer::operator=(CounterSealer&&) noexcept = default;
CounterSealer::~CounterSealer() = default;

Result<void> CounterSealer::seal(ByteView context, ByteView plaintext, MutableByteView out) {
  GHMESH_CHECK(out.size() == plaintext.size() + kCounterTagBytes);
  if (counter_ == kCounterEnd) return Errc::limit_reached;
  cipher_->start(ChaCha::Direction::seal, nonce_of(counter_++), context);
  if (!plaintext.empty()) cipher_->update(raw(out), plaintext);
  cipher_->finish_seal(out.last(kCounterTagBytes));
  return {};
}

CounterOpener::CounterOpener(const Secret& key, std::uint64_t first_counter)
    : cipher_(prepare(key)), counter_(first_counter) {}
CounterOpener::CounterOpener(CounterOpener&&) noexcept = default;
CounterOpener& CounterOpener::operator=(CounterOpener&&) noexcept = default;
CounterOpener::~CounterOpener() = default;

Result<void> CounterOpener::open(ByteView context, ByteView sealed, MutableByteView out) {
  if (sealed.size() < kCounterTagBytes) return Errc::seal_rejected;
  GHMESH_CHECK(out.size() == sealed.size() - kCounterTagBytes);
  if (counter_ == kCounterEnd) return Errc::limit_reached;
  cipher_->start(ChaCha::Direction::open, nonce_of(counter_), context);
  if (!out.empty()) cipher_->update(raw(out), sealed.first(out.size()));
  if (!cipher_->finish_open(sealed.last(kCounterTagBytes))) {
    wipe(out);  // what was decrypted is not authentic: nobody may see it
    return Errc::seal_rejected;
  }
  ++counter_;
  return {};
}

}  // namespace ghmesh::crypto
