// SPDX-License-Identifier: Apache-2.0 OR MIT
// Whatever Authorization holds: what is read is read the same again from its upstream spelling, and that spelling can
// end no header line.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "github/credential.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ghmesh;
  const std::string_view text = as_text({reinterpret_cast<const std::byte*>(data), size});
  auto credential = github::parse_credential(text);
  if (!credential) return 0;

  GHMESH_CHECK(size <= github::kAuthorizationBytesMax);
  const bool is_anonymous = credential->kind == github::CredentialKind::anonymous;
  GHMESH_CHECK(is_anonymous == credential->authorization.empty());
  GHMESH_CHECK(is_anonymous == credential->identity.empty());
  GHMESH_CHECK(is_anonymous == github::audit_label(*credential).empty());
  const std::string_view upstream = as_text(credential->authorization.reveal());
  for (char c : upstream) GHMESH_CHECK(c >= ' ' && c < 0x7f);

  if (upstream.size() > github::kAuthorizationBytesMax)
    return 0;  // "Bearer" is one longer than "token"
  auto again = github::parse_credential(upstream);
  GHMESH_CHECK(again.has_value());
  GHMESH_CHECK(again->kind == credential->kind && again->identity == credential->identity &&
               again->authorization == credential->authorization);
  return 0;
}
