// SPDX-License-Identifier: Apache-2.0 OR MIT
// A machine of a test: a cache directory with its state, what its programs share, and the crews on it.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "crew/crew.h"

namespace ghmesh::sim {

inline constexpr auto kPatience = std::chrono::seconds(20);

// What programs of one machine share, in place of a store on disk. Thread-safe.
class SharedTable {
 public:
  void adopt(const mesh::Shared& said) {
    const std::lock_guard lock(mutex_);
    said_.push_back(said);
    changed_.notify_all();
  }
  void put(const std::string& name, const mesh::Shared& said) {
    const std::lock_guard lock(mutex_);
    held_[name] = said;
  }
  std::optional<mesh::Shared> find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(std::string(name));
    return found == held_.end() ? std::nullopt : std::optional(found->second);
  }
  // That somebody said this record, of a removal its name.
  bool wait_for(const std::string& record, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] {
      for (const mesh::Shared& said : said_)
        if (*said.record == record) return true;
      return false;
    });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<mesh::Shared> said_;
  std::map<std::string, mesh::Shared> held_;
};

struct CrewSettings {
  node::LeadRank rank = node::LeadRank::member;
  std::optional<mesh::SwarmSecret> secret;
  std::vector<std::string> peers;  // multiaddrs
  std::string upstream = "https://api.github.com";
};

class Machine {
 public:
  explicit Machine(std::filesystem::path folder) : folder_(std::move(folder)) {
    for (const char* name : {"cache", "state"}) {
      std::filesystem::create_directories(folder_ / name);
      std::filesystem::permissions(folder_ / name, std::filesystem::perms::owner_all);
    }
  }

  std::unique_ptr<crew::Crew> make_crew(CrewSettings settings) {
    crew::CrewOptions options{.rank = settings.rank};
    options.config.cache_dir = (folder_ / "cache").string();
    options.config.state_dir = (folder_ / "state").string();
    options.config.upstream = settings.upstream;
    options.config.upstream_concurrent = 90;
    options.config.memory_size = 32 << 20;
    options.config.disk_size = 1 << 30;
    options.config.threads = 1;
    options.config.connections = 1'000;
    options.config.mesh_memory = 16 << 20;
    options.config.p2p_listen = {"/ip4/127.0.0.1/tcp/0"};
    options.config.peers = settings.peers;
    if (settings.secret)
      options.membership = node::SwarmMembership{.newest = *settings.secret, .previous = {}};
    options.shared = {.adopt = [this](const mesh::Shared& said) { table_.adopt(said); },
                      .find = [this](std::string_view name) { return table_.find(name); }};
    return std::make_unique<crew::Crew>(std::move(options));
  }

  SharedTable& table() { return table_; }

 private:
  const std::filesystem::path folder_;
  SharedTable table_;
};

// Where somebody listens, without /p2p.
inline std::string dialable(const crew::Crew& crew) {
  const std::string address = crew.status().leader.addresses.at(0);
  return address.substr(0, address.find("/p2p/"));
}

inline node::ShareItem item(const std::string& name, const std::string& record) {
  static std::atomic<int> count{0};
  return {.name = name,
          .said_at = read_clocks().wall + std::chrono::milliseconds(++count),
          .is_removal = record.empty(),
          .record = record.empty() ? nullptr : http::make_body(record)};
}

// For what nobody tells: it is looked at again and again.
template <class Condition>
bool wait_until(Condition is_so, std::chrono::milliseconds patience = kPatience) {
  const Instant deadline = MonotonicClock::now() + patience;
  while (!is_so()) {
    if (MonotonicClock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline bool is_in_company(const crew::Crew& crew) { return crew.status().leader.peers_count > 0; }

}  // namespace ghmesh::sim
