// SPDX-License-Identifier: Apache-2.0 OR MIT
// Metrics: what happened, counted where it happens and added up when somebody asks.
//
// A fresh hit costs three additions to counters of the serving thread's own shard: no lock, no label, no text.
// Prometheus families are built on each scrape from those counters and from a Snapshot of the other rooms.
//
// Labels are bounded: routes are the templates of github/route.h, reasons and details are enumerations, resources are
// the names that GitHub documents; everything else is "other". No label is, or is derived from, a credential.
//
// Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cache/cache.h"
#include "http/fields.h"
#include "net/http_server.h"
#include "node/mesh/mesh_status.h"
#include "node/webhooks.h"
#include "proxy/proxy.h"

namespace ghmesh::node {

// More than the table of routes has. A route that finds no room counts as "other".
inline constexpr std::size_t kRouteSlotsCount = 1024;
// Threads beyond this share a shard: correct, a little slower.
inline constexpr std::size_t kShardsCount = 16;

// Upper bounds of the duration buckets; the last bucket has none.
inline constexpr std::array<Duration, 16> kDurationBounds{
    100us, 250us, 500us, 1ms,   2500us, 5ms,    10ms, 25ms,
    50ms,  100ms, 250ms, 500ms, 1s,     2500ms, 5s,   10s};
inline constexpr std::size_t kBucketsCount = kDurationBounds.size() + 1;

using CountByDetail = std::array<std::uint64_t, http::kDetailsCount>;

// What the rest of the node knows at the moment of a scrape.
struct Snapshot {
  cache::Stats cache;
  std::uint64_t connections_open = 0, connections_total = 0, connections_refused = 0;
  std::uint64_t rejected_malformed = 0, rejected_head_too_large = 0, rejected_body_too_large = 0,
                rejected_timeout = 0, rejected_unsupported = 0;
  std::uint64_t coroutine_escaped = 0;
  std::uint64_t principals_count = 0;     // credentials known in memory
  std::optional<WebhookCounts> webhooks;  // nullopt: there is no secret for them
  std::optional<MeshStatus> mesh;         // nullopt: in no swarm

  void add(const net::HttpServerStats& server);
};

// The sums that `ghmesh stats` shows.
struct Totals {
  std::uint64_t requests_count = 0;
  CountByDetail by_detail{};
  std::uint64_t upstream_count = 0;         // requests to the upstream
  std::uint64_t upstream_free_count = 0;    // of these, answered 304
  std::uint64_t upstream_failed_count = 0;  // of these, never answered
  std::uint64_t refused_count = 0;          // requests that we turned away
  std::uint64_t etag_unexpected_count = 0;

  // Calls that a caller made and GitHub did not count.
  std::uint64_t saved_count() const;
  // Calls that GitHub counted.
  std::uint64_t charged_count() const {
    return upstream_count - upstream_free_count - upstream_failed_count;
  }
};

// The budget as the last answer for this resource told it. Several credentials share the line: it is whoever asked
// last.
struct Budget {
  std::string_view resource;  // static storage
  std::uint64_t limit = 0, remaining = 0, reset_at = 0;
};

class Metrics final : public proxy::Observer {
 public:
  Metrics();
  ~Metrics() override;

  void answered(std::string_view route, http::Detail detail, int status, Duration taken) override;
  void asked(std::string_view route, int status, const http::Headers& headers,
             Duration taken) override;
  void etag_unexpected(std::string_view route) override;
  void refused(const Error& reason) override;

  Totals totals() const;
  std::vector<Budget> budgets()
      const;  // those that were seen, in the order of GitHub's documentation
  // Prometheus text exposition format 0.0.4.
  std::string render(const Snapshot& snapshot) const;

 private:
  struct Shard;
  struct RouteSlot {
    std::atomic<const char*> data{nullptr};
    std::atomic<std::size_t> size{0};
  };
  struct Cold;  // counters of things that take milliseconds anyway, behind a lock

  std::size_t slot_of(std::string_view route);
  std::string_view route_name(std::size_t slot) const;  // empty: the slot is free
  Shard& own_shard();
  std::uint64_t answered_count(std::size_t slot, std::size_t detail) const;

  std::array<RouteSlot, kRouteSlotsCount> routes_;
  std::unique_ptr<std::array<Shard, kShardsCount>> shards_;
  std::unique_ptr<Cold> cold_;
};

}  // namespace ghmesh::node
