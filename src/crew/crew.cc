// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crew/crew.h"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/fork_guard.h"
#include "base/log.h"
#include "crew/state.h"

namespace ghmesh::crew {
namespace {

// No signal of the host program is handled on a thread of ours, nor is one that writing to a closed socket raises.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

Crew::State::State(CrewOptions given)
    : options(std::move(given)),
      place(node::lead_place_of(options.config.state_dir, options.config.cache_dir)),
      swarm(options.membership ? options.membership->newest.fingerprint() : std::string()),
      client({.unix_socket = place.socket,
              .http1_only = true,
              .concurrent_count_max = kCallsMax,
              .waiting_count_max = kCallsWaitingMax}) {}

void Crew::State::start() {
  const SignalsBlocked blocked;
  auto first = decided.get_future();
  thread = std::thread([self = shared_from_this()] {
    net::spawn(self->context.get_executor(), "crew", self->live());
    self->context.run();
  });
  if (first.wait_for(kFirstRoleMax) == std::future_status::ready) first.get();
}

void Crew::State::decide(std::exception_ptr error) {
  if (std::exchange(is_decided, true)) return;
  if (error) decided.set_exception(error);
  else decided.set_value();
}

net::awaitable<bool> Crew::State::pause(Duration duration) {
  if (is_stopping) co_return false;
  change.expires_after(duration);
  static_cast<void>(co_await change.async_wait(asio::as_tuple(asio::use_awaitable)));
  co_return !is_stopping;
}

net::awaitable<void> Crew::State::live() {
  const auto self = shared_from_this();
  while (!is_stopping) {
    auto seat = node::Seat::try_take(place);
    if (!seat) {
      decide(std::make_exception_ptr(
          node::StartError("cannot use " + place.lock + ": " + seat.error().message())));
      if (!co_await pause(kStartPause)) break;
    } else if (*seat) {
      co_await lead(**std::move(seat));
    } else {
      co_await attach();
    }
  }
  decide(std::make_exception_ptr(node::StartError("stopped before it began")));
}

net::awaitable<void> Crew::State::lead(node::Seat seat) {
  node::NodeParts parts{.rank = options.rank,
                        .seat = std::move(seat),
                        .membership = options.membership,
                        .shared = options.shared,
                        .on_yield = [weak = weak_from_this()] {
                          const auto state = weak.lock();
                          if (!state) return;
                          state->command([state] {
                            state->wants_to_yield = true;
                            state->change.cancel();
                          });
                        }};
  wants_to_yield = false;
  std::shared_ptr<node::Node> node;
  try {
    node = std::make_shared<node::Node>(options.config, std::move(parts));
  } catch (const node::StartError& error) {
    log::warn("crew_cannot_lead", {{"error", error.what()}});
    const bool is_first = !is_decided;
    decide(std::current_exception());
    if (is_first) is_stopping = true;
  }
  if (!node) {
    static_cast<void>(co_await pause(kStartPause));
    co_return;
  }
  node->start();
  std::thread serving([node] { node->run(); });
  {
    const std::lock_guard lock(mutex);
    leading = node;
    is_swarm_fitting = !swarm.empty();
  }
  set_role(Role::leading);
  decide(nullptr);
  while (!wants_to_yield && co_await pause(24h)) {
  }
  set_role(Role::none);
  {
    const std::lock_guard lock(mutex);
    leading.reset();
  }
  node->leave_swarm();
  node->stop_now();
  serving.join();
  // Whoever still looks at it drops it in a moment; the seat goes with it.
  node.reset();
  // To whoever asked for it, before we would take it again.
  if (wants_to_yield) static_cast<void>(co_await pause(10 * kLookPause));
}

net::awaitable<void> Crew::State::attach() {
  const auto leader = node::ask_leader_status(place);
  auto watched = leader ? node::watch_leader(place) : Result<net::Descriptor>(leader.error());
  if (!watched) {  // it is just beginning, or ending
    static_cast<void>(co_await pause(kLookPause));
    co_return;
  }
  if (leader->rank < options.rank) {
    static_cast<void>(node::ask_leader_to_yield(place, options.rank).has_value());
    static_cast<void>(co_await pause(kLookPause));
    co_return;
  }
  const bool is_fitting = is_of_our_swarm(*leader);
  if (!is_fitting && !swarm.empty())
    log::warn("crew_in_no_swarm",
              {{"reason", leader->is_swarm_on ? "the process that leads is in another swarm"
                                              : "the process that leads is in no swarm"},
               {"leader", leader->process}});
  {
    const std::lock_guard lock(mutex);
    is_attached = true;
    is_swarm_fitting = is_fitting;
  }
  set_role(Role::attached);
  decide(nullptr);
  // Its end, or ours.
  asio::posix::stream_descriptor stream(context, watched->get());
  const auto on_end = [this](const Error&) { change.cancel(); };
  bool is_over = false;
  stream.async_wait(asio::posix::descriptor_base::wait_read,
                    [&is_over, on_end](const Error& error) {
                      if (error == asio::error::operation_aborted) return;
                      is_over = true;
                      on_end(error);
                    });
  while (!is_over && co_await pause(24h)) {
  }
  stream.release();  // `watched` closes it
  {
    const std::lock_guard lock(mutex);
    is_attached = false;
  }
  set_role(Role::none);
}

bool Crew::State::is_of_our_swarm(const node::LeaderStatus& leader) const {
  return !swarm.empty() && leader.is_swarm_on && leader.swarm == swarm;
}

void Crew::State::set_role(Role next) {
  role = next;
  for (asio::steady_timer* timer : waiting) timer->cancel();
  if (role != Role::none) wake_teller();
}

void Crew::State::stop() {
  {
    const std::lock_guard lock(posting);
    if (is_deaf) return;
    is_deaf = true;
    asio::post(context, [this] {
      is_stopping = true;
      change.cancel();
      for (asio::steady_timer* timer : waiting) timer->cancel();
      for (const auto& signal : std::set(under_way))
        signal->emit(asio::cancellation_type::terminal);
      work.reset();
    });
  }
  if (thread.joinable()) thread.join();
}

// --- the door ---

Crew::Crew(CrewOptions options) {
  close_ours_in_children();
  state_ = std::make_shared<State>(std::move(options));
  try {
    state_->start();
  } catch (const node::StartError&) {
    state_->stop();
    throw;
  }
}

Crew::~Crew() { stop(); }

void Crew::stop() { state_->stop(); }

Crew::Status Crew::status() const {
  std::shared_ptr<node::Node> leading;
  bool is_attached = false;
  {
    const std::lock_guard lock(state_->mutex);
    leading = state_->leading;
    is_attached = state_->is_attached;
  }
  Status status{.is_leading = leading != nullptr};
  if (leading) {
    status.leader = leading->leader_status();
  } else if (is_attached) {
    if (auto told = node::ask_leader_status(state_->place)) status.leader = *std::move(told);
  }
  status.is_swarm_on = state_->is_of_our_swarm(status.leader);
  return status;
}

}  // namespace ghmesh::crew
