// SPDX-License-Identifier: Apache-2.0 OR MIT
// Anything at all in the place of a sealed message: it does not open. The same bytes as a plaintext: sealed, they come
// back, in a size that says little; as a padded text, they have one reading or none.
#include <cstdint>

#include "base/check.h"
#include "mesh/seal/padding.h"
#include "mesh/seal/seal.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  static const crypto::Secret key(Bytes(32, std::byte{1}));
  const SealContext context{.place = "place", .sender = as_bytes("sender"), .seqno = 7};
  GHMESH_CHECK(!open_sealed(key, context, bytes));

  if (const auto content_bytes = padded_content_bytes(bytes))
    GHMESH_CHECK(equal(pad(bytes.first(*content_bytes), size_class_at(size)), bytes));

  if (size > kSealPlainBytesMax) return 0;
  const auto sealed = Sealer().seal(key, context, bytes);
  GHMESH_CHECK(sealed.has_value());
  GHMESH_CHECK(sealed->size() >= size + kSealedOverheadBytes + 1);
  const auto opened = open_sealed(key, context, *sealed);
  GHMESH_CHECK(opened && equal(*opened, bytes));
  return 0;
}
