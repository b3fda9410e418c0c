// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/announcement.h"

#include "github/freshness.h"
#include "mesh/wire/fields.h"
#include "mesh/wire/header_codes.h"
#include "packing/packing.h"

namespace ghmesh::mesh {
namespace {

// The first byte: a kind in the low three bits, facts in the high five.
enum Kind : std::uint8_t {
  kShared,  // who was there before it ignores this kind
  kFetched,
  kValid,
  kStale,
  kGone,
  kBudget,
  kConflict,
  kPresence
};
constexpr std::uint8_t kKindMask = 0x07;
enum Facts : std::uint8_t {
  kPublic = 0x08,
  kRemoval = 0x08,  // of kShared
  kBodyInside = 0x10,
  kStatusFollows = 0x20
};
constexpr std::uint8_t kFactsOfFetched = kPublic | kBodyInside | kStatusFollows;
constexpr std::uint8_t kFactsOfShared = kRemoval | kBodyInside;

std::uint8_t known_facts(std::uint8_t kind) {
  if (kind == kFetched) return kFactsOfFetched;
  return kind == kShared ? kFactsOfShared : 0;
}

constexpr int kUsualStatus = 200;

Bytes begin(Kind kind, std::uint8_t facts = 0) { return {static_cast<std::byte>(kind | facts)}; }

Result<Bytes> write(const Fetched& fetched) {
  Bytes headers;
  if (!write_headers(headers, fetched.headers, fetched.upstream_date)) return Errc::too_large;
  Bytes packed;
  if (fetched.body && headers.size() + fetched.body->size() <= kInlinePlainBytesMax) {
    Bytes plain = headers;
    append(plain, as_bytes(*fetched.body));
    packed = packing::pack_tightly(plain);
  }
  const bool is_inside = !packed.empty() && packed.size() <= kInlinePackedBytesMax;
  if (!is_inside) packed = packing::pack_tightly(headers);
  if (packed.size() > kInlinePackedBytesMax) return Errc::too_large;

  const bool has_status = fetched.status != kUsualStatus;
  Bytes out = begin(kFetched, static_cast<std::uint8_t>((fetched.is_public ? kPublic : 0) |
                                                        (is_inside ? kBodyInside : 0) |
                                                        (has_status ? kStatusFollows : 0)));
  append(out, fetched.key);
  append(out, fetched.tag);
  append_date(out, fetched.upstream_date);
  packing::append_varint(
      out, static_cast<std::uint64_t>(std::clamp(fetched.ttl, Seconds(0), kClaimedTtlMax).count()));
  if (has_status) packing::append_varint(out, static_cast<std::uint64_t>(fetched.status));
  if (!is_inside) {
    append(out, fetched.body_digest);
    packing::append_varint(out, fetched.body_bytes);
  }
  append(out, packed);
  return out;
}

Result<Bytes> write(const Valid& valid) {
  Bytes out = begin(kValid);
  append(out, valid.key);
  append(out, valid.tag);
  append(out, valid.body_digest);
  append_date(out, valid.upstream_date);
  return out;
}

Result<Bytes> write(const Stale& stale) {
  if (stale.keys.size() > kStaleKeysMax) return Errc::too_large;
  Bytes out = begin(kStale);
  append_date(out, stale.upstream_date);
  for (const KeyId& key : stale.keys) append(out, key);
  return out;
}

Result<Bytes> write(const Gone& gone) {
  Bytes out = begin(kGone);
  append(out, gone.key);
  append(out, gone.tag);
  append_date(out, gone.upstream_date);
  return out;
}

Result<Bytes> write(const Budget& budget) {
  if (budget.resource.size() > kResourceCharsMax) return Errc::too_large;
  Bytes out = begin(kBudget);
  append(out, budget.tag);
  append_date(out, budget.upstream_date);
  append_seconds(out, cut_date(budget.reset) - cut_date(budget.upstream_date));
  packing::append_varint(out, budget.limit);
  packing::append_varint(out, budget.remaining);
  append(out, as_bytes(budget.resource));
  return out;
}

Result<Bytes> write(const Conflict& conflict) {
  if (std::max(conflict.first.size(), conflict.second.size()) > kStatementBytesMax)
    return Errc::too_large;
  Bytes out = begin(kConflict);
  append_sized(out, conflict.first);
  append(out, conflict.second);
  return out;
}

Result<Bytes> write(const Presence& presence) {
  Bytes out = begin(kPresence);
  append_date(out, presence.said_at);
  const NodeFigures& figures = presence.figures;
  for (const std::uint64_t figure :
       {figures.requests, figures.own_hits, figures.peer_hits, figures.free, figures.charged})
    packing::append_varint(out, figure);
  const std::size_t count = std::min(presence.addresses.size(), kPresenceAddressesMax);
  for (std::size_t i = 0; i < count; ++i) append_sized(out, presence.addresses[i].bytes());
  return out;
}

Result<Bytes> write(const Shared& shared) {
  Bytes packed;
  if (shared.record && shared.record->size() <= kInlinePlainBytesMax)
    packed = packing::pack_tightly(as_bytes(*shared.record));
  const bool is_inside = !packed.empty() && packed.size() <= kInlinePackedBytesMax;
  Bytes out = begin(kShared, static_cast<std::uint8_t>((shared.is_removal ? kRemoval : 0) |
                                                       (is_inside ? kBodyInside : 0)));
  append(out, shared.key);
  append_moment(out, shared.said_at);
  if (is_inside) {
    append(out, packed);
  } else {
    append(out, shared.digest);
    packing::append_varint(out, shared.record_bytes);
  }
  return out;
}

Result<Announcement> parse_fetched(Reader& in, std::uint8_t facts) {
  const auto key = take_array<sizeof(KeyId)>(in);
  const auto tag = take_array<sizeof(PrincipalTag)>(in);
  const auto date = take_date(in);
  const auto ttl = take_number(in, static_cast<std::uint64_t>(kClaimedTtlMax.count()));
  if (!key || !tag || !date || !ttl) return Errc::malformed;
  Fetched fetched{.key = *key, .tag = *tag, .is_public = (facts & kPublic) != 0};
  fetched.upstream_date = *date;
  fetched.ttl = Seconds(*ttl);
  if ((facts & kStatusFollows) != 0) {
    const auto status = take_number(in, 599);
    if (!status || *status < 200) return Errc::malformed;
    fetched.status = static_cast<int>(*status);
  }
  const bool is_inside = (facts & kBodyInside) != 0;
  if (!is_inside) {
    const auto digest = take_array<sizeof(crypto::Digest)>(in);
    const auto body_bytes = take_number(in, kEntryBodyBytesMax);
    if (!digest || !body_bytes) return Errc::malformed;
    fetched.body_digest = *digest;
    fetched.body_bytes = *body_bytes;
  }
  if (in.remaining() > kInlinePackedBytesMax) return Errc::too_large;
  auto plain = packing::unpack(in.rest(), kInlinePlainBytesMax);
  if (!plain) return plain.error();
  Reader unpacked(*plain);
  auto headers = take_headers(unpacked, fetched.upstream_date);
  if (!headers || (!is_inside && !unpacked.is_empty())) return Errc::malformed;
  fetched.headers = *std::move(headers);
  if (is_inside) {
    fetched.body_digest = crypto::sha256(unpacked.rest());
    fetched.body_bytes = unpacked.remaining();
    fetched.body = http::make_body(std::string(as_text(unpacked.rest())));
  }
  return Announcement(std::move(fetched));
}

Result<Announcement> parse_valid(Reader& in) {
  const auto key = take_array<sizeof(KeyId)>(in);
  const auto tag = take_array<sizeof(PrincipalTag)>(in);
  const auto digest = take_array<sizeof(crypto::Digest)>(in);
  const auto date = take_date(in);
  if (!key || !tag || !digest || !date || !in.is_empty()) return Errc::malformed;
  return Announcement(
      Valid{.key = *key, .tag = *tag, .body_digest = *digest, .upstream_date = *date});
}

Result<Announcement> parse_stale(Reader& in) {
  const auto date = take_date(in);
  if (!date || in.remaining() % sizeof(KeyId) != 0) return Errc::malformed;
  if (in.remaining() / sizeof(KeyId) > kStaleKeysMax) return Errc::too_large;
  Stale stale{.upstream_date = *date, .keys = {}};
  while (auto key = take_array<sizeof(KeyId)>(in)) stale.keys.push_back(*key);
  return Announcement(std::move(stale));
}

Result<Announcement> parse_gone(Reader& in) {
  const auto key = take_array<sizeof(KeyId)>(in);
  const auto tag = take_array<sizeof(PrincipalTag)>(in);
  const auto date = take_date(in);
  if (!key || !tag || !date || !in.is_empty()) return Errc::malformed;
  return Announcement(Gone{.key = *key, .tag = *tag, .upstream_date = *date});
}

Result<Announcement> parse_budget(Reader& in) {
  const auto tag = take_array<sizeof(PrincipalTag)>(in);
  const auto date = take_date(in);
  const auto reset_after = take_seconds(in);
  const auto limit = take_number(in, UINT32_MAX);
  const auto remaining = take_number(in, UINT32_MAX);
  if (!tag || !date || !reset_after || !limit || !remaining) return Errc::malformed;
  const WallTime reset = *date + Seconds(*reset_after);
  if (cut_date(reset) != to_seconds(reset)) return Errc::malformed;
  if (in.remaining() > kResourceCharsMax) return Errc::too_large;
  const auto is_name = [](std::byte byte) {
    const char c = std::to_integer<char>(byte);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (in.is_empty() || !std::ranges::all_of(in.rest(), is_name)) return Errc::malformed;
  return Announcement(Budget{.tag = *tag,
                             .resource = std::string(as_text(in.rest())),
                             .limit = static_cast<std::uint32_t>(*limit),
                             .remaining = static_cast<std::uint32_t>(*remaining),
                             .reset = reset,
                             .upstream_date = *date});
}

Result<Announcement> parse_conflict(Reader& in) {
  const auto first = take_sized(in, kStatementBytesMax);
  if (!first) return Errc::malformed;
  if (in.remaining() > kStatementBytesMax) return Errc::too_large;
  return Announcement(Conflict{.first = copy_bytes(*first), .second = copy_bytes(in.rest())});
}

Result<Announcement> parse_shared(Reader& in, std::uint8_t facts) {
  const auto key = take_array<sizeof(KeyId)>(in);
  const auto said_at = take_moment(in);
  if (!key || !said_at) return Errc::malformed;
  Shared shared{.key = *key, .said_at = *said_at, .is_removal = (facts & kRemoval) != 0};
  if ((facts & kBodyInside) == 0) {
    const auto digest = take_array<sizeof(crypto::Digest)>(in);
    const auto record_bytes = take_number(in, kSharedRecordBytesMax);
    if (!digest || !record_bytes || *record_bytes == 0 || !in.is_empty()) return Errc::malformed;
    shared.digest = *digest;
    shared.record_bytes = *record_bytes;
    return Announcement(std::move(shared));
  }
  if (in.remaining() > kInlinePackedBytesMax) return Errc::too_large;
  const auto record = packing::unpack(in.rest(), kInlinePlainBytesMax);
  if (!record) return record.error();
  if (record->empty()) return Errc::malformed;
  shared.digest = crypto::sha256(*record);
  shared.record_bytes = record->size();
  shared.record = http::make_body(std::string(as_text(*record)));
  return Announcement(std::move(shared));
}

// Addresses of kinds that we do not speak are passed over.
Result<Announcement> parse_presence(Reader& in) {
  const auto said_at = take_date(in);
  if (!said_at) return Errc::malformed;
  Presence presence{.said_at = *said_at, .addresses = {}, .figures = {}};
  NodeFigures& figures = presence.figures;
  for (std::uint64_t* figure : {&figures.requests, &figures.own_hits, &figures.peer_hits,
                                &figures.free, &figures.charged}) {
    const auto number = take_number(in, UINT64_MAX);
    if (!number) return Errc::malformed;
    *figure = *number;
  }
  for (std::size_t count = 0; !in.is_empty(); ++count) {
    const auto bytes = take_sized(in, multiformats::kMultiaddrBytesMax);
    if (!bytes) return Errc::malformed;
    if (count == kPresenceAddressesMax) return Errc::too_large;
    if (auto address = multiformats::Multiaddr::parse(*bytes))
      presence.addresses.push_back(*std::move(address));
  }
  return Announcement(std::move(presence));
}

}  // namespace

bool Fetched::operator==(const Fetched& other) const {
  const auto rest = [](const Fetched& f) {
    return std::tie(f.key, f.tag, f.is_public, f.status, f.upstream_date, f.ttl, f.headers,
                    f.body_digest, f.body_bytes);
  };
  const bool have_same_body =
      body && other.body ? *body == *other.body : body == nullptr && other.body == nullptr;
  return have_same_body && rest(*this) == rest(other);
}

bool Shared::operator==(const Shared& other) const {
  const auto rest = [](const Shared& s) {
    return std::tie(s.key, s.said_at, s.is_removal, s.digest, s.record_bytes);
  };
  const bool have_same_record = record && other.record
                                    ? *record == *other.record
                                    : record == nullptr && other.record == nullptr;
  return have_same_record && rest(*this) == rest(other);
}

Result<Bytes> write_announcement(const Announcement& announcement) {
  return std::visit([](const auto& said) { return write(said); }, announcement);
}

Result<Announcement> parse_announcement(ByteView bytes) {
  Reader in(bytes);
  const auto first = in.take_big_endian<std::uint8_t>();
  if (!first) return Errc::truncated;
  const auto facts = static_cast<std::uint8_t>(*first & ~kKindMask);
  const auto kind = static_cast<std::uint8_t>(*first & kKindMask);
  if ((facts & ~known_facts(kind)) != 0) return Errc::unsupported;
  switch (kind) {
    case kFetched: return parse_fetched(in, facts);
    case kValid: return parse_valid(in);
    case kStale: return parse_stale(in);
    case kGone: return parse_gone(in);
    case kBudget: return parse_budget(in);
    case kConflict: return parse_conflict(in);
    case kPresence: return parse_presence(in);
    case kShared: return parse_shared(in, facts);
    default: return Errc::unsupported;
  }
}

bool may_be_told(const http::Headers& headers, std::string_view body) {
  for (const http::Header& header : gossiped_headers(headers))
    if (github::carries_capability(header.value)) return false;
  return !github::carries_capability(body);
}

}  // namespace ghmesh::mesh
