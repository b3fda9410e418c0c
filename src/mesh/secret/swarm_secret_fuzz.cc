// SPDX-License-Identifier: Apache-2.0 OR MIT
// What somebody may have in the file or variable of a swarm secret: refused with a reason, or a secret that is written
// as it was read. The first byte picks which of the three ways is tried.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "mesh/secret/strength.h"
#include "mesh/secret/swarm_secret.h"

using namespace ghmesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      if (auto parsed = mesh::SwarmSecret::parse(crypto::Secret(text))) {
        const crypto::Secret written = parsed->text();
        GHMESH_CHECK(to_lower(text).find(as_text(written.reveal())) != std::string::npos);
        GHMESH_CHECK(*mesh::SwarmSecret::parse(written) == *parsed);
      }
      break;
    case 1:
      if (auto parsed = mesh::Invitation::parse(text))
        GHMESH_CHECK(mesh::Invitation::parse(parsed->text())->text() == parsed->text());
      break;
    case 2:
      if (auto token = mesh::SwarmSecret::from_token(crypto::Secret(text)))
        GHMESH_CHECK(token->text().empty());
      break;
    default:
      if (size > 1'024) return 0;
      const double bits = mesh::guess_bits(crypto::Secret(text));
      GHMESH_CHECK(bits >= 0 && bits <= 8.0 * static_cast<double>(size));
  }
  return 0;
}
