// SPDX-License-Identifier: Apache-2.0 OR MIT
// What members ask each other on streams: a body, a lease, a warm start. Plain bytes; every message is sealed and then
// framed by its length (multiformats/delimited.h). The grammar: docs/wire/mesh.md.
//
//   fetch   Ask -> AnswerHead, then the packed body in chunks
//   lease   LeaseAsk -> LeaseAnswer: wait may be followed by go or have; after go, LeaseEnd <-
//   warm    WarmAsk -> WarmBatch, again and again, until one says it is the last
//   board   as warm, of shared values; its ask names no principals
//   recall  RecallAsk -> RecallHead, then the packed record in chunks
//
// Who asks draws an ExchangeId. The ask is sealed at the protocol's place, its answers at exchange_place(), numbered
// from 0: so an answer that is cut, swapped or taken from another exchange does not open.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "mesh/seal/seal.h"
#include "mesh/wire/announcement.h"

namespace ghmesh::mesh {

inline constexpr std::string_view kFetchProtocol = "/ghmesh/fetch/1.0.0";
inline constexpr std::string_view kLeaseProtocol = "/ghmesh/lease/1.0.0";
inline constexpr std::string_view kWarmProtocol = "/ghmesh/warm/1.0.0";
inline constexpr std::string_view kBoardProtocol = "/ghmesh/board/1.0.0";
inline constexpr std::string_view kRecallProtocol = "/ghmesh/recall/1.0.0";

using ExchangeId = std::array<std::byte, 16>;
std::string exchange_place(std::string_view protocol, const ExchangeId& id);

struct KeyAndTag {
  KeyId key{};
  PrincipalTag tag{};
  auto operator<=>(const KeyAndTag&) const = default;
};

// --- fetch ---
struct Ask {
  ExchangeId exchange{};
  std::variant<KeyAndTag, crypto::Digest> what;
  bool operator==(const Ask&) const = default;
};
Bytes write_ask(const Ask& ask);
Result<Ask> parse_ask(ByteView bytes);  // Errors: malformed, unsupported

struct AnswerHead {
  enum class Kind : std::uint8_t { found = 1, absent, busy };
  Kind kind = Kind::absent;
  Fetched found;                   // without its body
  std::uint64_t packed_bytes = 0;  // of the chunks that follow
  bool operator==(const AnswerHead&) const = default;
};
Result<Bytes> write_answer_head(const AnswerHead& head);  // Errors: too_large
// Errors: malformed, too_large, unsupported.
Result<AnswerHead> parse_answer_head(ByteView bytes);

// --- recall: a shared value by its name, from whoever holds it ---
inline constexpr std::size_t kSharedNameBytesMax =
    17 * 1024;  // a key of the library's, with its lengths
struct RecallAsk {
  ExchangeId exchange{};
  std::string name;
  bool operator==(const RecallAsk&) const = default;
};
Bytes write_recall_ask(const RecallAsk& ask);
Result<RecallAsk> parse_recall_ask(ByteView bytes);  // Errors: malformed, too_large, unsupported

struct RecallHead {
  std::optional<Shared> found;     // without its record; none: it is not here
  std::uint64_t packed_bytes = 0;  // of the chunks that follow
  bool operator==(const RecallHead&) const = default;
};
Result<Bytes> write_recall_head(const RecallHead& head);
Result<RecallHead> parse_recall_head(ByteView bytes);  // Errors: malformed, unsupported

// A body in chunks. Memory grows with what arrives. What comes out is the body that the head names, or nothing.
class BodyCollector {
 public:
  explicit BodyCollector(const AnswerHead& head);
  explicit BodyCollector(const RecallHead& head);
  // Errors: malformed (empty), too_large (more than was said).
  Result<void> add(ByteView chunk);
  bool is_complete() const { return packed_.size() == packed_bytes_; }
  // Once it is complete. Errors: mesh_false_body (another body, or none at all).
  Result<http::Body> finish() const;

 private:
  crypto::Digest digest_;
  std::size_t body_bytes_;
  std::size_t packed_bytes_;
  Bytes packed_;
};
// The other side: what is cut into chunks of kSealPlainBytesMax.
Bytes pack_body(std::string_view body);

// --- lease ---
struct LeaseAsk {
  enum class What : std::uint8_t { fetch = 1, validate };
  ExchangeId exchange{};
  KeyAndTag subject;
  What what = What::fetch;
  bool operator==(const LeaseAsk&) const = default;
};
Bytes write_lease_ask(const LeaseAsk& ask);
Result<LeaseAsk> parse_lease_ask(ByteView bytes);  // Errors: malformed, unsupported

// The home's word is good for so long, and never for longer.
inline constexpr Duration kLeaseMax = 10s;
struct LeaseGo {
  Duration valid{};  // ask GitHub, and announce within this time
  bool operator==(const LeaseGo&) const = default;
};
struct LeaseWait {
  // Somebody else asks: the announcement comes, or another word here, within this time. 0: it has come.
  Duration again{};
  bool operator==(const LeaseWait&) const = default;
};
struct LeaseHave {
  Announcement said;  // Fetched or Valid
  bool operator==(const LeaseHave&) const = default;
};
using LeaseAnswer = std::variant<LeaseGo, LeaseWait, LeaseHave>;
Result<Bytes> write_lease_answer(const LeaseAnswer& answer);  // Errors: too_large
// Durations are cut to kLeaseMax. Errors: malformed, unsupported, and those of parse_announcement.
Result<LeaseAnswer> parse_lease_answer(ByteView bytes);

// Whoever was told to go is done. A stream that ends without this says that its asker is gone.
enum class LeaseEnd : std::uint8_t {
  told = 1,    // it was announced
  failed = 2,  // nothing came of it that others could use
};
Bytes write_lease_end(LeaseEnd end);
Result<LeaseEnd> parse_lease_end(ByteView bytes);  // Errors: malformed

// --- warm start ---
inline constexpr std::size_t kWarmTagsMax =
    16;  // principals of one node: a machine has one or two tokens
inline constexpr std::uint64_t kWarmEntriesMax = 4'096;
inline constexpr std::uint64_t kWarmBytesMax = 16 * 1024 * 1024;  // in all; sealed and packed
struct WarmAsk {
  ExchangeId exchange{};
  std::uint64_t entries_max = 0;
  std::uint64_t bytes_max = 0;
  std::vector<PrincipalTag> tags;  // these and public ones are wanted
  bool operator==(const WarmAsk&) const = default;
};
Bytes write_warm_ask(const WarmAsk& ask);        // cut to the limits
Result<WarmAsk> parse_warm_ask(ByteView bytes);  // Errors: malformed, too_large

inline constexpr std::size_t kWarmBatchEntriesMax = 512;
// Announcements in one sealed message. They are views: each is parsed when there is room for what it holds.
struct WarmBatch {
  bool is_last = false;
  std::vector<ByteView> announcements;
};
// Whether one more of this size fits into a message.
bool fits_batch(const WarmBatch& batch, std::size_t announcement_bytes);
Bytes write_warm_batch(const WarmBatch& batch);
Result<WarmBatch> parse_warm_batch(ByteView bytes);  // Errors: malformed, too_large

}  // namespace ghmesh::mesh
