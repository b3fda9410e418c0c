// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/seal/seal.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "mesh/seal/padding.h"
#include "packing/varint.h"

namespace ghmesh::mesh {
namespace {

constexpr std::string_view kLabel = "ghmesh seal 1";
constexpr std::size_t kCommitmentBegin = kSealSaltBytes;
constexpr std::size_t kCiphertextBegin = kSealSaltBytes + kSealCommitmentBytes;

// Everything that must be the same on both sides. Lengths make it unambiguous.
Bytes write_context(const SealContext& context, std::size_t size_class) {
  Bytes out = copy_bytes(as_bytes(kLabel));
  packing::append_varint(out, context.place.size());
  append(out, as_bytes(context.place));
  packing::append_varint(out, context.sender.size());
  append(out, context.sender);
  append_big_endian<std::uint64_t>(out, context.seqno);
  append_big_endian<std::uint8_t>(out, static_cast<std::uint8_t>(size_class));
  return out;
}

struct MessageKeys {
  crypto::Secret key;
  std::array<std::byte, crypto::kSealNonceBytes> nonce;
  std::array<std::byte, kSealCommitmentBytes> commitment;
};

MessageKeys derive_message_keys(const crypto::Secret& key, ByteView salt, ByteView context) {
  Bytes info = copy_bytes(salt);
  append(info, context);
  constexpr std::size_t kAllBytes =
      crypto::kSealKeyBytes + crypto::kSealNonceBytes + kSealCommitmentBytes;
  const crypto::Secret derived = crypto::hkdf_expand(key, info, kAllBytes);
  Reader in(derived.reveal());
  MessageKeys keys{.key = crypto::Secret(*in.take(crypto::kSealKeyBytes)), .nonce{}, .commitment{}};
  std::ranges::copy(*in.take(keys.nonce.size()), keys.nonce.begin());
  std::ranges::copy(*in.take(keys.commitment.size()), keys.commitment.begin());
  return keys;
}

Result<void> seal_with_xchacha(const crypto::Secret& key, ByteView nonce, ByteView context,
                               ByteView plaintext, MutableByteView out) {
  crypto::seal_with_nonce(key, nonce, context, plaintext, out);
  return {};
}

}  // namespace

Sealer::Sealer() : Sealer(&seal_with_xchacha) {}

Result<Bytes> Sealer::seal(const crypto::Secret& key, const SealContext& context,
                           ByteView plaintext) const {
  if (plaintext.size() > kSealPlainBytesMax) return Errc::too_large;
  const std::size_t size_class = size_class_of(plaintext.size() + 1);
  const Bytes written_context = write_context(context, size_class);

  Bytes sealed(kSealedOverheadBytes + bytes_of_class(size_class));
  const MutableByteView out(sealed);
  crypto::fill_random(out.first(kSealSaltBytes));
  const MessageKeys keys = derive_message_keys(key, out.first(kSealSaltBytes), written_context);
  std::ranges::copy(keys.commitment, out.begin() + kCommitmentBegin);

  Bytes padded = pad(plaintext, size_class);
  auto done =
      function_(keys.key, keys.nonce, written_context, padded, out.subspan(kCiphertextBegin));
  crypto::wipe(padded);
  if (!done) return done.error();
  return sealed;
}

Result<Bytes> open_sealed(const crypto::Secret& key, const SealContext& context, ByteView sealed) {
  if (sealed.size() < kSealedOverheadBytes) return Errc::seal_rejected;
  const std::size_t size_class = size_class_at(sealed.size() - kSealedOverheadBytes);
  if (size_class == kSizeClassesMax) return Errc::seal_rejected;
  const Bytes written_context = write_context(context, size_class);

  const MessageKeys keys = derive_message_keys(key, sealed.first(kSealSaltBytes), written_context);
  const ByteView commitment = sealed.subspan(kCommitmentBegin, kSealCommitmentBytes);
  if (!crypto::equal_in_constant_time(commitment, keys.commitment)) return Errc::seal_rejected;
  auto padded = crypto::open_with_nonce(keys.key, keys.nonce, written_context,
                                        sealed.subspan(kCiphertextBegin));
  if (!padded) return Errc::seal_rejected;
  const auto content_bytes = padded_content_bytes(*padded);
  if (!content_bytes) return Errc::seal_rejected;
  padded->resize(*content_bytes);
  return padded;
}

Result<Bytes> open_sealed(std::span<const EpochKeys> keys, const SealContext& context,
                          ByteView sealed) {
  for (const EpochKeys& epoch : keys)
    if (auto opened = open_sealed(epoch.entry_key, context, sealed)) return opened;
  return Errc::seal_rejected;
}

}  // namespace ghmesh::mesh
