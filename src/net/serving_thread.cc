// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/serving_thread.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "net/connection.h"

namespace ghmesh::net {
namespace {

constexpr int kEventsPerRound = 128;
constexpr int kRoundsMax = 8;  // then the rest of the event loop has its turn
constexpr int kAcceptsPerEventMax = 64;
// Connections that a thread may have more than the least busy one.
constexpr std::size_t kImbalanceMax = 8;
// Beyond the limit: they still hear 503 politely; further ones may not.
constexpr std::size_t kRefusedCountMax = 256;
constexpr Duration kSweepPauseMax = 1s;

constexpr std::string_view kBusyReply =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: "
    "36\r\nRetry-After: 1\r\n"
    "Connection: close\r\n\r\n{\"message\": \"Too many connections.\"}";

// Deadlines are met within this.
Duration sweep_pause(const HttpServerLimits& limits) {
  const Duration shortest = std::min(
      {limits.head_deadline, limits.idle_deadline, limits.body_deadline, limits.write_deadline});
  return std::clamp<Duration>(shortest / 8, 5ms, kSweepPauseMax);
}

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

ServingThread::ServingThread(asio::io_context& context, std::shared_ptr<ServerShared> shared)
    : read_buffer(kReadBytes),
      context_(context),
      shared_(std::move(shared)),
      poll_(context, ::epoll_create1(EPOLL_CLOEXEC)),
      sweep_timer_(context),
      listening_(::fcntl(shared_->listening_descriptor, F_DUPFD_CLOEXEC, 0)),
      reserve_(open_reserve()),
      now_(MonotonicClock::now()) {}

ServingThread::~ServingThread() = default;

void ServingThread::start() {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // the listener; connections give their address
  ::epoll_ctl(poll_.native_handle(), EPOLL_CTL_ADD, listening_.get(), &event);
  is_accepting_ = true;
  wait_for_events();
  wait_for_sweep();
}

void ServingThread::stop_accepting() {
  is_draining_ = true;
  if (is_accepting_) {
    is_accepting_ = false;
    if (!is_accept_paused_) unwatch(listening_.get());
    listening_.reset();
    const std::lock_guard lock(shared_->mutex);
    if (--shared_->accepting_threads_count == 0) shared_->listener.reset();
  }
  now_ = MonotonicClock::now();
  // From the end: a connection that closes takes itself out.
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->close_if_idle();
  end_round();
}

void ServingThread::shut_down() {
  stop_accepting();
  while (!connections_.empty()) connections_.back()->close();
  end_round();
  sweep_timer_.cancel();
  if (poll_.is_open()) poll_.close();
}

void ServingThread::take_over(Descriptor socket) {
  auto adopt_here = [self = shared_from_this(), socket = std::move(socket)]() mutable {
    if (!self->poll_.is_open()) return;
    self->now_ = MonotonicClock::now();
    self->adopt(std::move(socket));
    self->end_round();
  };
  asio::post(context_, std::move(adopt_here));
}

void ServingThread::watch(Connection& connection, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  ::epoll_ctl(poll_.native_handle(), EPOLL_CTL_ADD, descriptor, &event);
}

void ServingThread::change(Connection& connection, int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &connection;
  ::epoll_ctl(poll_.native_handle(), EPOLL_CTL_MOD, descriptor, &event);
}

void ServingThread::unwatch(int descriptor) {
  ::epoll_ctl(poll_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void ServingThread::forget(Connection& connection) {
  const std::size_t place = connection.place;
  closed_.push_back(std::move(connections_[place]));
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->place = place;
  }
  connections_.pop_back();
  connections_count_.store(connections_.size(), std::memory_order_relaxed);
  shared_->stats.connections_open.fetch_sub(1, std::memory_order_relaxed);
}

void ServingThread::count_rejection(RejectReason reason) {
  auto& stats = shared_->stats;
  switch (reason) {
    case RejectReason::malformed: ++stats.rejected_malformed; break;
    case RejectReason::head_too_large: ++stats.rejected_head_too_large; break;
    case RejectReason::body_too_large: ++stats.rejected_body_too_large; break;
    case RejectReason::timeout: ++stats.rejected_timeout; break;
    case RejectReason::unsupported: ++stats.rejected_unsupported; break;
  }
}

void ServingThread::wait_for_events() {
  auto on_events = [self = shared_from_this()](const Error& error) {
    if (error || !self->poll_.is_open()) return;
    self->serve_events();
    self->wait_for_events();
  };
  poll_.async_wait(asio::posix::descriptor_base::wait_read, std::move(on_events));
}

void ServingThread::serve_events() {
  std::array<epoll_event, kEventsPerRound> events;
  for (int round = 0; round < kRoundsMax; ++round) {
    const int count = ::epoll_wait(poll_.native_handle(), events.data(), kEventsPerRound, 0);
    if (count <= 0) break;
    now_ = MonotonicClock::now();
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        accept_some();
      } else {
        connection->handle(events[i].events);
      }
    }
    end_round();
  }
}

void ServingThread::accept_some() {
  for (int i = 0; i < kAcceptsPerEventMax && is_accepting_; ++i) {
    Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        refuse_without_descriptors();
      return;
    }
    if (shared_->door == Door::tcp) {
      const int yes = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    // A caller of one request is served where it was accepted. Callers that stay would pile up on the thread that wakes
    // quickest, so the least busy one gets those that are too many here.
    std::shared_ptr<ServingThread> least;
    for (const auto& weak : shared_->threads) {
      auto thread = weak.lock();
      if (thread && (!least || thread->connections_count() < least->connections_count()))
        least = std::move(thread);
    }
    if (least && least.get() != this &&
        connections_.size() > least->connections_count() + kImbalanceMax) {
      least->take_over(std::move(socket));
    } else {
      adopt(std::move(socket));
    }
  }
}

void ServingThread::adopt(Descriptor socket) {
  auto& stats = shared_->stats;
  if (shared_->limits.is_own_user_only && !is_of_our_user(socket.get())) {
    stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto open_count = stats.connections_open.fetch_add(1, std::memory_order_relaxed);
  stats.connections_total.fetch_add(1, std::memory_order_relaxed);
  const bool is_refused = open_count >= shared_->limits.connections_count_max;
  if (is_refused) stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
  if (open_count >= shared_->limits.connections_count_max + kRefusedCountMax) {
    ::send(socket.get(), kBusyReply.data(), kBusyReply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    stats.connections_open.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_shared<Connection>(*this, std::move(socket));
  connection->place = connections_.size();
  connections_.push_back(connection);
  connections_count_.store(connections_.size(), std::memory_order_relaxed);
  connection->start();
  if (is_refused) connection->refuse(kBusyReply);
}

// No descriptor is left. The listener would report the same caller for ever, so one is let in through the reserve and
// told so; when even that fails, accepting pauses until the next sweep.
void ServingThread::refuse_without_descriptors() {
  shared_->stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
  reserve_.reset();
  Descriptor socket(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const bool was_let_in = static_cast<bool>(socket);
  if (was_let_in)
    ::send(socket.get(), kBusyReply.data(), kBusyReply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  socket.reset();
  reserve_ = Descriptor(open_reserve());
  if (!was_let_in || !reserve_) {
    log::warn("accept_paused", {{"reason", "no file descriptors"}});
    is_accept_paused_ = true;
    unwatch(listening_.get());
  }
}

void ServingThread::wait_for_sweep() {
  sweep_timer_.expires_after(sweep_pause(shared_->limits));
  auto on_time = [self = shared_from_this()](const Error& error) {
    if (error || !self->poll_.is_open()) return;
    self->sweep();
    self->wait_for_sweep();
  };
  sweep_timer_.async_wait(std::move(on_time));
}

void ServingThread::sweep() {
  now_ = MonotonicClock::now();
  for (std::size_t i = connections_.size(); i-- > 0;) connections_[i]->tick();
  end_round();
  if (!is_accept_paused_ || !is_accepting_) return;
  if (!reserve_) reserve_ = Descriptor(open_reserve());
  if (!reserve_) return;
  is_accept_paused_ = false;
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(poll_.native_handle(), EPOLL_CTL_ADD, listening_.get(), &event);
}

void ServingThread::end_round() {
  if (requests_count_ > 0)
    shared_->stats.requests_total.fetch_add(std::exchange(requests_count_, 0),
                                            std::memory_order_relaxed);
  closed_.clear();
}

}  // namespace ghmesh::net
