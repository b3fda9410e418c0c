// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a Crew is made of. Private to the room: crew.cc finds the role, calls.cc has what is asked and told.
//
// Everything belongs to the crew's thread but what stands under the mutex.
#pragma once

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "crew/crew.h"
#include "net/runtime.h"
#include "net/upstream.h"
#include "node/node.h"

namespace ghmesh::crew {

namespace asio = net::asio;

// Between two looks for a leader who is just coming or going.
inline constexpr Duration kLookPause = 10ms;
// After a start that failed: a port is taken, or the disk is full.
inline constexpr Duration kStartPause = 1s;
// A call that a leader's death has cut off is made once more.
inline constexpr int kBrokenCallsMax = 1;
// Items in one post to the leader.
inline constexpr std::size_t kPostBytesMax = 1024 * 1024;
// Answers of GitHub are 8 MiB at most where they are kept; what is only passed through may be larger.
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;
// Calls to the leader at once: it coalesces, and has limits of its own towards GitHub.
inline constexpr std::size_t kCallsMax = 256;
inline constexpr std::size_t kCallsWaitingMax = 16 * 1024;

enum class Role { none, leading, attached };

struct Crew::State : std::enable_shared_from_this<Crew::State> {
  explicit State(CrewOptions given);

  // --- finding the role (crew.cc) ---
  void start();
  void stop();
  net::awaitable<void> live();
  net::awaitable<void> lead(node::Seat seat);
  net::awaitable<void> attach();
  net::awaitable<bool> pause(Duration duration);  // false: it is to stop
  void set_role(Role next);
  void decide(std::exception_ptr error);  // the constructor goes on
  bool is_of_our_swarm(const node::LeaderStatus& leader) const;

  // --- what is asked and told (calls.cc) ---
  net::awaitable<bool> wait_for_role(Instant deadline);
  net::awaitable<Result<http::Answer>> fetch(net::UpstreamRequest request, Instant deadline);
  net::awaitable<Result<http::Answer>> call(std::function<net::UpstreamRequest()> make,
                                            Instant deadline);
  net::awaitable<void> ask(std::shared_ptr<Question> question, Instant deadline,
                           std::function<void(Result<http::Answer>)> done);
  net::awaitable<void> recall(std::string name, Instant deadline, std::function<void(bool)> done);
  net::awaitable<void> tell();
  void wake_teller();
  // Runs it on the crew's thread. False: it is stopping, and nothing will run.
  template <class Command>
  bool command(Command do_it) {
    const std::lock_guard lock(posting);
    if (is_deaf) return false;
    asio::post(context, std::move(do_it));
    return true;
  }

  const CrewOptions options;
  const node::LeadPlace place;
  const std::string swarm;  // the fingerprint of the one that this process wants; empty: none
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread;
  std::mutex posting;  // of is_deaf
  bool is_deaf = false;
  bool is_stopping = false;
  bool is_decided = false;
  std::promise<void> decided;

  Role role = Role::none;
  bool wants_to_yield = false;
  asio::steady_timer change{context};     // waited for by live(); cancelled when something changes
  std::set<asio::steady_timer*> waiting;  // for a role
  std::set<std::shared_ptr<asio::cancellation_signal>> under_way;
  bool is_telling = false;

  mutable std::mutex mutex;
  std::shared_ptr<node::Node> leading;  // under the mutex, as what follows
  bool is_attached = false;
  bool is_swarm_fitting = false;  // of the leader
  std::deque<node::ShareItem> unshared;
  std::size_t unshared_bytes = 0;
  std::uint64_t unshared_dropped = 0;

  net::Upstream client;  // to the leader, whoever it is; goes before the context
};

}  // namespace ghmesh::crew
