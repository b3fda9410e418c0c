// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "api/cache_impl.h"

#include "api/crew_link.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace ghmesh {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string home() {
  std::string from_environment = environment("HOME");
  if (!from_environment.empty()) return from_environment;
  const passwd* user = ::getpwuid(::geteuid());
  return user && user->pw_dir ? user->pw_dir : "/";
}

// As the daemon resolves them (docs/CONFIGURATION.md).
std::string place(const std::string& given, const char* ours, const char* base,
                  const char* below_home) {
  if (!given.empty()) return given;
  if (std::string named = environment(ours); !named.empty()) return named;
  const std::string root = environment(base);
  return (root.empty() ? home() + below_home : root) + "/ghmesh";
}

api::Places places_of(const CacheOptions& options) {
  api::Places places{.state_directory = place(options.state_directory, "GHMESH_STATE_DIR",
                                              "XDG_STATE_HOME", "/.local/state")};
  if (options.is_persistent)
    places.directory = place(options.directory, "GHMESH_CACHE_DIR", "XDG_CACHE_HOME", "/.cache");
  return places;
}

std::shared_ptr<library::LocalCache> open_local(const CacheOptions& options,
                                                const api::Places& places) {
  auto opened = library::LocalCache::open({.directory = places.directory,
                                           .state_directory = places.state_directory,
                                           .is_durable = options.is_durable,
                                           .default_ttl = options.default_ttl.count(),
                                           .entries_max = options.entries_max,
                                           .disk_bytes_max = options.disk_bytes_max,
                                           .memory_bytes_max = options.memory_bytes_max});
  if (!opened)
    throw std::system_error(make_error_code(Failure::store_unsafe), opened.error().message());
  return *std::move(opened);
}

}  // namespace

Cache::Impl::Impl(CacheOptions options)
    : places(places_of(options)),
      swarm_options(std::move(options.swarm)),
      local(open_local(options, places)),
      swarm(api::open_swarm(swarm_options, places, local)),
      process_(new Process) {
  if (swarm)
    local->set_on_change([this](const library::Record& record, library::Change change) {
      swarm->tell(record, change);
    });
}

Cache::Impl::~Impl() {
  close();
  Process* last = process_.load();
  if (last->fork_count == cache::fork_count()) delete last;
}

Cache::Impl::Process& Cache::Impl::process() {
  Process* found = process_.load(std::memory_order_acquire);
  if (found->fork_count == cache::fork_count()) return *found;
  auto made = std::make_unique<Process>();
  if (process_.compare_exchange_strong(found, made.get())) return *made.release();
  return *found;
}

std::shared_ptr<api::CrewLink> Cache::Impl::link() {
  if (swarm) return swarm->link();
  if (auto made = plain_link_.load()) return made;
  try {
    auto made = std::make_shared<api::CrewLink>(SwarmOptions(), std::nullopt, places, local);
    std::shared_ptr<api::CrewLink> before;
    if (plain_link_.compare_exchange_strong(before, made)) return made;
    made->stop();
    return before;
  } catch (const node::StartError&) {  // logged
    return nullptr;
  }
}

Cache::Impl::Use::Use(Impl& impl) : process_(impl.process()) {
  process_.users_count.fetch_add(1);
  is_open_ = !impl.is_closed.load();
}

Cache::Impl::Use::~Use() { process_.users_count.fetch_sub(1); }

void Cache::Impl::close() {
  if (is_closed.exchange(true)) return;
  Process& here = process();
  if (swarm) swarm->stop();
  if (const auto plain = plain_link_.exchange(nullptr)) plain->stop();
  here.worker.stop();
  // Calls are short, or wait for a deadline of their own.
  while (here.users_count.load() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  static_cast<void>(local->flush().has_value());  // what the store says of it stands in its log
  swarm.reset();
  local.reset();
}

}  // namespace ghmesh
