// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/noise/handshake.h"

#include <utility>

#include "crypto/counter_cipher.h"

namespace ghmesh::noise {
namespace {

// As long as a hash: so it is taken as it is (Noise, 5.2: InitializeSymmetric).
constexpr std::string_view kProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";
constexpr std::size_t kHashBytes = sizeof(crypto::Digest);
static_assert(kProtocolName.size() == kHashBytes);

constexpr std::size_t kSealedKeyBytes = crypto::kX25519Bytes + crypto::kCounterTagBytes;

}  // namespace

SymmetricState::SymmetricState(ByteView prologue) : chaining_key_(kProtocolName) {
  std::ranges::copy(as_bytes(kProtocolName), hash_.begin());
  mix_hash(prologue);
}

void SymmetricState::mix_hash(ByteView bytes) { hash_ = crypto::sha256({hash_, bytes}); }

// Noise's HKDF is that of RFC 5869 with the chaining key as salt and no label.
SymmetricState::Split SymmetricState::derive(ByteView input) const {
  const crypto::Secret both =
      crypto::hkdf_sha256(input, chaining_key_.reveal(), "", 2 * kHashBytes);
  return {.first = crypto::Secret(both.reveal().first(kHashBytes)),
          .second = crypto::Secret(both.reveal().last(kHashBytes))};
}

void SymmetricState::mix_key(const crypto::Secret& shared) {
  Split derived = derive(shared.reveal());
  chaining_key_ = std::move(derived.first);
  key_ = std::move(derived.second);
  nonce_ = 0;
}

void SymmetricState::encrypt_and_hash(ByteView plaintext, Bytes& out) {
  const std::size_t begin = out.size();
  if (key_.empty()) {
    append(out, plaintext);
  } else {
    out.resize(begin + plaintext.size() + crypto::kCounterTagBytes);
    crypto::CounterSealer sealer(key_, nonce_++);
    const auto sealed = sealer.seal(hash_, plaintext, MutableByteView(out).subspan(begin));
    GHMESH_CHECK(sealed.has_value());  // nonces of a handshake are 0 and 1
  }
  mix_hash(ByteView(out).subspan(begin));
}

Result<Bytes> SymmetricState::decrypt_and_hash(ByteView sealed) {
  Bytes plaintext;
  if (key_.empty()) {
    plaintext = copy_bytes(sealed);
  } else {
    if (sealed.size() < crypto::kCounterTagBytes) return Errc::noise_malformed;
    plaintext.resize(sealed.size() - crypto::kCounterTagBytes);
    crypto::CounterOpener opener(key_, nonce_);
    if (!opener.open(hash_, sealed, plaintext)) return Errc::noise_rejected;
    ++nonce_;
  }
  mix_hash(sealed);
  return plaintext;
}

SymmetricState::Split SymmetricState::split() const { return derive({}); }

Handshake::Handshake(Role role, HandshakeKeys keys, ByteView prologue)
    : role_(role), keys_(std::move(keys)), state_(prologue) {}

Result<void> Handshake::mix_shared(const crypto::X25519Key& ours, ByteView theirs) {
  auto shared = ours.shared_with(theirs);
  if (!shared) return Errc::noise_rejected;
  state_.mix_key(*shared);
  return {};
}

Result<void> Handshake::write_keys(Bytes& out) {
  if (messages_count_ < 2) {  // e
    append(out, keys_.ephemeral_key.public_key());
    state_.mix_hash(keys_.ephemeral_key.public_key());
  }
  if (messages_count_ == 1) {  // ee
    auto mixed = mix_shared(keys_.ephemeral_key, peer_ephemeral_key_);
    if (!mixed) return mixed;
  }
  if (messages_count_ == 0) return {};
  // s, and es or se
  state_.encrypt_and_hash(static_key(), out);
  return mix_shared(keys_.static_key, peer_ephemeral_key_);
}

Result<Bytes> Handshake::write_message(ByteView payload) {
  GHMESH_CHECK(!is_complete() && is_our_turn());
  Bytes out;
  auto written = write_keys(out);
  if (!written) return written.error();
  state_.encrypt_and_hash(payload, out);
  ++messages_count_;
  return out;
}

Result<void> Handshake::read_ephemeral(Reader& reader) {
  const auto key = reader.take(crypto::kX25519Bytes);
  if (!key) return Errc::noise_malformed;
  peer_ephemeral_key_ = copy_bytes(*key);
  state_.mix_hash(*key);
  return {};
}

Result<void> Handshake::read_static(Reader& reader) {
  const auto sealed = reader.take(kSealedKeyBytes);
  if (!sealed) return Errc::noise_malformed;
  auto key = state_.decrypt_and_hash(*sealed);
  if (!key) return key.error();
  peer_static_key_ = std::move(*key);
  return mix_shared(keys_.ephemeral_key, peer_static_key_);
}

Result<Bytes> Handshake::read_message(ByteView message) {
  GHMESH_CHECK(!is_complete() && !is_our_turn());
  Reader reader(message);
  if (messages_count_ < 2) {  // e
    auto read = read_ephemeral(reader);
    if (!read) return read.error();
  }
  if (messages_count_ == 1) {  // ee
    auto mixed = mix_shared(keys_.ephemeral_key, peer_ephemeral_key_);
    if (!mixed) return mixed.error();
  }
  if (messages_count_ > 0) {  // s, and es or se
    auto read = read_static(reader);
    if (!read) return read.error();
  }
  ++messages_count_;
  return state_.decrypt_and_hash(reader.rest());
}

TransportKeys Handshake::split() const {
  GHMESH_CHECK(is_complete());
  SymmetricState::Split keys = state_.split();
  if (role_ == Role::dialer)
    return {.send = std::move(keys.first), .receive = std::move(keys.second)};
  return {.send = std::move(keys.second), .receive = std::move(keys.first)};
}

}  // namespace ghmesh::noise
