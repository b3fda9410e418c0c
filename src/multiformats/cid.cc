// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/cid.h"

#include "multiformats/multibase.h"
#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

// A CIDv0 is a bare SHA-256 multihash: these two bytes, then 32 (multiformats/cid, "Decoding Algorithm").
bool looks_like_version_0(ByteView bytes) {
  return bytes.size() == 2 + kSha256Bytes && bytes[0] == std::byte{kSha256Code} &&
         bytes[1] == std::byte{kSha256Bytes};
}

}  // namespace

Bytes write_cid(const Cid& cid) {
  Bytes out;
  if (cid.version != 0) {
    append_varint(out, static_cast<std::uint64_t>(cid.version));
    append_varint(out, cid.codec);
  }
  append(out, write_multihash(cid.hash));
  return out;
}

std::string write_cid_text(const Cid& cid) {
  const Bytes bytes = write_cid(cid);
  return cid.version == 0 ? write_base58btc(bytes) : write_multibase(Base::base32, bytes);
}

Result<Cid> parse_cid(ByteView bytes) {
  if (looks_like_version_0(bytes)) {
    auto hash = parse_multihash(bytes);
    if (!hash) return hash.error();
    return Cid{.version = 0, .codec = kDagProtobufCodec, .hash = *std::move(hash)};
  }
  Reader reader(bytes);
  auto version = take_varint(reader);
  if (!version) return version.error();
  if (*version != 1) return Errc::unsupported;
  auto codec = take_varint(reader);
  if (!codec) return codec.error();
  auto hash = parse_multihash(reader.rest());
  if (!hash) return hash.error();
  return Cid{.version = 1, .codec = *codec, .hash = *std::move(hash)};
}

Result<Cid> parse_cid_text(std::string_view text) {
  if (text.size() == 46 && text.starts_with("Qm")) {
    auto bytes = parse_base58btc(text);
    if (!bytes) return bytes.error();
    if (!looks_like_version_0(*bytes)) return Errc::malformed;
    return parse_cid(*bytes);
  }
  auto bytes = parse_multibase(text);
  if (!bytes) return bytes.error();
  if (looks_like_version_0(*bytes)) return Errc::malformed;  // a v0 has no multibase prefix
  return parse_cid(*bytes);
}

}  // namespace ghmesh::multiformats
