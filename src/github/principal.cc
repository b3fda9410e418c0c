// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/principal.h"

#include <algorithm>

#include "crypto/aead.h"

namespace ghmesh::github {
namespace {

constexpr std::size_t kLocateKeyBytes = 32;

// What stands before the identity keeps the kinds apart: the token "a:b" is not the pair "a:b", and no credential is a
// group.
std::string_view kind_prefix(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::anonymous: return "anonymous:";
    case CredentialKind::token: return "token:";
    case CredentialKind::app_jwt: return "app_jwt:";
    case CredentialKind::basic: return "basic:";
  }
  GHMESH_CHECK(false);
}

Principal derive(std::string_view prefix, const crypto::Secret& identity, ByteView salt) {
  const auto input_key =
      crypto::Secret::filled(prefix.size() + identity.size(), [&](MutableByteView out) {
        std::ranges::copy(as_bytes(prefix), out.begin());
        std::ranges::copy(identity.reveal(), out.subspan(prefix.size()).begin());
      });
  const auto derived = [&](std::string_view label, std::size_t bytes_count) {
    return crypto::hkdf_sha256(input_key.reveal(), salt, label, bytes_count);
  };

  Principal principal;
  principal.locate_key = derived("ghmesh/v1 locate", kLocateKeyBytes);
  principal.seal_key = derived("ghmesh/v1 seal", crypto::kSealKeyBytes);
  const crypto::Secret id = derived("ghmesh/v1 principal id", principal.id.size());
  std::ranges::copy(id.reveal(), principal.id.begin());
  return principal;
}

}  // namespace

Principal derive_principal(const Credential& credential, ByteView installation_salt) {
  Principal principal =
      derive(kind_prefix(credential.kind), credential.identity, installation_salt);
  principal.is_anonymous = credential.kind == CredentialKind::anonymous;
  return principal;
}

Principal derive_group_principal(const crypto::Secret& group_secret, ByteView installation_salt) {
  return derive("group:", group_secret, installation_salt);
}

}  // namespace ghmesh::github
