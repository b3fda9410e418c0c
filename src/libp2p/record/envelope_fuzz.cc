// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as an envelope, and any bytes as the payload of one that is signed rightly: what is taken stays within its
// limits and means the same when it is signed and verified again.
#include <cstdint>

#include "base/check.h"
#include "libp2p/record/envelope.h"
#include "libp2p/record/peer_record.h"

using namespace ghmesh;
using namespace ghmesh::record;

namespace {

constexpr std::array<std::string_view, 1> kTypes{"\x03\x01"};
constexpr Kind kKind{.domain = "libp2p-peer-record", .payload_types = kTypes};

const keys::PrivateKey& identity() {
  static const auto key = keys::PrivateKey::of_seed(crypto::Secret(Bytes(32, std::byte{1})));
  return key;
}

void check(const CertifiedRecord& certified) {
  PeerRecord record = certified.record();
  GHMESH_CHECK(record.addresses.size() <= kRecordAddressesMax);
  std::size_t bytes = 0;
  for (const auto& address : record.addresses) bytes += address.bytes().size() + 4;
  if (record.peer != identity().peer_id() || bytes > kEnvelopeBytesMax - 512) return;
  const auto again =
      CertifiedRecord::verify(CertifiedRecord::sign(record, identity()).envelope(), record.peer);
  GHMESH_CHECK(again && again->record() == record && again->addresses_dropped() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (auto certified = CertifiedRecord::verify(input)) {
    GHMESH_CHECK(equal(certified->envelope(), input));
    check(*certified);
  }
  if (size > kEnvelopeBytesMax - 512) return 0;
  const Bytes envelope = sign_envelope(kKind, input, identity());
  auto opened = open_envelope(kKind, envelope, identity().peer_id());
  GHMESH_CHECK(opened && equal(opened->payload, input));
  if (auto certified = CertifiedRecord::verify(envelope)) check(*certified);
  return 0;
}
