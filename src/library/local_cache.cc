// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/local_cache.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "cache/fork_count.h"
#include "library/key.h"
#include "library/store.h"
#include "library/validation.h"

namespace ghmesh::library {
namespace {

std::int64_t system_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Counters {
  std::atomic<std::uint64_t> hits{0}, peer_hits{0}, misses{0}, expirations{0}, puts{0},
      stale_hits{0};
};
void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

// Whoever compares what is held with what comes, and then writes, does so alone for its name. The child of a fork has
// its own: somebody else may have held the parent's.
struct Turns {
  const std::uint64_t fork_count = cache::fork_count();
  std::array<std::mutex, 64> mutexes;
  std::mutex& of(std::string_view name) {
    return mutexes[std::hash<std::string_view>()(name) % mutexes.size()];
  }
};

}  // namespace

struct LocalCache::State {
  LocalOptions options;
  std::shared_ptr<Store> store;
  OnChange on_change;
  Counters counters;
  std::atomic<Turns*> turns{new Turns};

  ~State() {
    Turns* last = turns.load();
    if (last->fork_count == cache::fork_count()) delete last;
  }

  Turns& turns_here() {
    Turns* found = turns.load(std::memory_order_acquire);
    if (found->fork_count == cache::fork_count()) return *found;
    auto made = std::make_unique<Turns>();
    if (turns.compare_exchange_strong(found, made.get())) return *made.release();
    return *found;
  }

  std::optional<Value> find(std::string_view name) const {
    Held held = store->find(name);
    if (!held) return std::nullopt;
    const auto record = parse_record(held.bytes);
    if (!record || record->name != name) return std::nullopt;
    return Value(std::make_shared<const Value::Impl>(
        Value::Impl{.owner = std::move(held.owner), .record = *record, .version = held.version}));
  }

  Result<void> put(const Record& record) {
    return store->put(record.name, write_record(record), record.written_at, options.entries_max);
  }
  void tell(const Record& record, Change change) const {
    if (on_change) on_change(record, change);
  }
};

LocalCache::LocalCache(std::unique_ptr<State> state) : state_(std::move(state)) {}
LocalCache::~LocalCache() = default;

Result<std::unique_ptr<LocalCache>> LocalCache::open(LocalOptions options) {
  if (!options.clock) options.clock = system_milliseconds;
  auto state = std::make_unique<State>();
  if (!options.directory.empty()) {
    auto opened = open_directory(options);
    if (!opened && opened.error() == Errc::store_unsafe) return opened.error();
    if (opened) state->store = *std::move(opened);
    else
      log::warn("store_unusable", {{"directory", options.directory.string()},
                                   {"error", opened.error()},
                                   {"instead", "memory only"}});
  }
  if (!state->store) state->store = open_memory(options);
  state->options = std::move(options);
  return std::unique_ptr<LocalCache>(new LocalCache(std::move(state)));
}

void LocalCache::set_on_change(OnChange on_change) { state_->on_change = std::move(on_change); }

std::optional<Value> LocalCache::find(std::string_view name) { return state_->find(name); }

std::optional<Value> LocalCache::get_named(std::string_view name,
                                           std::string_view validation_fields) {
  Counters& counters = state_->counters;
  auto value = state_->find(name);
  if (!value) {
    count(counters.misses);
    return std::nullopt;
  }
  const Record& record = value->impl()->record;
  const bool is_valid = validation_fields.empty() || record.validation_cid.empty() ||
                        record.validation_cid == validation_cid_of(validation_fields);
  if (!is_valid || !record.is_fresh(state_->options.clock())) {
    count(counters.expirations);
    count(counters.misses);
    return std::nullopt;
  }
  count(counters.hits);
  if (record.is_of_peer) count(counters.peer_hits);
  return value;
}

std::optional<Value> LocalCache::get_stale_named(std::string_view name) {
  auto value = state_->find(name);
  if (value) count(state_->counters.stale_hits);
  return value;
}

Result<void> LocalCache::put_named(std::string_view name, std::string_view operation,
                                   std::string_view data, const PutOptions& options) {
  if (name.size() > kKeyBytesMax || data.size() > kDataBytesMax) return Errc::too_large;
  const std::string fields = options.validation_fields ? *options.validation_fields
                                                       : validation_fields_of(operation, data);
  const std::string cid = fields.empty() ? std::string() : validation_cid_of(fields);
  const std::int64_t ttl = options.ttl ? options.ttl->count() : state_->options.default_ttl;
  const Record record{.name = name,
                      .data = data,
                      .validation_fields = cid.empty() ? std::string_view() : fields,
                      .validation_cid = cid,
                      .written_at = state_->options.clock(),
                      .ttl = std::clamp<std::int64_t>(ttl, 0, kTtlMax)};
  Result<void> done;
  {
    const std::lock_guard turn(state_->turns_here().of(record.name));
    done = state_->put(record);
  }
  count(state_->counters.puts);
  if (done || done.error() != Errc::too_large) state_->tell(record, Change::put);
  return done;
}

bool LocalCache::invalidate_named(std::string_view name) {
  const bool was_there = state_->find(name).has_value();
  state_->store->erase(name);
  state_->tell({.name = name, .written_at = state_->options.clock()}, Change::removed);
  return was_there;
}

std::size_t LocalCache::invalidate_prefix(std::string_view prefix) {
  std::vector<std::string> names;
  state_->store->for_each_name([&](const std::string& name) {
    const auto key = parse_key(name);
    if (key && key->joined().starts_with(prefix)) names.push_back(name);
    return true;
  });
  for (const std::string& name : names) {
    state_->store->erase(name);
    state_->tell({.name = name, .written_at = state_->options.clock()}, Change::removed);
  }
  return names.size();
}

std::size_t LocalCache::clear() { return state_->store->erase_all(); }

void LocalCache::for_each(const std::function<bool(const Key&, const Value&)>& visit) {
  state_->store->for_each_name([&](const std::string& name) {
    const auto key = parse_key(name);
    const auto value = key ? state_->find(name) : std::nullopt;
    return !value || visit(*key, *value);
  });
}

Result<void> LocalCache::flush() { return state_->store->flush(); }

bool LocalCache::adopt(const Record& record) {
  Record adopted = record;
  adopted.is_of_peer = true;
  return import(adopted);
}

bool LocalCache::import(const Record& record) {
  if (!parse_key(record.name)) return false;
  const std::lock_guard turn(state_->turns_here().of(record.name));
  const auto held = state_->find(record.name);
  if (held && held->impl()->record.written_at >= record.written_at) return false;
  return state_->put(record).has_value();
}

bool LocalCache::adopt_removal(std::string_view name, std::int64_t written_at) {
  const std::lock_guard turn(state_->turns_here().of(name));
  const auto held = state_->find(name);
  if (!held || held->impl()->record.written_at > written_at) return false;
  state_->store->erase(name);
  return true;
}

CacheStats LocalCache::stats() {
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  const Counters& counters = state_->counters;
  CacheStats stats{.hits = value(counters.hits),
                   .peer_hits = value(counters.peer_hits),
                   .misses = value(counters.misses),
                   .expirations = value(counters.expirations),
                   .puts = value(counters.puts),
                   .stale_hits = value(counters.stale_hits)};
  state_->store->fill(stats);
  return stats;
}

}  // namespace ghmesh::library
