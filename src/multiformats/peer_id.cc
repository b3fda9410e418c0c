// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/peer_id.h"

#include "multiformats/cid.h"
#include "multiformats/multibase.h"

namespace ghmesh::multiformats {

Result<PeerId> PeerId::parse(ByteView multihash) {
  auto hash = parse_multihash(multihash);
  if (!hash) return hash.error();
  const bool is_inlined = hash->code == kIdentityCode &&
                          hash->digest.size() <= kInlinedKeyBytesMax && !hash->digest.empty();
  const bool is_hashed = hash->code == kSha256Code && hash->digest.size() == kSha256Bytes;
  if (!is_inlined && !is_hashed) return Errc::malformed;
  return PeerId(multihash);
}

Result<PeerId> PeerId::parse_text(std::string_view text) {
  if (text.starts_with('1') || text.starts_with("Qm")) {
    auto bytes = parse_base58btc(text);
    if (!bytes) return bytes.error();
    return parse(*bytes);
  }
  auto cid = parse_cid_text(text);
  if (!cid) return cid.error();
  if (cid->version != 1 || cid->codec != kLibp2pKeyCodec) return Errc::malformed;
  return parse(write_multihash(cid->hash));
}

std::string PeerId::text() const { return write_base58btc(bytes()); }

std::string PeerId::short_text() const {
  const std::string whole = text();
  return whole.substr(whole.size() - std::min<std::size_t>(whole.size(), 6));
}

Bytes PeerId::inlined_key() const {
  auto hash = parse_multihash(bytes());
  if (!hash || hash->code != kIdentityCode) return {};
  return hash->digest;
}

}  // namespace ghmesh::multiformats
