// SPDX-License-Identifier: Apache-2.0 OR MIT
// Whoever dials us or was dialed, without the secret: nothing that it sends admits it, and a listener says nothing. The
// first byte says which side we are, the second how the rest is cut.
#include "mesh/admit/admission.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

namespace {

const Keyring& keys() {
  static const Keyring keyring(
      *SwarmSecret::from_token(crypto::Secret("ghp_Zk3v9QxT7bLm2RwYp8NcHs4JdKf6VgAu1Xe")),
      wall_time(1'770'000'000));
  return keyring;
}

multiformats::PeerId peer(int number) {
  Bytes key(36, static_cast<std::byte>(number));
  return multiformats::PeerId::of_public_key(key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Instant now = Instant(1h);
  Admission::Connection connection{
      .side = (data[0] & 1) != 0 ? Admission::Side::dialer : Admission::Side::listener,
      .handshake_hash = {},
      .self = peer(1),
      .peer = peer(2)};
  Admission machine(connection, keys(), {}, now);
  const std::size_t output_bytes = machine.pending_output().size();
  const std::size_t piece_bytes = std::size_t{data[1]} + 1;
  ByteView rest(reinterpret_cast<const std::byte*>(data) + 2, size - 2);
  while (!rest.empty()) {
    const auto taken = machine.receive(rest.first(std::min(piece_bytes, rest.size())), now);
    if (!taken) {
      GHMESH_CHECK(taken.error() == Errc::mesh_refused);
      break;
    }
    rest = rest.subspan(*taken);
  }
  GHMESH_CHECK(machine.pending_output().size() == output_bytes);
  GHMESH_CHECK(!machine.peer_finished(now));
  GHMESH_CHECK(!machine.is_done());
  return 0;
}
