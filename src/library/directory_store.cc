// SPDX-License-Identifier: Apache-2.0 OR MIT
// Values in the store of a directory, and the table of those stores that a process shares.
#include <map>

#include "cache/fork_count.h"
#include "cache/secret_file.h"
#include "library/store.h"

namespace ghmesh::library {
namespace {

class DirectoryStore final : public Store {
 public:
  DirectoryStore(std::unique_ptr<cache::Cache> cache, github::Principal principal)
      : cache_(std::move(cache)), principal_(std::move(principal)) {}

  Held find(std::string_view name) override {
    cache::EntryRef entry = cache_->find(principal_, name);
    if (!entry) return {};
    const std::string_view bytes = *entry->body;
    const auto version = load_big_endian<std::uint64_t>(ByteView(entry->body_digest).first(8));
    return {.owner = std::move(entry), .bytes = bytes, .version = version};
  }

  Result<void> put(std::string_view name, std::string bytes, std::int64_t written_at,
                   std::size_t entries_max) override {
    cache::Entry entry{.status = 200, .headers = {}, .body = http::make_body(std::move(bytes))};
    return cache_->put_named(principal_, name, cache::finish_entry(std::move(entry)),
                             {.written_at = written_at, .names_max = entries_max});
  }

  void erase(std::string_view name) override { cache_->erase(principal_, name); }

  std::size_t erase_all() override {
    auto erased = cache_->erase_named(principal_);
    return erased ? *erased : 0;
  }

  void for_each_name(const std::function<bool(const std::string&)>& visit) override {
    const auto visit_name = [&](const std::string& name, std::int64_t) { return visit(name); };
    // A fault of the store is counted there, and lists nothing more.
    static_cast<void>(cache_->for_each_name(principal_, visit_name).has_value());
  }

  Result<void> flush() override { return cache_->flush(); }

  void fill(CacheStats& stats) override {
    if (auto count = cache_->names_count(principal_)) stats.entries_count = *count;
    const cache::Stats all = cache_->stats();
    stats.disk_bytes = all.disk_bytes;
    stats.memory_bytes = all.memory_bytes;
    stats.evictions = all.evictions_disk;
    stats.is_on_disk = all.is_on_disk;
  }

 private:
  std::unique_ptr<cache::Cache> cache_;
  const github::Principal principal_;
};

// The stores of this process, by directory. The child of a fork begins a table of its own: somebody else may have held
// the parent's lock at that moment.
struct Registry {
  const std::uint64_t fork_count = cache::fork_count();
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Store>> stores;

  static Registry& of_process() {
    static std::atomic<Registry*> current{nullptr};
    for (;;) {
      Registry* found = current.load(std::memory_order_acquire);
      if (found && found->fork_count == cache::fork_count()) return *found;
      auto made = std::make_unique<Registry>();
      // Never freed: whoever ends last may still look into it, and the parent's is not ours.
      if (current.compare_exchange_strong(found, made.get())) return *made.release();
    }
  }
};

Result<std::shared_ptr<Store>> open_anew(const LocalOptions& options) {
  auto secret = cache::load_or_create_secret(options.state_directory / "library.key");
  if (!secret) return secret.error();
  auto opened = cache::Cache::open(
      {.directory = options.directory,
       .durability = options.is_durable ? cache::Durability::durable : cache::Durability::fast,
       .disk_bytes_max = options.disk_bytes_max,
       .memory_bytes_max = options.memory_bytes_max,
       .candidates = cache::Candidates::off});
  if (!opened) return opened.error();
  if (!(*opened)->stats().is_on_disk) return Errc::store_failed;
  github::Principal principal = github::derive_group_principal(*secret, as_bytes("library 1"));
  return std::shared_ptr<Store>(
      std::make_shared<DirectoryStore>(*std::move(opened), std::move(principal)));
}

}  // namespace

Result<std::shared_ptr<Store>> open_directory(const LocalOptions& options) {
  Registry& registry = Registry::of_process();
  std::error_code error;
  const auto directory = std::filesystem::weakly_canonical(options.directory, error);
  const std::string name = (error ? options.directory : directory).string() + '\n' +
                           options.state_directory.string() +
                           (options.is_durable ? "\ndurable" : "");
  const std::lock_guard lock(registry.mutex);
  if (auto known = registry.stores[name].lock()) return known;
  auto opened = open_anew(options);
  if (opened) registry.stores[name] = *opened;
  return opened;
}

}  // namespace ghmesh::library
