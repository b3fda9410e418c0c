// SPDX-License-Identifier: Apache-2.0 OR MIT
// The counters themselves. Not a door: metrics.cc counts, metrics_text.cc writes them down.
#pragma once

#include <map>
#include <utility>

#include "node/metrics.h"

namespace ghmesh::node {

inline constexpr int kStatusMax = 600;

// The resources of GitHub's GET /rate_limit, in its order.
inline constexpr std::array<std::string_view, 13> kResources{"core",
                                                             "search",
                                                             "graphql",
                                                             "integration_manifest",
                                                             "source_import",
                                                             "code_scanning_upload",
                                                             "code_scanning_autofix",
                                                             "actions_runner_registration",
                                                             "scim",
                                                             "dependency_snapshots",
                                                             "dependency_sbom",
                                                             "code_search",
                                                             "other"};
// A shard is written by one thread as long as there are no more than kShardsCount of them; scrapes read it.
struct alignas(64) Metrics::Shard {
  std::array<std::array<std::atomic<std::uint64_t>, http::kDetailsCount>, kRouteSlotsCount>
      answered{};
  std::array<std::array<std::atomic<std::uint64_t>, kBucketsCount>, http::kDetailsCount> buckets{};
  std::array<std::atomic<std::uint64_t>, http::kDetailsCount> nanoseconds_sum{};
  // 200 is not counted here but follows from the others: a hit has one addition less.
  std::array<std::atomic<std::uint64_t>, kStatusMax> unusual_status{};
};

struct Metrics::Cold {
  mutable std::mutex mutex;
  std::map<std::pair<int, std::size_t>, std::uint64_t> upstream_by_status;  // (status, resource)
  std::array<std::uint64_t, kBucketsCount> upstream_buckets{};
  std::uint64_t upstream_nanoseconds = 0;
  std::array<Budget, kResources.size()> budgets{};
  std::map<std::string, std::uint64_t, std::less<>> refused_by_reason;  // names of Errc: bounded
  std::uint64_t etag_unexpected = 0;
};

}  // namespace ghmesh::node
