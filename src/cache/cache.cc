// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/cache.h"

#include <atomic>

#include "base/limits.h"
#include "base/log.h"
#include "cache/candidates.h"
#include "cache/directory.h"
#include "cache/lmdb_store.h"
#include "cache/memory_tier.h"
#include "cache/principals.h"
#include "cache/writer.h"

namespace ghmesh::cache {
namespace {

struct Counters {
  std::atomic<std::uint64_t> memory_hits{0}, disk_hits{0}, misses{0}, puts{0};
  std::atomic<std::uint64_t> seal_failures{0}, read_faults{0}, quarantines{0};
};

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// Everything that belongs to one process. The child of a fork makes one of its own.
struct Core {
  explicit Core(const Options& options) : memory(options.memory_bytes_max) {}

  const std::uint64_t fork_count = cache::fork_count();
  Counters counters;
  MemoryTier memory;
  Principals principals;
  Holders holders;
  std::shared_ptr<LmdbStore> store;  // null: memory only
  std::unique_ptr<Writer> writer;    // goes first: it uses all of the above
};

Result<void> open_store(const Options& options, Core& core) {
  auto prepared = prepare_directory(options.directory);
  if (!prepared) return prepared;
  auto opened =
      LmdbStore::open({.directory = options.directory, .disk_bytes_max = options.disk_bytes_max});
  if (!opened) return opened.error();
  core.counters.quarantines = opened->is_quarantined;
  core.store = std::move(opened->store);
  core.writer = std::make_unique<Writer>(
      core.store, core.memory,
      WriterOptions{.disk_bytes_max = core.store->disk_bytes_max(), .clock = options.clock});
  return {};
}

Result<std::unique_ptr<Core>> make_core(const Options& options) {
  auto core = std::make_unique<Core>(options);
  if (options.directory.empty()) return core;
  auto opened = open_store(options, *core);
  if (!opened && opened.error() == Errc::store_unsafe) return opened.error();
  if (!opened)
    log::warn("store_unusable", {{"directory", options.directory.string()},
                                 {"error", opened.error()},
                                 {"instead", "memory only"}});
  return core;
}

Result<void> flush_if_needed(Core& core) {
  return core.writer->is_idle() ? Result<void>() : core.writer->flush();
}

}  // namespace

struct Cache::State {
  Options options;
  std::optional<CandidateSeal> candidates;
  std::atomic<Core*> current{nullptr};

  // The core of this process: after a fork the child's first call makes it. The parent's is left alone, not even freed:
  // its locks may be held by threads that the child does not have.
  Core& here() {
    Core* found = current.load(std::memory_order_acquire);
    if (found->fork_count == cache::fork_count()) return *found;
    auto made = make_core(options);
    auto fresh = made ? std::move(*made) : std::make_unique<Core>(options);
    if (current.compare_exchange_strong(found, fresh.get())) return *fresh.release();
    return *found;
  }

  ~State() {
    Core* last = current.load();
    if (last != nullptr && last->fork_count == cache::fork_count()) delete last;
  }

  EntryRef find_in_memory(Core& core, const MemoryKey& key) {
    const MemoryTier::Found found = core.memory.find(key);
    if (!found.entry || !core.store) return found.entry;
    if (core.store->generations().mark(found.origin.row) == found.origin.mark) return found.entry;
    // Somebody wrote to this row's slot. Unless what we hold has yet to be written, the disk knows better.
    if (core.writer->find(key).entry == found.entry) return found.entry;
    core.memory.erase_version(key, found.entry.get());
    return nullptr;
  }

  EntryRef find_on_disk(Core& core, const MemoryKey& key, const RowKey& row,
                        const crypto::Secret& seal_key) {
    const Writer::Pending pending = core.writer->find(key);
    if (pending.is_pending) return pending.entry;
    const std::uint64_t mark = core.store->generations().mark(row);
    auto read = core.store->read_row(row);
    if (!read) {
      count(core.counters.read_faults);
      return nullptr;
    }
    if (!read->has_value()) return nullptr;
    EntryRef entry = open_entry(core, row, **read, seal_key);
    if (!entry) {
      count(core.counters.seal_failures);
      return nullptr;
    }
    core.memory.put_if_absent(key, entry, {.row = row, .mark = mark});
    return entry;
  }

  EntryRef open_entry(Core& core, const RowKey& row, const LmdbStore::RowAndBody& read,
                      const crypto::Secret& seal_key) {
    auto record = open_row(row, read.row, seal_key);
    if (!record) return nullptr;
    if (record->body_key.empty()) return finish_entry(std::move(record->entry));
    if (!read.body) return nullptr;
    auto body = open_body(*read.body, record->body_key);
    if (!body) return nullptr;
    record->entry.body = http::make_body(std::move(*body));
    EntryRef entry = finish_entry(std::move(record->entry));
    const auto prefix = parse_prefix(read.row);
    core.writer->rows().bodies().remember(
        entry->body_digest, *prefix->body_id,
        std::make_shared<const crypto::Secret>(std::move(record->body_key)), *read.body);
    return entry;
  }

  EntryRef find(Core& core, const github::Principal& principal, const MemoryKey& memory_key,
                std::string_view key) {
    if (EntryRef held = find_in_memory(core, memory_key)) {
      count(core.counters.memory_hits);
      return held;
    }
    EntryRef entry;
    if (core.store)
      entry = find_on_disk(core, memory_key, row_key(principal, key), principal.seal_key);
    count(entry ? core.counters.disk_hits : core.counters.misses);
    if (entry) meet(core, principal, memory_key);
    return entry;
  }

  void meet(Core& core, const github::Principal& principal, const MemoryKey& memory_key) {
    if (options.candidates == Candidates::off) return;
    core.principals.keep(principal);
    core.holders.add(memory_key);
  }

  Result<void> put(const github::Principal& principal, std::string_view key, EntryRef entry,
                   const Named* named);

  EntryRef find_candidate_on_disk(Core& core, const github::Principal& asking,
                                  const MemoryKey& asked, std::string_view key) {
    const RowKey at = candidates->locate(key);
    auto sealed = core.store->read(Table::candidates, at);
    if (!sealed || !sealed->has_value()) return nullptr;
    const auto candidate = candidates->open(at, **sealed);
    if (!candidate || candidate->principal == asking.id) return nullptr;
    const MemoryKey memory_key{.principal = candidate->principal, .key_hash = asked.key_hash};
    if (EntryRef held = find_in_memory(core, memory_key)) return held;
    return find_on_disk(core, memory_key, candidate->row, candidate->seal_key);
  }
};

Cache::Cache(std::unique_ptr<State> state) : state_(std::move(state)) {}
Cache::~Cache() = default;

Result<std::unique_ptr<Cache>> Cache::open(Options options) {
  if (!options.clock) options.clock = [] { return read_clocks().wall; };
  auto core = make_core(options);
  if (!core) return core.error();
  auto state = std::make_unique<State>();
  if (options.candidates == Candidates::disk && !options.local_secret.empty())
    state->candidates.emplace(options.local_secret);
  state->options = std::move(options);
  state->current = core->release();
  return std::unique_ptr<Cache>(new Cache(std::move(state)));
}

EntryRef Cache::find(const github::Principal& principal, std::string_view key) {
  return state_->find(state_->here(), principal, memory_key(principal.id, key), key);
}

Result<void> Cache::put(const github::Principal& principal, std::string_view key, EntryRef entry) {
  return state_->put(principal, key, std::move(entry), nullptr);
}

Result<void> Cache::put_named(const github::Principal& principal, std::string_view key,
                              EntryRef entry, Named named) {
  return state_->put(principal, key, std::move(entry), &named);
}

Result<void> Cache::for_each_name(const github::Principal& principal, const VisitName& visit) {
  Core& core = state_->here();
  if (!core.store) return {};
  auto flushed = flush_if_needed(core);
  if (!flushed) return flushed;
  const PartitionTag tag = partition_tag(principal);
  std::optional<RowKey> after;
  for (;;) {
    constexpr std::size_t kBatch = 1024;
    auto names = core.store->names_after(after, kBatch);
    if (!names) return names.error();
    if (names->empty()) return {};
    after = names->back().row;
    for (const NamedRow& row : *names) {
      const auto name = open_name(row, tag, principal);
      if (name && !visit(name->key, name->written_at)) return {};
    }
  }
}

Result<std::uint64_t> Cache::names_count(const github::Principal& principal) {
  Core& core = state_->here();
  if (!core.store) return std::uint64_t{0};
  auto flushed = flush_if_needed(core);
  if (!flushed) return flushed.error();
  return core.store->names_count(partition_tag(principal));
}

Result<std::size_t> Cache::erase_named(const github::Principal& principal) {
  Core& core = state_->here();
  if (!core.store) return std::size_t{0};
  auto erased = core.writer->erase_partition(core.principals.keep(principal));
  core.memory.clear();  // also what was put while the disk worked, and is gone there
  return erased;
}

Result<void> Cache::State::put(const github::Principal& principal, std::string_view key,
                               EntryRef entry, const Named* named) {
  if (entry->body->size() > kEntryBodyBytesMax) return Errc::too_large;
  Core& core = here();
  count(core.counters.puts);
  const MemoryKey at = memory_key(principal.id, key);
  meet(core, principal, at);
  const bool is_durable = options.durability == Durability::durable;
  if (!core.store) {
    core.memory.put(at, std::move(entry), {});
    return is_durable ? Result<void>(Errc::store_failed) : Result<void>();
  }
  Writer::Put put{.key = at,
                  .row = row_key(principal, key),
                  .entry = entry,
                  .principal = core.principals.keep(principal)};
  if (named) {
    put.name = Name{.key = std::string(key), .written_at = named->written_at};
    put.names_max = named->names_max;
  }
  if (candidates && !named) {
    const RowKey candidate_at = candidates->locate(key);
    put.candidate = CandidateRow{
        .at = candidate_at,
        .sealed = candidates->seal(
            candidate_at,
            {.principal = principal.id, .row = put.row, .seal_key = principal.seal_key})};
  }
  core.memory.put(at, std::move(entry),
                  {.row = put.row, .mark = core.store->generations().mark(put.row)});
  return core.writer->put(std::move(put), is_durable ? Writer::Wait::until_synced
                                          : named    ? Writer::Wait::for_room
                                                     : Writer::Wait::none);
}

EntryRef Cache::find_candidate(const github::Principal& asking, std::string_view key) {
  if (state_->options.candidates == Candidates::off) return nullptr;
  Core& core = state_->here();
  const MemoryKey asked = memory_key(asking.id, key);
  for (const PrincipalId& holder : core.holders.of(asked.key_hash)) {
    const PrincipalRef principal = holder == asking.id ? nullptr : core.principals.find(holder);
    if (!principal) continue;
    const MemoryKey at{.principal = holder, .key_hash = asked.key_hash};
    if (EntryRef held = state_->find_in_memory(core, at)) return held;
    if (!core.store) continue;
    if (EntryRef entry =
            state_->find_on_disk(core, at, row_key(*principal, key), principal->seal_key))
      return entry;
  }
  if (!core.store || !state_->candidates) return nullptr;
  return state_->find_candidate_on_disk(core, asking, asked, key);
}

void Cache::erase(const github::Principal& principal, std::string_view key) {
  Core& core = state_->here();
  const MemoryKey at = memory_key(principal.id, key);
  // First the queue, which lookups ask before the disk; then what they would find in memory.
  if (core.store) core.writer->erase(at, row_key(principal, key));
  core.memory.erase(at);
}

void Cache::erase_all() {
  Core& core = state_->here();
  core.holders.clear();
  if (core.store) {
    auto erased = core.writer->erase_all();
    if (!erased) log::warn("store_erase_failed", {{"error", erased.error()}});
  }
  core.memory.clear();
}

Result<void> Cache::flush() {
  Core& core = state_->here();
  return core.store ? core.writer->flush() : Result<void>();
}

Stats Cache::stats() const {
  Core& core = state_->here();
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  Stats stats{.memory_entries_count = core.memory.entries_count(),
              .memory_bytes = core.memory.bytes(),
              .memory_hits = value(core.counters.memory_hits),
              .disk_hits = value(core.counters.disk_hits),
              .misses = value(core.counters.misses),
              .puts = value(core.counters.puts),
              .evictions_memory = core.memory.evictions_count(),
              .seal_failures = value(core.counters.seal_failures),
              .store_faults = value(core.counters.read_faults),
              .quarantines = value(core.counters.quarantines),
              .is_on_disk = core.store != nullptr};
  if (!core.store) return stats;
  const LmdbStore::Usage usage = core.store->usage();
  stats.entries_count = usage.rows_count;
  stats.disk_bytes = usage.used_bytes;
  stats.puts_dropped = value(core.writer->stats().dropped_count);
  stats.evictions_disk = value(core.writer->stats().evicted_count);
  stats.store_faults += value(core.writer->stats().faults_count);
  return stats;
}

}  // namespace ghmesh::cache
