// SPDX-License-Identifier: Apache-2.0 OR MIT
// Eviction: which rows go when the store is at its quota.
//
// By sampling. Row keys are MACs, so any run of neighbours is a random sample; of each small sample the one that was
// used longest ago goes. That needs no list in order of use, which would cost a write for every hit, and keeps what is
// wanted nearly as well as one.
//
// In a transaction of its own, before the insert. LMDB hands freed pages out again only after the transaction that
// freed them has committed, so evicting and inserting at once can grow the file although there was room to make.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "base/result.h"
#include "cache/lmdb_store.h"

namespace ghmesh::cache {

inline constexpr std::size_t kSampleRowsCount = 8;
// One transaction's work. A deletion dirties a page; more than this would hold the other processes' writers up.
inline constexpr std::size_t kEvictionsMax = 2048;

// Removes rows until about this many bytes are free, or the store is empty, or kEvictionsMax rows went. Returns how
// many.
Result<std::size_t> evict(WriteTransaction& transaction, std::uint64_t bytes_count, Random& random);

}  // namespace ghmesh::cache
