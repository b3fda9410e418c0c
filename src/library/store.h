// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to library/: where values are kept. The store of a directory, shared by all of a process that use it; or
// plain memory, for one object alone.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "cache/cache.h"
#include "github/principal.h"
#include "library/local_cache.h"

namespace ghmesh::library {

// The bytes of a record, and what keeps them alive.
struct Held {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
  std::uint64_t version = 0;
  explicit operator bool() const { return owner != nullptr; }
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Held find(std::string_view name) = 0;
  virtual Result<void> put(std::string_view name, std::string bytes, std::int64_t written_at,
                           std::size_t entries_max) = 0;
  virtual void erase(std::string_view name) = 0;
  virtual std::size_t erase_all() = 0;
  // `visit` returns false to end.
  virtual void for_each_name(const std::function<bool(const std::string&)>& visit) = 0;
  virtual Result<void> flush() = 0;
  virtual void fill(CacheStats& stats) = 0;
};

// Errors: store_unsafe; store_failed where the directory cannot be used: take a memory store then.
Result<std::shared_ptr<Store>> open_directory(const LocalOptions& options);
std::shared_ptr<Store> open_memory(const LocalOptions& options);

}  // namespace ghmesh::library
