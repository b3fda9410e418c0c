// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a caller shows to prove who it is, in all spellings that clients use.
//
// gh and PyGithub say "token X", go-github "Bearer X", git and some CI "Basic base64(user:X)". They are one credential,
// sent upstream in one spelling, so that one ETag serves them all (GitHub hashes the raw header value).
#pragma once

#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::github {

// A stateless installation token has about 520 characters (since 2026-04); leave room for the next change.
inline constexpr std::size_t kAuthorizationBytesMax = 4096;

enum class CredentialKind {
  anonymous,  // no Authorization
  token,      // a GitHub token of any kind
  app_jwt,    // three dot-separated parts, new with every request: never a key, never kept
  basic,      // user and password, or an OAuth app's id and secret: kept as it is
};

struct Credential {
  CredentialKind kind = CredentialKind::anonymous;
  crypto::Secret identity;       // what the principal is derived from: the token, or the Basic pair
  crypto::Secret authorization;  // the value to send upstream; empty for anonymous
};

// `authorization` is the field's value; empty or absent means anonymous. Errors: malformed, too_large.
Result<Credential> parse_credential(std::string_view authorization);

// The label that GitHub's audit log uses for a token: base64(SHA-256(token)). Operators can join on it. Empty for
// anonymous. It is a function of the token: for the operator's own screen, never for a link, a log or a metric.
std::string audit_label(const Credential& credential);

}  // namespace ghmesh::github
