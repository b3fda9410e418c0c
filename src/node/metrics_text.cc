// SPDX-License-Identifier: Apache-2.0 OR MIT
// The metrics in the text format of Prometheus: names and labels of every family stand here, and only here.
#include "node/metrics.h"

#include <map>
#include <span>

#include "node/metrics_counters.h"
#include "node/metrics_families.h"
#include "node/process_usage.h"
#include "node/version.h"

namespace ghmesh::node {
namespace {

using prometheus::MetricType;

std::string_view api_of(std::string_view route) {
  if (!route.starts_with('/')) return "other";
  return route.starts_with("/graphql") ? "graphql" : "rest";
}

// Which budget a call by this route would have been charged to.
std::string_view resource_of(std::string_view route) {
  if (route.starts_with("/graphql")) return "graphql";
  if (route.starts_with("/search/code")) return "code_search";
  return route.starts_with("/search/") ? "search" : "core";
}

std::string text_of(http::Detail detail) { return std::string(http::detail_name(detail)); }

void write_snapshot(Families& families, const Snapshot& snapshot) {
  const cache::Stats& cache = snapshot.cache;
  families.begin(MetricType::Gauge, "store_entries", "Entries kept, by where they are.");
  families.value(cache.entries_count, {{"tier", "disk"}});
  families.value(cache.memory_entries_count, {{"tier", "memory"}});
  families.begin(MetricType::Gauge, "store_bytes", "Bytes that entries take, by where they are.");
  families.value(cache.disk_bytes, {{"tier", "disk"}});
  families.value(cache.memory_bytes, {{"tier", "memory"}});
  families.begin(MetricType::Gauge, "store_on_disk",
                 "1 while the store is on disk, 0 while it runs from memory only.");
  families.value(cache.is_on_disk ? 1.0 : 0.0);
  families.begin(MetricType::Counter, "store_lookups_total", "Lookups, by what they found.");
  families.value(cache.memory_hits, {{"result", "memory"}});
  families.value(cache.disk_hits, {{"result", "disk"}});
  families.value(cache.misses, {{"result", "none"}});
  families.begin(MetricType::Counter, "store_puts_total", "Entries handed to the store.");
  families.value(cache.puts);
  families.begin(MetricType::Counter, "store_puts_dropped_total",
                 "Entries not written because the write queue was full.");
  families.value(cache.puts_dropped);
  families.begin(MetricType::Counter, "store_evictions_total",
                 "Entries evicted to make room, by where they were.");
  families.value(cache.evictions_disk, {{"tier", "disk"}});
  families.value(cache.evictions_memory, {{"tier", "memory"}});
  families.begin(MetricType::Counter, "store_faults_total",
                 "Faults of the store, by kind. Each is served as a miss.");
  families.value(cache.store_faults, {{"kind", "io"}});
  families.value(cache.seal_failures, {{"kind", "seal"}});
  families.value(cache.quarantines, {{"kind", "quarantine"}});
  families.begin(MetricType::Gauge, "principals", "Credentials known in memory.");
  families.value(snapshot.principals_count);

  families.begin(MetricType::Gauge, "connections_open", "Client connections that are open.");
  families.value(snapshot.connections_open);
  families.begin(MetricType::Counter, "connections_total", "Client connections accepted.");
  families.value(snapshot.connections_total);
  families.begin(MetricType::Counter, "connections_refused_total",
                 "Client connections answered 503: there were too many.");
  families.value(snapshot.connections_refused);
  families.begin(MetricType::Counter, "requests_rejected_total",
                 "Requests rejected before they were understood.");
  families.value(snapshot.rejected_malformed, {{"reason", "malformed"}});
  families.value(snapshot.rejected_head_too_large, {{"reason", "head_too_large"}});
  families.value(snapshot.rejected_body_too_large, {{"reason", "body_too_large"}});
  families.value(snapshot.rejected_timeout, {{"reason", "timeout"}});
  families.value(snapshot.rejected_unsupported, {{"reason", "unsupported"}});
  families.begin(MetricType::Counter, "coroutine_escaped_total",
                 "Bugs: exceptions that ended a connection.");
  families.value(snapshot.coroutine_escaped);
}

void write_webhooks(Families& families, const WebhookCounts& counts) {
  families.begin(MetricType::Counter, "webhooks_total", "Webhooks, by what became of them.");
  families.value(counts.accepted, {{"outcome", "accepted"}});
  families.value(counts.duplicate, {{"outcome", "duplicate"}});
  families.value(counts.ignored, {{"outcome", "ignored"}});
  families.value(counts.unknown, {{"outcome", "unknown"}});
  families.value(counts.unsigned_, {{"outcome", "unsigned"}});
  families.value(counts.malformed, {{"outcome", "malformed"}});
}

void write_process(Families& families) {
  families.begin(MetricType::Gauge, "build_info", "Always 1; the labels say which build this is.");
  families.value(1.0, {{"version", std::string(kVersion)}, {"compiler", __VERSION__}});
  const ProcessUsage usage = read_process_usage();
  families.begin_process(MetricType::Counter, "cpu_seconds_total",
                         "User and system CPU time spent.");
  families.value(usage.cpu_seconds);
  families.begin_process(MetricType::Gauge, "resident_memory_bytes", "Resident memory.");
  families.value(usage.resident_bytes);
  families.begin_process(MetricType::Gauge, "virtual_memory_bytes", "Virtual memory.");
  families.value(usage.virtual_bytes);
  families.begin_process(MetricType::Gauge, "threads", "Threads.");
  families.value(usage.threads_count);
  families.begin_process(MetricType::Gauge, "open_fds", "Open file descriptors.");
  families.value(usage.descriptors_count);
  families.begin_process(MetricType::Gauge, "max_fds",
                         "The most file descriptors that may be open.");
  families.value(usage.descriptors_count_max);
  families.begin_process(MetricType::Gauge, "start_time_seconds",
                         "When the process started, in seconds since 1970.");
  families.value(usage.started_at);
}

// Requests by route and detail, with the addresses of one text added up.
using ByRoute = std::map<std::string_view, CountByDetail>;

void write_requests(Families& families, const ByRoute& by_route) {
  families.begin(MetricType::Counter, "requests_total",
                 "Requests answered, by route and by how the answer came to be.");
  std::map<std::pair<std::string_view, std::size_t>, std::uint64_t> saved;
  for (const auto& [route, counts] : by_route) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      const auto detail = static_cast<http::Detail>(i);
      families.value(counts[i], {{"route", std::string(route)},
                                 {"api", std::string(api_of(route))},
                                 {"result", text_of(detail)}});
      if (detail != http::Detail::fetched && detail != http::Detail::passed &&
          detail != http::Detail::limited)
        saved[{resource_of(route), i}] += counts[i];
    }
  }
  families.begin(MetricType::Counter, "quota_saved_total",
                 "Requests that GitHub did not count, by budget and by why.");
  for (const auto& [key, count] : saved)
    families.value(count, {{"resource", std::string(key.first)},
                           {"reason", text_of(static_cast<http::Detail>(key.second))}});
}

template <class Shards>
void write_statuses(Families& families, const Shards& shards, std::uint64_t answered_sum) {
  families.begin(MetricType::Counter, "responses_total", "Requests answered, by status.");
  std::array<std::uint64_t, kStatusMax> by_status{};
  for (const auto& shard : shards)
    for (std::size_t status = 0; status < by_status.size(); ++status)
      by_status[status] += shard.unusual_status[status].load(std::memory_order_relaxed);
  std::uint64_t unusual_sum = 0;
  for (std::uint64_t count : by_status) unusual_sum += count;
  // Counted at another moment than the sum: never let it wrap around.
  by_status[200] = answered_sum > unusual_sum ? answered_sum - unusual_sum : 0;
  for (std::size_t status = 0; status < by_status.size(); ++status)
    if (by_status[status] > 0)
      families.value(by_status[status], {{"status", std::to_string(status)}});
}

template <class Shards>
void write_durations(Families& families, const Shards& shards) {
  families.begin(MetricType::Histogram, "request_duration_seconds",
                 "From the parsed request to its answer.");
  for (std::size_t detail = 0; detail < http::kDetailsCount; ++detail) {
    std::array<std::uint64_t, kBucketsCount> buckets{};
    std::uint64_t nanoseconds_sum = 0;
    for (const auto& shard : shards) {
      for (std::size_t i = 0; i < kBucketsCount; ++i)
        buckets[i] += shard.buckets[detail][i].load(std::memory_order_relaxed);
      nanoseconds_sum += shard.nanoseconds_sum[detail].load(std::memory_order_relaxed);
    }
    families.histogram(buckets, nanoseconds_sum,
                       {{"result", text_of(static_cast<http::Detail>(detail))}});
  }
}

void write_upstream(Families& families,
                    const std::map<std::pair<int, std::size_t>, std::uint64_t>& by_status) {
  families.begin(MetricType::Counter, "upstream_requests_total",
                 "Requests to the upstream, by status and budget. Status 0: there was no answer.");
  for (const auto& [key, count] : by_status)
    families.value(count, {{"status", std::to_string(key.first)},
                           {"resource", std::string(kResources[key.second])}});
}

void write_budgets(Families& families, std::span<const Budget> budgets) {
  const auto write = [&](std::string_view name, std::string_view help,
                         std::uint64_t Budget::*member) {
    families.begin(MetricType::Gauge, name, help);
    for (const Budget& budget : budgets)
      if (budget.limit > 0)
        families.value(budget.*member, {{"resource", std::string(budget.resource)}});
  };
  write("ratelimit_limit", "The budget's size, as the last answer told it.", &Budget::limit);
  write("ratelimit_remaining", "What was left of the budget, as the last answer told it.",
        &Budget::remaining);
  write("ratelimit_reset_timestamp_seconds", "When the budget is filled again.", &Budget::reset_at);
}

}  // namespace

std::string Metrics::render(const Snapshot& snapshot) const {
  Families families;
  ByRoute by_route;
  std::uint64_t answered_sum = 0;
  for (std::size_t slot = 0; slot < kRouteSlotsCount; ++slot) {
    const std::string_view name = route_name(slot);
    if (name.empty()) continue;
    for (std::size_t detail = 0; detail < http::kDetailsCount; ++detail) {
      const std::uint64_t count = answered_count(slot, detail);
      if (count == 0) continue;
      by_route[name][detail] += count;
      answered_sum += count;
    }
  }
  write_requests(families, by_route);

  write_statuses(families, *shards_, answered_sum);
  write_durations(families, *shards_);
  {
    const std::lock_guard lock(cold_->mutex);
    write_upstream(families, cold_->upstream_by_status);
    families.begin(MetricType::Histogram, "upstream_duration_seconds",
                   "From a request to the upstream to its answer.");
    families.histogram(cold_->upstream_buckets, cold_->upstream_nanoseconds);
    write_budgets(families, cold_->budgets);
    families.begin(MetricType::Counter, "requests_refused_total",
                   "Requests turned away, by reason.");
    for (const auto& [reason, count] : cold_->refused_by_reason)
      families.value(count, {{"reason", reason}});
    families.begin(MetricType::Counter, "etag_model_mismatch_total",
                   "Answers whose ETag was not the computed one: GitHub's rule may have changed.");
    families.value(cold_->etag_unexpected);
  }
  write_snapshot(families, snapshot);
  if (snapshot.webhooks) write_webhooks(families, *snapshot.webhooks);
  if (snapshot.mesh) write_mesh(families, *snapshot.mesh);
  write_process(families);
  return families.text();
}

}  // namespace ghmesh::node
