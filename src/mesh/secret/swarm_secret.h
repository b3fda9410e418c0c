// SPDX-License-Identifier: Apache-2.0 OR MIT
// The secret that makes nodes one swarm. Who has it is a member; everything else is derived from it (keys.h). The
// grammar, with an example: docs/wire/swarm_secret.md.
//
// There are three ways to one:
//   generated   256 random bits, spelled "ghs1-..." with a checksum; the way to take
//   passphrase  remembered, stretched with Argon2id under a salt that is the same for all members: the invitation
//   token       the GitHub token that all nodes have anyway
// All members must come the same way: a token and a generated secret never make the same swarm.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "crypto/passphrase.h"
#include "crypto/secret.h"

namespace ghmesh::mesh {

// Longer than every text of a secret, with room for blanks around it: where a file or variable is not one.
inline constexpr std::size_t kSwarmSecretTextBytesMax = 4096;

// The salt of a passphrase as people pass it on: "ghp1-...". Not secret, and worth nothing without the passphrase.
class Invitation {
 public:
  static Invitation generate();
  // Of a passphrase that is passed on alone. Whoever guesses passphrases guesses for all such swarms at once.
  static Invitation common();
  // Errors: swarm_secret_*.
  static Result<Invitation> parse(std::string_view text);
  std::string text() const;

 private:
  friend class SwarmSecret;
  std::array<std::byte, crypto::kArgon2SaltBytes> salt_{};
};

class SwarmSecret {
 public:
  static SwarmSecret generate();
  // The text of a generated one. Errors: swarm_secret_*; swarm_secret_unknown also for an invitation.
  static Result<SwarmSecret> parse(const crypto::Secret& text);
  // Blanks at both ends do not count. Takes a tenth of a second and 64 MiB. Errors: swarm_passphrase_weak, too_large,
  // crypto_failed (no memory).
  static Result<SwarmSecret> from_passphrase(const crypto::Secret& passphrase,
                                             const Invitation& invitation);
  // Errors: swarm_token_placeholder, too_large.
  static Result<SwarmSecret> from_token(const crypto::Secret& token);

  // A secret as kept_text() wrote it. Errors: swarm_secret_*.
  static Result<SwarmSecret> parse_kept(const crypto::Secret& text);

  // What everything is derived from, and nothing else is done with.
  const crypto::Secret& root() const { return root_; }
  // "ghs1-...". Empty for the other two ways: there is nothing to pass on.
  crypto::Secret text() const;
  // For a file of this node's own: "ghs1-...", or "ghr1-..." with the root of the other two ways, so that neither
  // passphrase nor token is kept. Nobody is given this one: what has no text has another way to be passed on.
  crypto::Secret kept_text() const;
  // "abcd-efgh-ijkl-mnop": says which swarm this is, to be read aloud and compared; tells nothing of the secret.
  std::string fingerprint() const;

  friend bool operator==(const SwarmSecret& a, const SwarmSecret& b) { return a.root_ == b.root_; }

 private:
  SwarmSecret() = default;
  explicit SwarmSecret(const crypto::Secret& input_key);
  crypto::Secret root_;
  crypto::Secret generated_;
};

// A token that GitHub gives to one job or installation for an hour ("ghs_..."): each job has another, so nodes that
// take it as their secret are alone. Worth a warning.
bool is_job_token(const crypto::Secret& token);

}  // namespace ghmesh::mesh
