// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/swarm_secret.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "mesh/secret/secret_text.h"
#include "mesh/secret/strength.h"

namespace ghmesh::mesh {
namespace {

constexpr std::string_view kSecretPrefix = "ghs1-";
constexpr std::string_view kKeptRootPrefix = "ghr1-";
constexpr std::string_view kInvitationPrefix = "ghp1-";
constexpr std::string_view kRootSalt = "ghmesh/v1";
constexpr std::size_t kSecretBytes = 32;
// Of the format: who changes it makes other swarms of the same passphrases.
constexpr crypto::Argon2Cost kPassphraseCost{.memory_bytes = 64 << 20, .passes = 3};
// 80 bits: who wants another secret with the same one computes for longer than anybody compares.
constexpr std::size_t kFingerprintBytes = 10;
constexpr std::size_t kFingerprintGroupChars = 4;
constexpr std::size_t kTokenBytesMin = 20;  // GitHub's oldest have 40 characters

}  // namespace

Invitation Invitation::generate() {
  Invitation made;
  crypto::fill_random(made.salt_);
  return made;
}

Invitation Invitation::common() {
  constexpr std::string_view kCommonSalt = "ghmesh/v1 common";
  static_assert(kCommonSalt.size() == crypto::kArgon2SaltBytes);
  Invitation made;
  std::ranges::copy(as_bytes(kCommonSalt), made.salt_.begin());
  return made;
}

Result<Invitation> Invitation::parse(std::string_view text) {
  if (text.size() > kSwarmSecretTextBytesMax) return Errc::swarm_secret_long;
  Invitation parsed;
  auto salt = parse_secret_text(kInvitationPrefix, as_bytes(text), parsed.salt_.size());
  if (!salt) return salt.error();
  std::ranges::copy(salt->reveal(), parsed.salt_.begin());
  return parsed;
}

std::string Invitation::text() const {
  return std::string(as_text(write_secret_text(kInvitationPrefix, salt_).reveal()));
}

SwarmSecret::SwarmSecret(const crypto::Secret& input_key)
    : root_(crypto::hkdf_extract(input_key, as_bytes(kRootSalt))) {}

SwarmSecret SwarmSecret::generate() {
  crypto::Secret generated = crypto::random_secret(kSecretBytes);
  SwarmSecret made(generated);
  made.generated_ = std::move(generated);
  return made;
}

Result<SwarmSecret> SwarmSecret::parse(const crypto::Secret& text) {
  if (text.size() > kSwarmSecretTextBytesMax) return Errc::swarm_secret_long;
  auto generated = parse_secret_text(kSecretPrefix, text.reveal(), kSecretBytes);
  if (!generated) return generated.error();
  SwarmSecret made(*generated);
  made.generated_ = *std::move(generated);
  return made;
}

Result<SwarmSecret> SwarmSecret::parse_kept(const crypto::Secret& text) {
  if (text.size() > kSwarmSecretTextBytesMax) return Errc::swarm_secret_long;
  auto root = parse_secret_text(kKeptRootPrefix, text.reveal(), crypto::kHkdfRootBytes);
  if (!root && root.error() == Errc::swarm_secret_unknown) return parse(text);
  if (!root) return root.error();
  SwarmSecret made;
  made.root_ = *std::move(root);
  return made;
}

Result<SwarmSecret> SwarmSecret::from_passphrase(const crypto::Secret& passphrase,
                                                 const Invitation& invitation) {
  const crypto::Secret trimmed(trim_text(passphrase.reveal()));
  if (trimmed.size() > crypto::kPassphraseBytesMax) return Errc::too_large;
  if (guess_bits(trimmed) < kPassphraseBitsMin) return Errc::swarm_passphrase_weak;
  auto stretched = crypto::argon2id(trimmed, invitation.salt_, kPassphraseCost, kSecretBytes);
  if (!stretched) return stretched.error();
  return SwarmSecret(*stretched);
}

Result<SwarmSecret> SwarmSecret::from_token(const crypto::Secret& token) {
  const crypto::Secret trimmed(trim_text(token.reveal()));
  if (trimmed.size() > kSwarmSecretTextBytesMax) return Errc::too_large;
  const bool is_one_word = std::ranges::all_of(trimmed.reveal(), [](std::byte byte) {
    return byte > std::byte{' '} && byte < std::byte{0x7f};
  });
  if (!is_one_word || trimmed.size() < kTokenBytesMin || guess_bits(trimmed) < kTokenBitsMin)
    return Errc::swarm_token_placeholder;
  return SwarmSecret(trimmed);
}

crypto::Secret SwarmSecret::text() const {
  if (generated_.empty()) return {};
  return write_secret_text(kSecretPrefix, generated_.reveal());
}

crypto::Secret SwarmSecret::kept_text() const {
  return generated_.empty() ? write_secret_text(kKeptRootPrefix, root_.reveal()) : text();
}

std::string SwarmSecret::fingerprint() const {
  const crypto::Secret derived =
      crypto::hkdf_expand(root_, as_bytes("fingerprint"), kFingerprintBytes);
  std::string digits(base32_chars(kFingerprintBytes), '\0');
  write_base32(derived.reveal(), std::as_writable_bytes(std::span(digits)));
  std::string spelled;
  for (std::size_t at = 0; at < digits.size(); at += kFingerprintGroupChars)
    spelled += (at == 0 ? "" : "-") + digits.substr(at, kFingerprintGroupChars);
  return spelled;
}

bool is_job_token(const crypto::Secret& token) {
  return as_text(trim_text(token.reveal())).starts_with("ghs_");
}

}  // namespace ghmesh::mesh
