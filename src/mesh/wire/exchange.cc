// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/exchange.h"

#include "base/check.h"
#include "mesh/wire/fields.h"
#include "packing/packing.h"

namespace ghmesh::mesh {
namespace {

enum AskKind : std::uint8_t { kByKey = 1, kByDigest };
enum RecallKind : std::uint8_t { kByName = 1 };
enum RecallHeadKind : std::uint8_t { kFound = 1, kAbsent };
enum LeaseKind : std::uint8_t { kGo = 1, kWait, kHave };
constexpr std::uint8_t kMoreFollows = 0, kLast = 1;

// A packed body may be a few bytes longer than the body.
constexpr std::uint64_t kPackedBytesMax = kEntryBodyBytesMax + 16;

Bytes begin(std::uint8_t kind) { return {static_cast<std::byte>(kind)}; }

void append_subject(Bytes& out, const KeyAndTag& subject) {
  append(out, subject.key);
  append(out, subject.tag);
}
std::optional<KeyAndTag> take_subject(Reader& in) {
  const auto key = take_array<sizeof(KeyId)>(in);
  const auto tag = take_array<sizeof(PrincipalTag)>(in);
  if (!key || !tag) return std::nullopt;
  return KeyAndTag{.key = *key, .tag = *tag};
}

void append_milliseconds(Bytes& out, Duration duration) {
  const Duration cut = std::clamp(duration, Duration(0), kLeaseMax);
  packing::append_varint(out, static_cast<std::uint64_t>(cut / 1ms));
}
std::optional<Duration> take_milliseconds(Reader& in) {
  const auto count = packing::take_varint(in);
  if (!count || !in.is_empty()) return std::nullopt;
  constexpr auto kMost = static_cast<std::uint64_t>(kLeaseMax / 1ms);
  return std::min(*count, kMost) * 1ms;
}

}  // namespace

std::string exchange_place(std::string_view protocol, const ExchangeId& id) {
  return std::string(protocol) + std::string(as_text(id));
}

Bytes write_ask(const Ask& ask) {
  const auto* subject = std::get_if<KeyAndTag>(&ask.what);
  Bytes out = begin(subject != nullptr ? kByKey : kByDigest);
  append(out, ask.exchange);
  if (subject != nullptr) append_subject(out, *subject);
  else append(out, std::get<crypto::Digest>(ask.what));
  return out;
}

Result<Ask> parse_ask(ByteView bytes) {
  Reader in(bytes);
  const auto kind = in.take_big_endian<std::uint8_t>();
  const auto exchange = take_array<sizeof(ExchangeId)>(in);
  if (!kind || !exchange) return Errc::malformed;
  if (*kind == kByKey) {
    const auto subject = take_subject(in);
    if (!subject || !in.is_empty()) return Errc::malformed;
    return Ask{.exchange = *exchange, .what = *subject};
  }
  if (*kind != kByDigest) return Errc::unsupported;
  const auto digest = take_array<sizeof(crypto::Digest)>(in);
  if (!digest || !in.is_empty()) return Errc::malformed;
  return Ask{.exchange = *exchange, .what = *digest};
}

Result<Bytes> write_answer_head(const AnswerHead& head) {
  Bytes out = begin(static_cast<std::uint8_t>(head.kind));
  if (head.kind != AnswerHead::Kind::found) return out;
  GHMESH_CHECK(head.packed_bytes <= kPackedBytesMax);
  packing::append_varint(out, head.packed_bytes);
  Fetched found = head.found;
  found.body = nullptr;
  auto said = write_announcement(found);
  if (!said) return said.error();
  append(out, *said);
  return out;
}

Result<AnswerHead> parse_answer_head(ByteView bytes) {
  Reader in(bytes);
  const auto kind = in.take_big_endian<std::uint8_t>();
  if (!kind) return Errc::malformed;
  AnswerHead head{.kind = static_cast<AnswerHead::Kind>(*kind), .found = {}};
  switch (head.kind) {
    case AnswerHead::Kind::absent:
    case AnswerHead::Kind::busy:
      if (!in.is_empty()) return Errc::malformed;
      return head;
    case AnswerHead::Kind::found: break;
    default: return Errc::unsupported;
  }
  const auto packed_bytes = take_number(in, kPackedBytesMax);
  if (!packed_bytes) return Errc::malformed;
  auto said = parse_announcement(in.rest());
  if (!said) return said.error();
  auto* found = std::get_if<Fetched>(&*said);
  if (found == nullptr || found->body) return Errc::malformed;
  head.packed_bytes = *packed_bytes;
  head.found = std::move(*found);
  return head;
}

Bytes write_recall_ask(const RecallAsk& ask) {
  Bytes out = begin(kByName);
  append(out, ask.exchange);
  append(out, as_bytes(ask.name));
  return out;
}

Result<RecallAsk> parse_recall_ask(ByteView bytes) {
  Reader in(bytes);
  const auto kind = in.take_big_endian<std::uint8_t>();
  const auto exchange = take_array<sizeof(ExchangeId)>(in);
  if (!kind || !exchange || in.is_empty()) return Errc::malformed;
  if (*kind != kByName) return Errc::unsupported;
  if (in.remaining() > kSharedNameBytesMax) return Errc::too_large;
  return RecallAsk{.exchange = *exchange, .name = std::string(as_text(in.rest()))};
}

Result<Bytes> write_recall_head(const RecallHead& head) {
  if (!head.found) return begin(kAbsent);
  GHMESH_CHECK(head.packed_bytes <= kPackedBytesMax);
  Bytes out = begin(kFound);
  packing::append_varint(out, head.packed_bytes);
  Shared found = *head.found;
  found.record = nullptr;
  auto said = write_announcement(found);
  if (!said) return said.error();
  append(out, *said);
  return out;
}

Result<RecallHead> parse_recall_head(ByteView bytes) {
  Reader in(bytes);
  const auto kind = in.take_big_endian<std::uint8_t>();
  if (!kind) return Errc::malformed;
  if (*kind == kAbsent) {
    if (!in.is_empty()) return Errc::malformed;
    return RecallHead{};
  }
  if (*kind != kFound) return Errc::unsupported;
  const auto packed_bytes = take_number(in, kPackedBytesMax);
  if (!packed_bytes || *packed_bytes == 0) return Errc::malformed;
  auto said = parse_announcement(in.rest());
  if (!said) return said.error();
  auto* found = std::get_if<Shared>(&*said);
  if (found == nullptr || found->record || found->is_removal) return Errc::malformed;
  return RecallHead{.found = std::move(*found), .packed_bytes = *packed_bytes};
}

BodyCollector::BodyCollector(const AnswerHead& head)
    : digest_(head.found.body_digest),
      body_bytes_(head.found.body_bytes),
      packed_bytes_(head.packed_bytes) {}

BodyCollector::BodyCollector(const RecallHead& head)
    : digest_(head.found->digest),
      body_bytes_(head.found->record_bytes),
      packed_bytes_(head.packed_bytes) {}

Result<void> BodyCollector::add(ByteView chunk) {
  if (chunk.empty()) return Errc::malformed;
  if (chunk.size() > packed_bytes_ - packed_.size()) return Errc::too_large;
  append(packed_, chunk);
  return {};
}

Result<http::Body> BodyCollector::finish() const {
  GHMESH_CHECK(is_complete());
  const auto body = packing::unpack(packed_, body_bytes_);
  if (!body || body->size() != body_bytes_ || crypto::sha256(*body) != digest_)
    return Errc::mesh_false_body;
  return http::make_body(std::string(as_text(*body)));
}

Bytes pack_body(std::string_view body) { return packing::pack(as_bytes(body)); }

Bytes write_lease_ask(const LeaseAsk& ask) {
  Bytes out = begin(static_cast<std::uint8_t>(ask.what));
  append(out, ask.exchange);
  append_subject(out, ask.subject);
  return out;
}

Result<LeaseAsk> parse_lease_ask(ByteView bytes) {
  Reader in(bytes);
  const auto what = in.take_big_endian<std::uint8_t>();
  const auto exchange = take_array<sizeof(ExchangeId)>(in);
  const auto subject = take_subject(in);
  if (!what || !exchange || !subject || !in.is_empty()) return Errc::malformed;
  if (*what != static_cast<std::uint8_t>(LeaseAsk::What::fetch) &&
      *what != static_cast<std::uint8_t>(LeaseAsk::What::validate))
    return Errc::unsupported;
  return LeaseAsk{
      .exchange = *exchange, .subject = *subject, .what = static_cast<LeaseAsk::What>(*what)};
}

Result<Bytes> write_lease_answer(const LeaseAnswer& answer) {
  if (const auto* go = std::get_if<LeaseGo>(&answer)) {
    Bytes out = begin(kGo);
    append_milliseconds(out, go->valid);
    return out;
  }
  if (const auto* wait = std::get_if<LeaseWait>(&answer)) {
    Bytes out = begin(kWait);
    append_milliseconds(out, wait->again);
    return out;
  }
  Bytes out = begin(kHave);
  auto said = write_announcement(std::get<LeaseHave>(answer).said);
  if (!said) return said.error();
  append(out, *said);
  return out;
}

Result<LeaseAnswer> parse_lease_answer(ByteView bytes) {
  Reader in(bytes);
  const auto kind = in.take_big_endian<std::uint8_t>();
  if (!kind) return Errc::malformed;
  if (*kind == kGo || *kind == kWait) {
    const auto duration = take_milliseconds(in);
    if (!duration) return Errc::malformed;
    if (*kind == kGo) return LeaseAnswer(LeaseGo{*duration});
    return LeaseAnswer(LeaseWait{*duration});
  }
  if (*kind != kHave) return Errc::unsupported;
  auto said = parse_announcement(in.rest());
  if (!said) return said.error();
  if (!std::holds_alternative<Fetched>(*said) && !std::holds_alternative<Valid>(*said))
    return Errc::malformed;
  return LeaseAnswer(LeaseHave{*std::move(said)});
}

Bytes write_lease_end(LeaseEnd end) { return {static_cast<std::byte>(end)}; }

Result<LeaseEnd> parse_lease_end(ByteView bytes) {
  if (bytes.size() != 1) return Errc::malformed;
  const auto end = static_cast<LeaseEnd>(bytes[0]);
  if (end != LeaseEnd::told && end != LeaseEnd::failed) return Errc::malformed;
  return end;
}

Bytes write_warm_ask(const WarmAsk& ask) {
  Bytes out = copy_bytes(ask.exchange);
  packing::append_varint(out, std::min(ask.entries_max, kWarmEntriesMax));
  packing::append_varint(out, std::min(ask.bytes_max, kWarmBytesMax));
  for (std::size_t i = 0; i < std::min(ask.tags.size(), kWarmTagsMax); ++i)
    append(out, ask.tags[i]);
  return out;
}

Result<WarmAsk> parse_warm_ask(ByteView bytes) {
  Reader in(bytes);
  const auto exchange = take_array<sizeof(ExchangeId)>(in);
  const auto entries_max = take_number(in, kWarmEntriesMax);
  const auto bytes_max = take_number(in, kWarmBytesMax);
  if (!exchange || !entries_max || !bytes_max) return Errc::malformed;
  if (in.remaining() > kWarmTagsMax * sizeof(PrincipalTag)) return Errc::too_large;
  WarmAsk ask{
      .exchange = *exchange, .entries_max = *entries_max, .bytes_max = *bytes_max, .tags = {}};
  while (auto tag = take_array<sizeof(PrincipalTag)>(in)) ask.tags.push_back(*tag);
  if (!in.is_empty()) return Errc::malformed;
  return ask;
}

bool fits_batch(const WarmBatch& batch, std::size_t announcement_bytes) {
  constexpr std::size_t kLengthBytesMax = 3;  // of 64 KiB
  std::size_t bytes = 1 + kLengthBytesMax + announcement_bytes;
  for (ByteView announcement : batch.announcements) bytes += kLengthBytesMax + announcement.size();
  return batch.announcements.size() < kWarmBatchEntriesMax && bytes <= kSealPlainBytesMax;
}

Bytes write_warm_batch(const WarmBatch& batch) {
  GHMESH_CHECK(batch.announcements.size() <= kWarmBatchEntriesMax);
  Bytes out = begin(batch.is_last ? kLast : kMoreFollows);
  for (ByteView announcement : batch.announcements) append_sized(out, announcement);
  GHMESH_CHECK(out.size() <= kSealPlainBytesMax);
  return out;
}

Result<WarmBatch> parse_warm_batch(ByteView bytes) {
  Reader in(bytes);
  const auto flag = in.take_big_endian<std::uint8_t>();
  if (!flag || *flag > kLast) return Errc::malformed;
  WarmBatch batch{.is_last = *flag == kLast, .announcements = {}};
  while (!in.is_empty()) {
    const auto announcement = take_sized(in, kSealPlainBytesMax);
    if (!announcement || announcement->empty()) return Errc::malformed;
    if (batch.announcements.size() == kWarmBatchEntriesMax) return Errc::too_large;
    batch.announcements.push_back(*announcement);
  }
  return batch;
}

}  // namespace ghmesh::mesh
