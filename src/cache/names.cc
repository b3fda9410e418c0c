// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/names.h"

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/hash.h"

namespace ghmesh::cache {
namespace {

Bytes context_of(const RowKey& row) {
  Bytes context = copy_bytes(as_bytes("ghmesh store name 1"));
  append(context, row);
  return context;
}

}  // namespace

PartitionTag partition_tag(const github::Principal& principal) {
  const crypto::Digest mac =
      crypto::hmac_sha256(principal.locate_key.reveal(), as_bytes("ghmesh partition 1"));
  PartitionTag tag{};
  std::copy_n(mac.begin(), tag.size(), tag.begin());
  return tag;
}

Bytes seal_name(const RowKey& row, const Name& name, const PartitionTag& tag,
                const github::Principal& principal) {
  Bytes plain;
  append_big_endian<std::uint64_t>(plain, static_cast<std::uint64_t>(name.written_at));
  append(plain, as_bytes(name.key));
  Bytes out = copy_bytes(tag);
  append(out, crypto::seal(principal.seal_key, context_of(row), plain));
  return out;
}

std::optional<Name> open_name(const NamedRow& row, const PartitionTag& tag,
                              const github::Principal& principal) {
  Reader in(row.name);
  const auto found = in.take(tag.size());
  if (!found || !equal(*found, tag)) return std::nullopt;
  const auto plain = crypto::open(principal.seal_key, context_of(row.row), in.rest());
  if (!plain) return std::nullopt;
  Reader name(*plain);
  const auto written_at = name.take_big_endian<std::uint64_t>();
  if (!written_at) return std::nullopt;
  return Name{.key = std::string(as_text(name.rest())),
              .written_at = static_cast<std::int64_t>(*written_at)};
}

}  // namespace ghmesh::cache
