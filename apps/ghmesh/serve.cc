// SPDX-License-Identifier: Apache-2.0 OR MIT
// The daemon's program, ghmesh-serve: reads the configuration, starts a node, and ends it as a daemon should.
//
//   SIGTERM, SIGINT   the first lets exchanges finish (at most node::kDrainDeadline), the second ends at once
//   SIGHUP, SIGPIPE   ignored: there is nothing to reload, and clients hang up all the time
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "command.h"
#include "node/flags.h"
#include "node/node.h"
#include "node/version.h"
#include "notify.h"

namespace ghmesh::app {
namespace {

// After the second signal the store is still closed properly; it takes milliseconds. A third signal, or this, does
// without.
constexpr time_t kCloseSecondsMax = 5;

// Every connection takes a descriptor, and so does the one to GitHub behind it; the usual soft limit of 1024 exists for
// select(2).
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// Waits for signals on a thread of its own, so that no handler interrupts anything. Blocks them for all threads that
// are started later: construct it first.
class StopSignals {
 public:
  // While one lives, signals reach the node; afterwards they only end the process.
  class Watch {
   public:
    Watch(StopSignals& signals, node::Node& node) : signals_(signals) { signals_.set_node(&node); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch() { signals_.set_node(nullptr); }

   private:
    StopSignals& signals_;
  };

  StopSignals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    if (!thread_.joinable()) return;
    is_done_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  void set_node(node::Node* node) {
    const std::lock_guard lock(mutex_);
    node_ = node;
    if (!thread_.joinable()) thread_ = std::thread([this] { wait(); });
  }

  void tell_node(void (node::Node::*what)()) {
    const std::lock_guard lock(mutex_);
    if (node_) (node_->*what)();
  }

  void wait() {
    const sigset_t set = stop_signals();
    int number = 0;
    if (sigwait(&set, &number) != 0 || is_done_) return;
    log::info("stopping", {{"signal", number}});
    notify_manager("STOPPING=1");
    tell_node(&node::Node::request_stop);
    if (sigwait(&set, &number) != 0 || is_done_) return;
    log::warn("stopping_at_once", {{"signal", number}});
    tell_node(&node::Node::stop_now);
    const timespec patience{.tv_sec = kCloseSecondsMax, .tv_nsec = 0};
    sigtimedwait(&set, nullptr, &patience);
    if (!is_done_) _exit(kExitFailed);
  }

  std::atomic<bool> is_done_{false};
  std::mutex mutex_;
  node::Node* node_ = nullptr;
  std::thread thread_;
};

int serve(const Arguments& arguments) {
  CLI::App app("Run the daemon: GitHub's answers from a cache of your own.", "ghmesh serve");
  std::vector<node::FlagValue> flags;
  node::add_setting_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;

  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGHUP, SIG_IGN);
  keep_out_of_core_dumps();
  raise_descriptor_limit();
  const node::Config config = node::load_config(flags, node::Environment::of_process()).config;
  log::set_level(config.log_level);

  StopSignals signals;
  node::Node node(config);
  const StopSignals::Watch watch(signals, node);
  // Whoever reads this may have gone away; the daemon stays.
  for (const std::string& address : node.addresses()) std::puts(address.c_str());
  std::fflush(stdout);
  log::info("started", {{"version", node::kVersion},
                        {"upstream", config.upstream},
                        {"cache_dir", config.cache_dir}});
  notify_manager("READY=1");
  node.run();
  log::info("stopped");
  return kExitOk;
}

}  // namespace
}  // namespace ghmesh::app

int main(int count, char** values) {
  using namespace ghmesh;
  try {
    return app::serve({values + (count > 0 ? 1 : 0), values + count});
  } catch (const std::exception& error) {
    app::complain(error.what());
    return app::kExitFailed;
  }
}
