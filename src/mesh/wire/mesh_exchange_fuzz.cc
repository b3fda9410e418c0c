// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a member sends on its streams, and a peer list as a member could have written it. The first byte picks which.
#include <cstdint>

#include "base/check.h"
#include "mesh/wire/exchange.h"
#include "mesh/wire/peer_list.h"

using namespace ghmesh;
using namespace ghmesh::mesh;

namespace {

void try_peer_list(ByteView bytes) {
  if (bytes.size() > kSealPlainBytesMax) return;
  static const crypto::Secret key(Bytes(32, std::byte{1}));
  const SealContext context{.place = "peer-list", .sender = {}, .seqno = 0};
  Bytes file = copy_bytes(as_bytes("ghmesh peers 1\n"));
  append(file, *Sealer().seal(key, context, bytes));
  const auto opened = open_peer_list(file, key);
  if (!opened) return;
  GHMESH_CHECK(opened->peers.size() <= kListedPeersMax);
  const auto again = open_peer_list(*seal_peer_list(*opened, key), key);
  GHMESH_CHECK(again && again->peers.size() == opened->peers.size());
}

void try_body(ByteView bytes) {
  AnswerHead head{.kind = AnswerHead::Kind::found, .found = {}, .packed_bytes = bytes.size()};
  head.found.body_bytes = 1'000;
  if (bytes.empty()) return;
  BodyCollector collector(head);
  GHMESH_CHECK(collector.add(bytes).has_value() && collector.is_complete());
  GHMESH_CHECK(!collector.finish());  // nothing has this digest
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const ByteView bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 10) {
    case 0:
      if (const auto ask = parse_ask(bytes)) GHMESH_CHECK(equal(write_ask(*ask), bytes));
      break;
    case 1:
      if (const auto head = parse_answer_head(bytes))
        GHMESH_CHECK(*parse_answer_head(*write_answer_head(*head)) == *head);
      break;
    case 2:
      if (const auto ask = parse_lease_ask(bytes))
        GHMESH_CHECK(equal(write_lease_ask(*ask), bytes));
      break;
    case 3:
      if (const auto answer = parse_lease_answer(bytes))
        if (const auto written = write_lease_answer(*answer))
          GHMESH_CHECK(parse_lease_answer(*written).has_value());
      break;
    case 4:
      if (const auto ask = parse_warm_ask(bytes)) GHMESH_CHECK(equal(write_warm_ask(*ask), bytes));
      break;
    case 5:
      if (const auto batch = parse_warm_batch(bytes))
        GHMESH_CHECK(size > kSealPlainBytesMax || equal(write_warm_batch(*batch), bytes));
      break;
    case 6: try_peer_list(bytes); break;
    case 8:
      if (const auto ask = parse_recall_ask(bytes)) {
        GHMESH_CHECK(ask->name.size() <= kSharedNameBytesMax);
        GHMESH_CHECK(equal(write_recall_ask(*ask), bytes));
      }
      break;
    case 9:
      if (const auto head = parse_recall_head(bytes))
        GHMESH_CHECK(*parse_recall_head(*write_recall_head(*head)) == *head);
      break;
    default: try_body(bytes);
  }
  return 0;
}
