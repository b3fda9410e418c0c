// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "api/crew_link.h"

#include <stdlib.h>

#include <filesystem>

#include "api/upstream_of.h"
#include "node/lead/shared_store.h"

namespace ghmesh::api {
namespace {

namespace fs = std::filesystem;

// As the daemon's own, where nobody says otherwise.
constexpr std::uint64_t kUpstreamConcurrent = 90;
constexpr std::uint64_t kConnections = 10'000;
constexpr std::uint64_t kMeshMemory = 64 << 20;
// Of GitHub's answers in the memory of the process that leads; values of programs have a tier of their own.
constexpr std::uint64_t kAnswersMemory = 32 << 20;

node::Config config_of(const SwarmOptions& swarm, const Places& places) {
  node::Config config;
  config.upstream = upstream_of({});
  config.upstream_concurrent = kUpstreamConcurrent;
  config.cache_dir = places.directory;
  config.state_dir = places.state_directory;
  config.disk_size = 1ull << 30;
  config.memory_size = kAnswersMemory;
  config.threads = 1;
  config.connections = kConnections;
  config.mesh_memory = kMeshMemory;
  if (!swarm.is_on) return config;
  config.p2p_listen = swarm.listen;
  config.peers = swarm.peers;
  config.mdns = swarm.discovers_locally;
  config.peer_directory = swarm.peer_directory;
  return config;
}

}  // namespace

CrewLink::CrewLink(const SwarmOptions& swarm, std::optional<node::SwarmMembership> membership,
                   const Places& places, const std::shared_ptr<library::LocalCache>& local)
    : options_{.config = config_of(swarm, places),
               .rank = membership ? node::LeadRank::member : node::LeadRank::library,
               .membership = std::move(membership),
               .shared = node::shared_store_of(local)} {
  joined_ = join().release();
}

CrewLink::~CrewLink() {
  stop();
  Joined* last = joined_.load();
  if (last->fork_count == cache::fork_count()) delete last;
}

std::unique_ptr<CrewLink::Joined> CrewLink::join() const {
  auto joined = std::make_unique<Joined>();
  crew::CrewOptions options = options_;
  std::error_code error;
  if (options.config.cache_dir.empty()) {
    // Of a cache in memory, which nobody shares: neither does anybody its leader.
    std::string name = (fs::temp_directory_path() / "ghmesh-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw node::StartError("cannot make a directory in " + fs::temp_directory_path().string());
    joined->private_directory = options.config.state_dir = name;
  } else if (fs::create_directories(options.config.state_dir, error)) {
    fs::permissions(options.config.state_dir, fs::perms::owner_all, error);
  }
  joined->crew = std::make_shared<crew::Crew>(std::move(options));
  return joined;
}

std::shared_ptr<crew::Crew> CrewLink::here() {
  Joined* found = joined_.load(std::memory_order_acquire);
  if (is_stopped_) return nullptr;
  if (found->fork_count == cache::fork_count()) return found->crew;
  try {
    auto made = join();
    if (joined_.compare_exchange_strong(found, made.get())) return made.release()->crew;
    leave(*made);
    return found->crew;
  } catch (const node::StartError&) {  // logged; the next call tries again
    return nullptr;
  }
}

void CrewLink::leave(Joined& joined) {
  joined.crew->stop();
  std::error_code ignored;
  if (!joined.private_directory.empty()) fs::remove_all(joined.private_directory, ignored);
}

void CrewLink::stop() {
  if (is_stopped_.exchange(true)) return;
  Joined* here = joined_.load();
  if (here->fork_count == cache::fork_count()) leave(*here);
}

}  // namespace ghmesh::api
