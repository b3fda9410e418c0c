// SPDX-License-Identifier: Apache-2.0 OR MIT
// Principal: whoever a credential stands for; the partition of the cache.
//
// Its key is derived from the credential that the caller presents, so what one principal stored cannot be found or
// decrypted without that credential: partitioning is a property of keys, not of an `if`. The only thing that ever
// merges two credentials is the operator's configuration, which gives a group of them one key.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "crypto/hash.h"
#include "crypto/secret.h"
#include "github/credential.h"

namespace ghmesh::github {

struct Principal {
  // For tables in memory and counters; a one-way function of the key, different on every installation.
  std::array<std::byte, 16> id{};
  crypto::Secret locate_key;  // where entries are: HMAC of the request key
  crypto::Secret seal_key;    // what they are sealed with
  bool is_anonymous = false;
};

// `installation_salt` is drawn once per installation (state directory), so two machines share no identifiers.
Principal derive_principal(const Credential& credential, ByteView installation_salt);
// All credentials of one group stand for one principal; the secret is the group's own, from the state directory.
Principal derive_group_principal(const crypto::Secret& group_secret, ByteView installation_salt);

}  // namespace ghmesh::github
