// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/eviction.h"

#include <algorithm>

namespace ghmesh::cache {
namespace {

RowKey random_key(Random& random) {
  RowKey key{};
  store_big_endian<std::uint64_t>(MutableByteView(key).first(8), random());
  store_big_endian<std::uint64_t>(MutableByteView(key).last(8), random());
  return key;
}

}  // namespace

Result<std::size_t> evict(WriteTransaction& transaction, std::uint64_t bytes_count,
                          Random& random) {
  std::size_t evicted_count = 0;
  for (std::uint64_t freed_bytes = 0; freed_bytes < bytes_count && evicted_count < kEvictionsMax;
       ++evicted_count) {
    auto sample = transaction.rows_from(random_key(random), kSampleRowsCount);
    if (!sample) return sample.error();
    if (sample->empty()) break;
    const auto oldest = std::ranges::min_element(*sample, {}, &WriteTransaction::Row::last_use);
    auto erased = transaction.erase_row(oldest->key);
    if (!erased) return erased.error();
    freed_bytes += oldest->bytes;
  }
  // Candidates do not know when their row goes. Never more of them than rows is what keeps them in bounds.
  auto trimmed = transaction.trim_candidates(random_key(random));
  if (!trimmed) return trimmed.error();
  return evicted_count;
}

}  // namespace ghmesh::cache
