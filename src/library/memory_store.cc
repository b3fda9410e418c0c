// SPDX-License-Identifier: Apache-2.0 OR MIT
// Values in memory alone: the longest unused go first.
#include "cache/fork_count.h"
#include "library/store.h"

namespace ghmesh::library {
namespace {

// What an entry takes beside its bytes: nodes of two tables, and their texts.
constexpr std::uint64_t kEntryOverheadBytes = 200;

// Everything that belongs to one process: the child of a fork begins with none.
struct Table {
  struct Entry {
    std::string name;
    std::shared_ptr<const std::string> bytes;
    std::uint64_t version = 0;
  };
  const std::uint64_t fork_count = cache::fork_count();
  std::mutex mutex;
  std::list<Entry> recent_first;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name;
  std::uint64_t bytes_count = 0;
  std::uint64_t evictions_count = 0;
  std::uint64_t next_version = 1;

  static std::uint64_t bytes_of(const Entry& entry) {
    return entry.bytes->size() + entry.name.size() + kEntryOverheadBytes;
  }
  void remove(std::list<Entry>::iterator at) {
    bytes_count -= bytes_of(*at);
    by_name.erase(at->name);
    recent_first.erase(at);
  }
};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::uint64_t bytes_max) : bytes_max_(bytes_max), current_(new Table) {}
  ~MemoryStore() override {
    Table* last = current_.load();
    if (last->fork_count == cache::fork_count()) delete last;
  }

  Held find(std::string_view name) override {
    Table& table = here();
    const std::lock_guard lock(table.mutex);
    const auto at = table.by_name.find(name);
    if (at == table.by_name.end()) return {};
    table.recent_first.splice(table.recent_first.begin(), table.recent_first, at->second);
    return {
        .owner = at->second->bytes, .bytes = *at->second->bytes, .version = at->second->version};
  }

  Result<void> put(std::string_view name, std::string bytes, std::int64_t,
                   std::size_t entries_max) override {
    auto kept = std::make_shared<const std::string>(std::move(bytes));
    Table& table = here();
    const std::lock_guard lock(table.mutex);
    if (const auto at = table.by_name.find(name); at != table.by_name.end())
      table.remove(at->second);
    table.recent_first.push_front(
        {.name = std::string(name), .bytes = std::move(kept), .version = table.next_version++});
    table.by_name.emplace(table.recent_first.front().name, table.recent_first.begin());
    table.bytes_count += Table::bytes_of(table.recent_first.front());
    while (table.recent_first.size() > 1 &&
           (table.bytes_count > bytes_max_ ||
            (entries_max > 0 && table.recent_first.size() > entries_max))) {
      table.remove(std::prev(table.recent_first.end()));
      ++table.evictions_count;
    }
    return {};
  }

  void erase(std::string_view name) override {
    Table& table = here();
    const std::lock_guard lock(table.mutex);
    if (const auto at = table.by_name.find(name); at != table.by_name.end())
      table.remove(at->second);
  }

  std::size_t erase_all() override {
    Table& table = here();
    const std::lock_guard lock(table.mutex);
    const std::size_t count = table.recent_first.size();
    table.by_name.clear();
    table.recent_first.clear();
    table.bytes_count = 0;
    return count;
  }

  void for_each_name(const std::function<bool(const std::string&)>& visit) override {
    std::vector<std::string> names;
    {
      Table& table = here();
      const std::lock_guard lock(table.mutex);
      for (const Table::Entry& entry : table.recent_first) names.push_back(entry.name);
    }
    for (const std::string& name : names)
      if (!visit(name)) return;
  }

  Result<void> flush() override { return {}; }

  void fill(CacheStats& stats) override {
    Table& table = here();
    const std::lock_guard lock(table.mutex);
    stats.entries_count = table.recent_first.size();
    stats.memory_bytes = table.bytes_count;
    stats.evictions = table.evictions_count;
  }

 private:
  Table& here() {
    Table* found = current_.load(std::memory_order_acquire);
    if (found->fork_count == cache::fork_count()) return *found;
    auto made = std::make_unique<Table>();
    if (current_.compare_exchange_strong(found, made.get())) return *made.release();
    return *found;
  }

  const std::uint64_t bytes_max_;
  std::atomic<Table*> current_;
};

}  // namespace

std::shared_ptr<Store> open_memory(const LocalOptions& options) {
  return std::make_shared<MemoryStore>(options.directory.empty() ? options.disk_bytes_max
                                                                 : options.memory_bytes_max);
}

}  // namespace ghmesh::library
