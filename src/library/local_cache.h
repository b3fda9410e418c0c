// SPDX-License-Identifier: Apache-2.0 OR MIT
// LocalCache: the values of programs in one directory, over the same store that the daemon keeps its answers in; or in
// memory, for one object alone.
//
// Thread-safe. Two of one directory in a process share one store, and see each other at once; processes see each
// other's commits. After fork() the child goes on with a store of its own opening, and where there is none, with empty
// memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ghmesh/cache.h"
#include "library/record.h"

namespace ghmesh::library {

struct LocalOptions {
  std::filesystem::path directory;  // empty: memory only
  std::filesystem::path state_directory;
  bool is_durable = false;
  std::int64_t default_ttl = 300'000;  // milliseconds
  std::size_t entries_max = 0;
  std::uint64_t disk_bytes_max = 1ull << 30;
  std::uint64_t memory_bytes_max = 32ull << 20;
  std::function<std::int64_t()> clock;  // milliseconds since 1970; empty: the system's
};

enum class Change { put, removed };

class LocalCache {
 public:
  // Errors: store_unsafe. A store that cannot be used otherwise leaves one in memory.
  static Result<std::unique_ptr<LocalCache>> open(LocalOptions options);
  ~LocalCache();

  std::optional<Value> get(const Key& key, std::string_view validation_fields) {
    return get_named(key.text(), validation_fields);
  }
  std::optional<Value> get_stale(const Key& key) { return get_stale_named(key.text()); }
  // By the text of a key.
  std::optional<Value> get_named(std::string_view name, std::string_view validation_fields);
  std::optional<Value> get_stale_named(std::string_view name);
  // Errors: too_large; store_failed, store_full, timed_out where durable.
  Result<void> put(const Key& key, std::string_view data, const PutOptions& options) {
    return put_named(key.text(), key.operation(), data, options);
  }
  Result<void> put_named(std::string_view name, std::string_view operation, std::string_view data,
                         const PutOptions& options);
  bool invalidate(const Key& key) { return invalidate_named(key.text()); }
  bool invalidate_named(std::string_view name);
  std::size_t invalidate_prefix(std::string_view prefix);
  std::size_t clear();
  void for_each(const std::function<bool(const Key&, const Value&)>& visit);
  Result<void> flush();
  CacheStats stats();

  // --- the swarm ---
  // Called after what this process puts and removes itself, on its thread, and must be quick. Once, before any other
  // call.
  using OnChange = std::function<void(const Record&, Change)>;
  void set_on_change(OnChange on_change);
  // What a member of the swarm put, if it is newer than what is held. False: it is not, or cannot be kept.
  bool adopt(const Record& record);
  // From elsewhere, by this user's own wish, if it is newer than what is held; not told to the swarm.
  bool import(const Record& record);
  // What it removed, if what is held was written before.
  bool adopt_removal(std::string_view name, std::int64_t written_at);
  // By the text of a key, fresh or not.
  std::optional<Value> find(std::string_view name);

 private:
  struct State;
  explicit LocalCache(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ghmesh::library

namespace ghmesh {

// A value is an entry of the store, whose body is its record.
struct Value::Impl {
  std::shared_ptr<const void> owner;  // keeps the views alive
  library::Record record;
  std::uint64_t version = 0;
};

}  // namespace ghmesh
