// SPDX-License-Identifier: Apache-2.0 OR MIT
// Candidates on disk: what lets a later process, or a rotated token, prove a body that an earlier principal brought.
//
// Optional, and off unless asked for, because it weakens one promise: rows can then be opened by whoever holds the
// local secret (a 0600 file that does not lie in the store's directory), and not only by the credential that brought
// them. One for each request key, the latest: MAC(request key) -> sealed {principal's id, row key, seal key}.
#pragma once

#include <optional>

#include "cache/memory_tier.h"
#include "cache/record.h"

namespace ghmesh::cache {

class CandidateSeal {
 public:
  explicit CandidateSeal(const crypto::Secret& local_secret);

  struct Candidate {
    PrincipalId principal{};
    RowKey row{};
    crypto::Secret seal_key;
  };
  RowKey locate(std::string_view key) const;
  Bytes seal(const RowKey& at, const Candidate& candidate) const;
  std::optional<Candidate> open(const RowKey& at, ByteView sealed) const;

 private:
  crypto::Secret locate_key_;
  crypto::Secret seal_key_;
};

}  // namespace ghmesh::cache
