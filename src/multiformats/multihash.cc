// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multihash.h"

#include "multiformats/varint.h"

namespace ghmesh::multiformats {

Bytes write_multihash(const Multihash& hash) {
  Bytes out;
  append_varint(out, hash.code);
  append_varint(out, hash.digest.size());
  append(out, hash.digest);
  return out;
}

Result<Multihash> take_multihash(Reader& reader) {
  auto code = take_varint(reader);
  if (!code) return code.error();
  auto digest_bytes = take_varint(reader);
  if (!digest_bytes) return digest_bytes.error();
  if (*digest_bytes > kDigestBytesMax) return Errc::too_large;
  const auto digest = reader.take(static_cast<std::size_t>(*digest_bytes));
  if (!digest) return Errc::truncated;
  return Multihash{.code = *code, .digest = copy_bytes(*digest)};
}

Result<Multihash> parse_multihash(ByteView bytes) {
  Reader reader(bytes);
  auto hash = take_multihash(reader);
  if (hash && !reader.is_empty()) return Errc::malformed;
  return hash;
}

}  // namespace ghmesh::multiformats
