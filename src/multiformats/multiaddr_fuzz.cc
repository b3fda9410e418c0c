// SPDX-License-Identifier: Apache-2.0 OR MIT
// Everything that is read is written back to the same value: binary and text, addresses, ids and CIDs.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "multiformats/cid.h"
#include "multiformats/multiaddr.h"
#include "multiformats/multibase.h"
#include "multiformats/peer_id.h"
#include "multiformats/varint.h"

using namespace ghmesh;
using namespace ghmesh::multiformats;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ByteView bytes = as_bytes(text);
  if (auto varint = parse_varint(bytes); varint && *varint) {
    Bytes again;
    append_varint(again, (*varint)->value);
    GHMESH_CHECK(equal(again, bytes.first((*varint)->bytes_count)));
  }
  if (auto address = Multiaddr::parse(bytes)) {
    GHMESH_CHECK(address->parts().empty() || *Multiaddr::parse(address->bytes()) == *address);
    const auto again = Multiaddr::parse_text(address->text());
    GHMESH_CHECK(again && *again == *address);
  }
  if (auto address = Multiaddr::parse_text(text))
    GHMESH_CHECK(*Multiaddr::parse(address->bytes()) == *address);
  if (auto id = PeerId::parse_text(text)) GHMESH_CHECK(*PeerId::parse_text(id->text()) == *id);
  if (auto cid = parse_cid_text(text)) GHMESH_CHECK(*parse_cid_text(write_cid_text(*cid)) == *cid);
  if (auto decoded = parse_multibase(text)) {
    const auto base = static_cast<Base>(text.front());
    const bool has_one_case = base == Base::base58btc || base == Base::base64url;
    GHMESH_CHECK(write_multibase(base, *decoded) == (has_one_case ? text : to_lower(text)));
  }
  return 0;
}
