// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes for an RPC: refused, or read within the limits; what was read is written and read again to the same value.
// The messages in it are parsed, too.
#include <cstdint>

#include "base/check.h"
#include "libp2p/gossipsub/message.h"
#include "libp2p/gossipsub/rpc.h"

using namespace ghmesh;
using namespace ghmesh::gossipsub;

namespace {

void check_limits(const Rpc& rpc) {
  GHMESH_CHECK(rpc.subscriptions.size() <= kSubscriptionsMax);
  GHMESH_CHECK(rpc.messages.size() <= kMessagesMax);
  GHMESH_CHECK(rpc.ihave.size() + rpc.graft.size() + rpc.prune.size() <= kControlEntriesMax);
  GHMESH_CHECK(rpc.iwant.size() + rpc.idontwant.size() <= kIdsMax + kControlEntriesMax);
  std::size_t suggestions = 0;
  for (const Rpc::Prune& prune : rpc.prune) suggestions += prune.suggestions.size();
  GHMESH_CHECK(suggestions <= kSuggestionsMax);
}

void check_message(ByteView bytes) {
  const auto view = parse_message(bytes);
  if (!view || !is_strict(*view)) return;
  const Bytes written = write_message(*view);
  GHMESH_CHECK(written.size() <=
               bytes.size() + 24);  // lengths may have been written longer, never shorter
  const auto again = parse_message(written);
  GHMESH_CHECK(again && is_strict(*again) && equal(write_message(*again), written));
  auto author = multiformats::PeerId::parse(view->from);
  if (!author) return;
  Bytes scratch;
  static_cast<void>(verify_message(*view, *author, scratch));
  for (const IdScheme scheme : {IdScheme::author_and_seqno, IdScheme::key_and_seqno,
                                IdScheme::author_and_seqno_text, IdScheme::content})
    static_cast<void>(make_message_id(scheme, *view, *author));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const std::byte*>(data), size);
  auto rpc = parse_rpc(bytes);
  if (!rpc) {
    GHMESH_CHECK(rpc.error() == Errc::gossipsub_malformed || rpc.error() == Errc::gossipsub_limit);
    return 0;
  }
  check_limits(*rpc);
  auto again = parse_rpc(write_rpc(*rpc));
  GHMESH_CHECK(again.has_value() && *again == *rpc);
  for (const Bytes& message : rpc->messages) check_message(message);
  return 0;
}
