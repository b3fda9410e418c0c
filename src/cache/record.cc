// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/record.h"

#include <algorithm>

#include "base/limits.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "packing/varint.h"

namespace ghmesh::cache {
namespace {

using packing::append_varint;
using packing::from_zigzag;
using packing::take_varint;
using packing::to_zigzag;

constexpr std::string_view kRowContext = "ghmesh store row 1";
constexpr std::string_view kBodyContext = "ghmesh store body 1";

constexpr std::uint8_t kPrefixBodyApart = 1;

enum Facts : std::uint8_t {
  kEtagComputed = 1,
  kPublic = 2,
  kEtagIsDigest = 4,  // 64 hexadecimal digits, kept as 32 bytes: GitHub's own form
  kBodyApart = 8,
  kAllFacts = 15,
};
constexpr std::size_t kDigestBytes = sizeof(crypto::Digest);
constexpr std::size_t kEtagBytesMax = 1024;  // GitHub's has 64; more than this is nobody's
constexpr std::size_t kBodyKeyBytes = crypto::kSealKeyBytes;

// Times come from sealed bytes, but a record of another build could hold anything: keep sums far from overflow.
constexpr std::int64_t kSecondsMax = std::int64_t{1} << 40;

void append_text(Bytes& out, std::string_view text) {
  append_varint(out, text.size());
  append(out, as_bytes(text));
}

std::optional<std::string_view> take_text(Reader& in, std::size_t bytes_max) {
  const auto bytes_count = take_varint(in);
  if (!bytes_count || *bytes_count > bytes_max) return std::nullopt;
  const auto bytes = in.take(*bytes_count);
  if (!bytes) return std::nullopt;
  return as_text(*bytes);
}

std::optional<std::int64_t> take_seconds(Reader& in) {
  const auto number = take_varint(in);
  if (!number) return std::nullopt;
  const std::int64_t seconds = from_zigzag(*number);
  if (seconds > kSecondsMax || seconds < -kSecondsMax) return std::nullopt;
  return seconds;
}

bool is_digest_text(std::string_view etag) {
  return etag.size() == 2 * kDigestBytes && std::ranges::all_of(etag, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Bytes context_of(const RowKey& key, const RowPrefix& prefix) {
  Bytes context = copy_bytes(as_bytes(kRowContext));
  append(context, key);
  append_big_endian<std::uint8_t>(context, prefix.body_id ? 1 : 0);
  append_big_endian<std::uint64_t>(context, prefix.body_id.value_or(0));
  return context;
}

Result<void> parse_packed(ByteView packed, Record& record, bool is_body_apart) {
  const std::size_t body_bytes_max = is_body_apart ? 0 : kEntryBodyBytesMax;
  auto plain = packing::unpack(packed, kHeadersBlockBytesMax + body_bytes_max);
  if (!plain) return plain.error();
  Reader in(*plain);
  const auto headers_count = take_varint(in);
  if (!headers_count || *headers_count > kFieldsCountMax) return Errc::malformed;
  for (std::uint64_t i = 0; i < *headers_count; ++i) {
    const auto name = take_text(in, kHeadersBlockBytesMax);
    const auto value = take_text(in, kHeadersBlockBytesMax);
    if (!name || !value) return Errc::malformed;
    record.entry.headers.add(*name, *value);
  }
  if (is_body_apart && !in.is_empty()) return Errc::malformed;
  if (in.remaining() > kEntryBodyBytesMax) return Errc::too_large;
  if (!is_body_apart) record.entry.body = http::make_body(std::string(as_text(in.rest())));
  return {};
}

Result<void> parse_times(Reader& in, Entry& entry) {
  const auto upstream_date = take_seconds(in);
  const auto fetched_after = take_seconds(in);
  const auto proven_after = take_seconds(in);
  const auto ttl = take_seconds(in);
  if (!upstream_date || !fetched_after || !proven_after || !ttl) return Errc::malformed;
  entry.upstream_date = wall_time(*upstream_date);
  entry.fetched_at = entry.upstream_date + Seconds(*fetched_after);
  entry.proven_at = entry.fetched_at + Seconds(*proven_after);
  entry.ttl = Seconds(*ttl);
  return {};
}

}  // namespace

RowKey row_key(const github::Principal& principal, std::string_view key) {
  const crypto::Digest mac = crypto::hmac_sha256(principal.locate_key.reveal(), as_bytes(key));
  RowKey row{};
  std::copy_n(mac.begin(), row.size(), row.begin());
  return row;
}

std::uint32_t last_use_of(WallTime now) {
  const std::int64_t steps = to_seconds(now) / kLastUseStep.count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(steps, 0, UINT32_MAX));
}

void write_prefix(const RowPrefix& prefix, Bytes& out) {
  append_big_endian<std::uint8_t>(out, kRowVersion);
  append_big_endian<std::uint8_t>(out, prefix.body_id ? kPrefixBodyApart : 0);
  append_big_endian<std::uint32_t>(out, prefix.last_use);
  if (prefix.body_id) append_big_endian<std::uint64_t>(out, *prefix.body_id);
}

std::optional<RowPrefix> parse_prefix(ByteView row) {
  Reader in(row);
  const auto version = in.take_big_endian<std::uint8_t>();
  const auto flags = in.take_big_endian<std::uint8_t>();
  const auto last_use = in.take_big_endian<std::uint32_t>();
  if (!version || *version != kRowVersion || !flags || *flags > kPrefixBodyApart || !last_use)
    return std::nullopt;
  RowPrefix prefix{.last_use = *last_use};
  if (*flags == kPrefixBodyApart) {
    const auto id = in.take_big_endian<std::uint64_t>();
    if (!id) return std::nullopt;
    prefix.body_id = *id;
  }
  return prefix;
}

Bytes write_record(const Entry& entry, const crypto::Secret& body_key, packing::Effort effort) {
  const bool is_body_apart = !body_key.empty();
  const bool is_digest = is_digest_text(entry.etag);
  Bytes out;
  append_big_endian<std::uint16_t>(out, static_cast<std::uint16_t>(entry.status));
  append_big_endian<std::uint8_t>(
      out, static_cast<std::uint8_t>(
               (entry.is_etag_computed ? kEtagComputed : 0) | (entry.is_public ? kPublic : 0) |
               (is_digest ? kEtagIsDigest : 0) | (is_body_apart ? kBodyApart : 0)));
  append_varint(out, to_zigzag(to_seconds(entry.upstream_date)));
  append_varint(out, to_zigzag((entry.fetched_at - entry.upstream_date).count()));
  append_varint(out, to_zigzag((entry.proven_at - entry.fetched_at).count()));
  append_varint(out, to_zigzag(entry.ttl.count()));
  if (is_digest) append(out, *parse_hex(entry.etag));
  else append_text(out, entry.etag);
  if (is_body_apart) append(out, body_key.reveal());

  Bytes plain;
  append_varint(plain, entry.headers.size());
  for (const http::Header& header : entry.headers) {
    append_text(plain, header.name);
    append_text(plain, header.value);
  }
  if (!is_body_apart) append(plain, as_bytes(*entry.body));
  append(out, packing::pack(plain, effort));
  return out;
}

Result<Record> parse_record(ByteView plain) {
  Reader in(plain);
  Record record;
  const auto status = in.take_big_endian<std::uint16_t>();
  const auto facts = in.take_big_endian<std::uint8_t>();
  if (!status || !facts) return Errc::truncated;
  if (*facts > kAllFacts || *status < 100 || *status > 999) return Errc::malformed;
  record.entry.status = *status;
  record.entry.is_etag_computed = (*facts & kEtagComputed) != 0;
  record.entry.is_public = (*facts & kPublic) != 0;
  auto times = parse_times(in, record.entry);
  if (!times) return times.error();

  if ((*facts & kEtagIsDigest) != 0) {
    const auto digest = in.take(kDigestBytes);
    if (!digest) return Errc::truncated;
    record.entry.etag = hex(*digest);
  } else {
    const auto etag = take_text(in, kEtagBytesMax);
    if (!etag) return Errc::malformed;
    record.entry.etag = *etag;
  }
  const bool is_body_apart = (*facts & kBodyApart) != 0;
  if (is_body_apart) {
    const auto body_key = in.take(kBodyKeyBytes);
    if (!body_key) return Errc::truncated;
    record.body_key = crypto::Secret(*body_key);
  }
  auto packed = parse_packed(in.rest(), record, is_body_apart);
  if (!packed) return packed.error();
  return record;
}

Bytes seal_row(const RowKey& key, const RowPrefix& prefix, ByteView record,
               const crypto::Secret& seal_key) {
  Bytes row;
  write_prefix(prefix, row);
  append(row, crypto::seal(seal_key, context_of(key, prefix), record));
  return row;
}

Result<Record> open_row(const RowKey& key, ByteView row, const crypto::Secret& seal_key) {
  const auto prefix = parse_prefix(row);
  if (!prefix) return Errc::seal_rejected;
  auto plain = crypto::open(seal_key, context_of(key, *prefix), row.subspan(prefix->size()));
  if (!plain) return plain.error();
  auto record = parse_record(*plain);
  if (record && record->body_key.empty() == prefix->body_id.has_value()) return Errc::malformed;
  return record;
}

Bytes seal_body(ByteView body, const crypto::Secret& body_key, packing::Effort effort) {
  return crypto::seal(body_key, as_bytes(kBodyContext), packing::pack(body, effort));
}

Result<std::string> open_body(ByteView sealed, const crypto::Secret& body_key) {
  auto packed = crypto::open(body_key, as_bytes(kBodyContext), sealed);
  if (!packed) return packed.error();
  auto body = packing::unpack(*packed, kEntryBodyBytesMax);
  if (!body) return body.error();
  return std::string(as_text(*body));
}

}  // namespace ghmesh::cache
