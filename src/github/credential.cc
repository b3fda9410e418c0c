// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/credential.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::github {
namespace {

using crypto::Secret;

// GitHub's documented prefixes. What follows is never looked into: its shape has changed before.
constexpr std::array<std::string_view, 6> kTokenPrefixes = {"ghp_", "gho_", "ghu_",
                                                            "ghs_", "ghr_", "github_pat_"};
constexpr std::size_t kClassicTokenDigits = 40;
constexpr std::size_t kClientIdCharacters = 20;

// What git and actions/checkout put beside a token, where Basic wants a user and a password.
constexpr std::string_view kTokenUser = "x-access-token";
constexpr std::string_view kTokenPassword = "x-oauth-basic";

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const char lower = ascii_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
  });
}

bool is_base64url(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    const char lower = ascii_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '-' || c == '_';
  });
}

// One word of visible ASCII: nothing that could end a header line or be read as a second word.
bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool is_app_jwt(std::string_view word) {
  if (!word.starts_with("eyJ")) return false;  // base64url of {"
  std::string_view rest = word;
  const std::string_view header = take_until(rest, '.');
  const std::string_view claims = take_until(rest, '.');
  return is_base64url(header) && is_base64url(claims) && is_base64url(rest);
}

bool has_token_prefix(std::string_view word) {
  return std::ranges::any_of(kTokenPrefixes, [word](std::string_view prefix) {
    return word.size() > prefix.size() && word.starts_with(prefix);
  });
}

bool looks_like_token(std::string_view word) {
  return has_token_prefix(word) || (word.size() == kClassicTokenDigits && is_hex(word));
}

// The id of an OAuth or GitHub app: 20 hex digits, "Iv1.", "Iv23", "Ov23". Its secret is 40 hex digits like a classic
// token, but only the pair is accepted by GitHub.
bool looks_like_client_id(std::string_view user) {
  return (user.size() == kClientIdCharacters && is_hex(user)) || user.starts_with("Iv1.") ||
         user.starts_with("Iv23") || user.starts_with("Ov23");
}

// The token that a Basic pair carries, empty when it is a real pair.
std::string_view token_of_pair(std::string_view user, std::string_view password) {
  std::string_view token;
  if (user == kTokenUser) token = password;
  else if (password == kTokenPassword || (password.empty() && looks_like_token(user))) token = user;
  else if (has_token_prefix(password)) token = password;
  else if (looks_like_token(password) && !looks_like_client_id(user)) token = password;
  return is_word(token) ? token : std::string_view();
}

Secret joined(std::string_view first, std::string_view second) {
  return Secret::filled(first.size() + second.size(), [&](MutableByteView out) {
    std::ranges::copy(as_bytes(first), out.begin());
    std::ranges::copy(as_bytes(second), out.begin() + static_cast<std::ptrdiff_t>(first.size()));
  });
}

Credential bearer(std::string_view word) {
  return {.kind = is_app_jwt(word) ? CredentialKind::app_jwt : CredentialKind::token,
          .identity = Secret(word),
          .authorization = joined("Bearer ", word)};
}

Result<Credential> parse_basic(std::string_view encoded) {
  auto decoded = parse_base64(encoded);
  if (!decoded) return Errc::malformed;
  const Secret pair(*decoded);
  crypto::wipe(*decoded);

  std::string_view password = as_text(pair.reveal());
  if (password.find(':') == std::string_view::npos) return Errc::malformed;  // RFC 7617, 2
  const std::string_view user = take_until(password, ':');
  if (const std::string_view token = token_of_pair(user, password); !token.empty())
    return bearer(token);
  return Credential{
      .kind = CredentialKind::basic, .identity = pair, .authorization = joined("Basic ", encoded)};
}

}  // namespace

Result<Credential> parse_credential(std::string_view authorization) {
  if (authorization.size() > kAuthorizationBytesMax) return Errc::too_large;
  std::string_view rest = trim(authorization);
  if (rest.empty()) return Credential{};

  const std::string_view scheme = take_until(rest, ' ');
  const std::string_view word = trim(rest);
  if (!is_word(word)) return Errc::malformed;
  if (equal_ignoring_case(scheme, "bearer") || equal_ignoring_case(scheme, "token"))
    return bearer(word);
  if (equal_ignoring_case(scheme, "basic")) return parse_basic(word);
  return Errc::malformed;
}

std::string audit_label(const Credential& credential) {
  if (credential.kind == CredentialKind::anonymous) return {};
  return base64(crypto::sha256(credential.identity.reveal()));
}

}  // namespace ghmesh::github
