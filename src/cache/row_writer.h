// SPDX-License-Identifier: Apache-2.0 OR MIT
// RowWriter: makes a row of an entry. What is slow (packing, sealing) happens before the write lock is taken; what
// depends on the tables (which body id, whether the same bytes are there already) happens under it.
//
// One writing thread uses it; remember_body() may be called by any.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "cache/lmdb_store.h"
#include "cache/principals.h"

namespace ghmesh::cache {

// Where bodies with these digests lie, of those that this process met: so that principals that hold the same body, and
// a row whose times change but whose body does not, share the bytes. An id may have been given to other bytes since,
// which the remembered nonce tells. Bounded, thread-safe.
class BodyIndex {
 public:
  struct Known {
    BodyId id = 0;
    std::shared_ptr<const crypto::Secret> key;
    std::array<std::byte, 24> nonce{};

    bool is_start_of(ByteView sealed) const {
      return sealed.size() >= nonce.size() && equal(sealed.first(nonce.size()), nonce);
    }
  };
  void remember(const crypto::Digest& digest, BodyId id, std::shared_ptr<const crypto::Secret> key,
                ByteView sealed);
  std::optional<Known> find(const crypto::Digest& digest);

 private:
  static constexpr std::size_t kBodiesMax = 4096;  // about 1 MiB
  struct HashOfDigest {
    std::size_t operator()(const crypto::Digest& digest) const {
      return static_cast<std::size_t>(load_big_endian<std::uint64_t>(ByteView(digest).first(8)));
    }
  };
  struct Item {
    crypto::Digest digest;
    Known known;
  };
  std::mutex mutex_;
  std::list<Item> recent_;
  std::unordered_map<crypto::Digest, std::list<Item>::iterator, HashOfDigest> table_;
};

struct PreparedRow {
  RowKey key{};
  EntryRef entry;
  PrincipalRef principal;
  Bytes row;  // complete, when the body fits inside; else empty, and:
  std::optional<BodyIndex::Known> known;
  std::shared_ptr<const crypto::Secret> body_key;
  Bytes sealed_body;
  Bytes name;  // sealed; empty: it cannot be listed
  packing::Effort effort = packing::Effort::thorough;

  // What it will take on disk, roughly.
  std::uint64_t bytes() const {
    return sizeof(RowKey) + row.size() + sealed_body.size() + name.size() + 256;
  }
};

class RowWriter {
 public:
  PreparedRow prepare(const RowKey& key, EntryRef entry, PrincipalRef principal,
                      std::uint32_t last_use, packing::Effort effort);
  Result<void> write(WriteTransaction& transaction, PreparedRow& prepared, std::uint32_t last_use);
  BodyIndex& bodies() { return bodies_; }

 private:
  BodyIndex bodies_;
};

}  // namespace ghmesh::cache
