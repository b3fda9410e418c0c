// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/metrics.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/text.h"
#include "node/metrics_counters.h"

namespace ghmesh::node {
namespace {

constexpr std::size_t kResourceOther = kResources.size() - 1;

std::size_t resource_index(std::string_view name) {
  const auto found = std::ranges::find(kResources, name);
  return found == kResources.end() ? kResourceOther
                                   : static_cast<std::size_t>(found - kResources.begin());
}

std::size_t bucket_of(Duration taken) {
  return static_cast<std::size_t>(std::ranges::lower_bound(kDurationBounds, taken) -
                                  kDurationBounds.begin());
}

std::uint64_t nanoseconds(Duration taken) {
  return static_cast<std::uint64_t>(std::max(taken, Duration::zero()).count());
}

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

// Each thread takes the next shard when it first counts something, whatever Metrics it counts for.
std::size_t own_shard_index() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t index =
      next.fetch_add(1, std::memory_order_relaxed) % kShardsCount;
  return index;
}

}  // namespace

void Snapshot::add(const net::HttpServerStats& server) {
  connections_open += server.connections_open;
  connections_total += server.connections_total;
  connections_refused += server.connections_refused;
  rejected_malformed += server.rejected_malformed;
  rejected_head_too_large += server.rejected_head_too_large;
  rejected_body_too_large += server.rejected_body_too_large;
  rejected_timeout += server.rejected_timeout;
  rejected_unsupported += server.rejected_unsupported;
}

std::uint64_t Totals::saved_count() const {
  std::uint64_t saved = 0;
  for (http::Detail detail : {http::Detail::fresh, http::Detail::revalidated, http::Detail::proven,
                              http::Detail::coalesced, http::Detail::peer, http::Detail::stale})
    saved += by_detail[static_cast<std::size_t>(detail)];
  return saved;
}

Metrics::Metrics()
    : shards_(std::make_unique<std::array<Shard, kShardsCount>>()),
      cold_(std::make_unique<Cold>()) {}
Metrics::~Metrics() = default;

Metrics::Shard& Metrics::own_shard() { return (*shards_)[own_shard_index()]; }

// Routes are static texts, so their address is their identity: one multiplication finds the slot. Slot 0 is "other". A
// slot is taken once and never given back; two addresses of one text take two slots, which the scrape adds up.
std::size_t Metrics::slot_of(std::string_view route) {
  if (route.empty()) return 0;
  constexpr std::uint64_t kGolden =
      0x9e3779b97f4a7c15;  // spreads addresses that differ in their low bits only
  constexpr std::size_t kProbesMax = 16;
  const auto hash = std::bit_cast<std::uintptr_t>(route.data()) * kGolden;
  const std::size_t begin = static_cast<std::size_t>(hash >> 40);
  for (std::size_t probe = 0; probe < kProbesMax; ++probe) {
    const std::size_t slot = 1 + (begin + probe) % (kRouteSlotsCount - 1);
    RouteSlot& candidate = routes_[slot];
    const char* owner = candidate.data.load(std::memory_order_acquire);
    if (owner == nullptr &&
        candidate.data.compare_exchange_strong(owner, route.data(), std::memory_order_acq_rel)) {
      candidate.size.store(route.size(), std::memory_order_release);
      return slot;
    }
    if (owner == route.data()) return slot;
  }
  return 0;
}

std::string_view Metrics::route_name(std::size_t slot) const {
  if (slot == 0) return "other";
  // Its owner may still be writing the size; the slot then has no name yet, and the next scrape shows it.
  const std::size_t size = routes_[slot].size.load(std::memory_order_acquire);
  return size == 0 ? std::string_view()
                   : std::string_view(routes_[slot].data.load(std::memory_order_relaxed), size);
}

void Metrics::answered(std::string_view route, http::Detail detail, int status, Duration taken) {
  Shard& shard = own_shard();
  const auto index = static_cast<std::size_t>(detail);
  add_one(shard.answered[slot_of(route)][index]);
  add_one(shard.buckets[index][bucket_of(taken)]);
  shard.nanoseconds_sum[index].fetch_add(nanoseconds(taken), std::memory_order_relaxed);
  if (status != 200)
    add_one(
        shard.unusual_status[status > 0 && status < kStatusMax ? static_cast<std::size_t>(status)
                                                               : 0]);
}

void Metrics::asked(std::string_view, int status, const http::Headers& headers, Duration taken) {
  const std::size_t resource = resource_index(headers.get("x-ratelimit-resource"));
  const auto limit = parse_decimal(headers.get("x-ratelimit-limit"));
  const auto remaining = parse_decimal(headers.get("x-ratelimit-remaining"));
  const std::lock_guard lock(cold_->mutex);
  ++cold_->upstream_by_status[{status > 0 && status < kStatusMax ? status : 0, resource}];
  ++cold_->upstream_buckets[bucket_of(taken)];
  cold_->upstream_nanoseconds += nanoseconds(taken);
  if (limit && remaining)
    cold_->budgets[resource] = {kResources[resource], *limit, *remaining,
                                parse_decimal(headers.get("x-ratelimit-reset")).value_or(0)};
}

void Metrics::etag_unexpected(std::string_view) {
  const std::lock_guard lock(cold_->mutex);
  ++cold_->etag_unexpected;
}

void Metrics::refused(const Error& reason) {
  const std::lock_guard lock(cold_->mutex);
  ++cold_->refused_by_reason[error_name(reason)];
}

std::uint64_t Metrics::answered_count(std::size_t slot, std::size_t detail) const {
  std::uint64_t sum = 0;
  for (const Shard& shard : *shards_)
    sum += shard.answered[slot][detail].load(std::memory_order_relaxed);
  return sum;
}

Totals Metrics::totals() const {
  Totals totals;
  for (std::size_t slot = 0; slot < kRouteSlotsCount; ++slot) {
    if (route_name(slot).empty()) continue;
    for (std::size_t detail = 0; detail < totals.by_detail.size(); ++detail)
      totals.by_detail[detail] += answered_count(slot, detail);
  }
  for (std::uint64_t count : totals.by_detail) totals.requests_count += count;
  const std::lock_guard lock(cold_->mutex);
  for (const auto& [key, count] : cold_->upstream_by_status) {
    totals.upstream_count += count;
    if (key.first == 304) totals.upstream_free_count += count;
    if (key.first == 0) totals.upstream_failed_count += count;
  }
  for (const auto& [reason, count] : cold_->refused_by_reason) totals.refused_count += count;
  totals.etag_unexpected_count = cold_->etag_unexpected;
  return totals;
}

std::vector<Budget> Metrics::budgets() const {
  const std::lock_guard lock(cold_->mutex);
  std::vector<Budget> seen;
  std::ranges::copy_if(cold_->budgets, std::back_inserter(seen),
                       [](const Budget& budget) { return budget.limit > 0; });
  return seen;
}

}  // namespace ghmesh::node
