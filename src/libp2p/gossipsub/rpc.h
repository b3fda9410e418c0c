// SPDX-License-Identifier: Apache-2.0 OR MIT
// One RPC, the unit of gossipsub's streams: docs/wire/gossipsub.md. Private to the room.
//
// Reading builds nothing. scan_rpc() walks all of an RPC once and refuses what is malformed or holds too much; after
// that, readers walk it again and give views, one element at a time. So an RPC of a million empty entries costs the
// time to count to the limit and no memory (CVE-2026-86040, GHSA-g3g5-x568-qvqx).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "libp2p/gossipsub/message_id.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::gossipsub {

// --- limits of one RPC that arrives; beyond any of them it is refused --- js takes as many entries of each kind as
// 5,000, rust 100 subscriptions; honest peers send as many as they have topics.
inline constexpr std::size_t kSubscriptionsMax = 1024;
inline constexpr std::size_t kMessagesMax = 1024;
inline constexpr std::size_t kControlEntriesMax =
    1024;  // IHAVE, IWANT, GRAFT, PRUNE and IDONTWANT together
// 5,000 ids of 46 bytes are what go and js may tell in a heartbeat (GossipSubMaxIHaveLength).
inline constexpr std::size_t kIdsMax = 8 * 1024;
inline constexpr std::size_t kControlBytesMax = 256 * 1024;
inline constexpr std::size_t kSuggestionsMax = 512;  // 16 in each PRUNE, 32 topics
inline constexpr std::size_t kFieldsMax =
    32 * 1024;  // of all kinds at all depths: half a millisecond
inline constexpr std::size_t kUnknownFieldsMax = 64;  // of later versions and extensions
// An id that is longer is not looked at. Ours have 46 bytes at most; rust's text has 72.
inline constexpr std::size_t kIdBytesMax = 128;
inline constexpr std::size_t kTopicBytesMax = 256;  // of our own topics; others are not kept

// Errors: gossipsub_malformed, gossipsub_limit.
Result<void> scan_rpc(ByteView rpc);

// --- readers of what was scanned ---
struct Element {
  enum class Kind { subscribe, unsubscribe, message, ihave, iwant, graft, prune, idontwant };
  Kind kind;
  std::string_view topic;  // of all but message, iwant and idontwant; empty when it is missing
  ByteView
      body;  // message: its fields; ihave, iwant, idontwant: for IdReader; prune: for SuggestionReader
  std::uint64_t seconds = 0;  // prune: the backoff; 0 when it is missing
};

class RpcReader {
 public:
  explicit RpcReader(ByteView scanned) : rpc_(scanned), control_(ByteView()) {}
  std::optional<Element> next();

 private:
  protobuf::FieldReader rpc_;
  protobuf::FieldReader control_;  // of the control message that is being read
};

class IdReader {
 public:
  explicit IdReader(const Element& element);
  std::optional<ByteView> next();

 private:
  protobuf::FieldReader fields_;
  std::uint32_t number_;
};

struct SuggestionView {
  ByteView peer_id;
  ByteView signed_record;
};
class SuggestionReader {
 public:
  explicit SuggestionReader(const Element& prune) : fields_(prune.body) {}
  std::optional<SuggestionView> next();

 private:
  protobuf::FieldReader fields_;
};

// --- what we send ---
struct Rpc {
  struct Subscription {
    std::string topic;
    bool is_subscribed = true;
    bool operator==(const Subscription&) const = default;
  };
  struct IHave {
    std::string topic;
    std::vector<MessageId> ids;
    bool operator==(const IHave&) const = default;
  };
  struct Suggestion {
    Bytes peer_id;
    Bytes signed_record;
    bool operator==(const Suggestion&) const = default;
  };
  struct Prune {
    std::string topic;
    std::vector<Suggestion> suggestions;
    std::uint64_t seconds = 0;  // 0 is not written: for peers of 1.0
    bool operator==(const Prune&) const = default;
  };

  std::vector<Subscription> subscriptions;
  std::vector<Bytes> messages;
  std::vector<IHave> ihave;
  std::vector<MessageId> iwant;
  std::vector<std::string> graft;
  std::vector<Prune> prune;
  std::vector<MessageId> idontwant;
  bool operator==(const Rpc&) const = default;
};
Bytes write_rpc(const Rpc& rpc);
// As the readers give it: for tests. IHAVEs of one topic stay apart, all ids of IWANT and of IDONTWANT come together.
// Errors: as scan_rpc().
Result<Rpc> parse_rpc(ByteView bytes);

}  // namespace ghmesh::gossipsub
