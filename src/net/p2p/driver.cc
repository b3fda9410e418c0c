// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/p2p/driver.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/fork_guard.h"
#include "base/log.h"
#include "net/name_lookup.h"
#include "net/p2p/interfaces.h"
#include "net/wakeup.h"

namespace ghmesh::net {
namespace {

using asio::ip::tcp;
using host::Host;
using multiformats::Multiaddr;
using multiformats::Protocol;
using swarm::Action;
using swarm::ConnectionId;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
// What one read takes at most: a fast sender fills it, and 256 KiB still fit into the caches of a core.
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr int kBacklog = 128;
// When accept() fails for want of descriptors: long enough for something to end.
constexpr Duration kAcceptPause = 100ms;

struct Link {
  explicit Link(const asio::any_io_executor& executor) : socket(executor) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { unmark_ours(socket.native_handle()); }
  void close() {
    Error ignored;
    unmark_ours(socket.native_handle());
    socket.close(ignored);
  }
  tcp::socket socket;
  Wakeup may_read;
  bool is_writing = false;
};

Result<tcp::endpoint> endpoint_of(const Multiaddr& address) {
  const auto target = multiformats::tcp_target(address);
  if (!target) return Errc::unsupported;
  Error error;
  const auto ip = asio::ip::make_address(target->host, error);
  if (error) return Errc::unsupported;
  return tcp::endpoint(ip, target->port);
}

Multiaddr multiaddr_of(const tcp::endpoint& endpoint) {
  asio::ip::address ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped())
    ip = asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6());
  return multiformats::tcp_multiaddr(ip.to_string(), endpoint.port()).value();
}

// What a wildcard stands for.
std::vector<Multiaddr> interface_multiaddrs(const tcp::endpoint& bound) {
  std::vector<Multiaddr> found;
  for (const std::string& ip :
       interface_addresses(bound.address().is_v6() ? Family::ipv6 : Family::ipv4))
    found.push_back(multiformats::tcp_multiaddr(ip, bound.port()).value());
  return found;
}

// Who breaks a protocol or meets a limit is named at info; who comes and goes, at debug. Counted by the swarm.
void log_end(const tcp::socket& socket, const Error& reason) {
  const bool is_ordinary = reason == Errc::connection_lost || reason == Errc::cancelled;
  const auto level = is_ordinary ? log::Level::debug : log::Level::info;
  if (!log::is_enabled(level)) return;
  Error ignored;
  const tcp::endpoint remote = socket.remote_endpoint(ignored);
  log::write(level, "p2p_connection_ended",
             {{"remote", ignored ? "?" : multiaddr_of(remote).text()},
              {"reason", error_name(reason)},
              {"error", reason}});
}

}  // namespace

struct Driver::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor_in, Host& host_in, OnEvent on_event_in)
      : executor(std::move(executor_in)),
        host(host_in),
        on_event(std::move(on_event_in)),
        timer(executor),
        buffer(std::make_unique_for_overwrite<std::byte[]>(kReadBytes)) {}

  void turn();
  void arm(Instant deadline);
  void perform(const Action& action);
  void begin_dial(const Action& action);
  void write(ConnectionId connection);
  void close(const Action& action);
  void adopt(ConnectionId connection, std::shared_ptr<Link> link);
  void stop();

  awaitable<void> accept_loop(std::shared_ptr<tcp::acceptor> acceptor);
  awaitable<void> dial(ConnectionId connection, std::shared_ptr<Link> link, tcp::endpoint endpoint);
  awaitable<void> read_loop(ConnectionId connection, std::shared_ptr<Link> link);
  awaitable<void> wait_to_write(ConnectionId connection, std::shared_ptr<Link> link);
  awaitable<void> timer_loop();
  awaitable<void> resolve_and_dial(Multiaddr address, std::optional<multiformats::PeerId> expected,
                                   OnBegun on_begun);
  void meet(const mdns::Event& event);

  asio::any_io_executor executor;
  Host& host;
  OnEvent on_event;
  asio::steady_timer timer;
  Instant armed_for = Instant::max();
  std::unique_ptr<std::byte[]> buffer;
  std::map<ConnectionId, std::shared_ptr<Link>> links;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::optional<NameLookup> names;  // made by the first name
  std::shared_ptr<LocalPeers> local_peers;
  bool is_in_turn = false;
  bool is_stopped = false;
};

// Not re-entrant: an event's handler that calls it has its commands carried out by the turn that called it.
void Driver::State::turn() {
  if (is_in_turn || is_stopped) return;
  is_in_turn = true;
  for (bool moved = true; moved && !is_stopped;) {
    moved = false;
    host.advance(MonotonicClock::now());
    while (auto event = host.next_event()) {
      on_event(*event);
      moved = true;
    }
    while (auto action = host.swarm().next_action()) {
      perform(*action);
      moved = true;
    }
  }
  is_in_turn = false;
  arm(host.next_deadline());
}

// Moving a timer wakes the one who waits for it, and is a call to the kernel: a later deadline is left to the wake-up
// that comes too early, which then finds nothing to do.
void Driver::State::arm(Instant deadline) {
  if (deadline >= armed_for || is_stopped) return;
  armed_for = deadline;
  timer.expires_at(std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
}

void Driver::State::perform(const Action& action) {
  switch (action.kind) {
    case Action::Kind::dial: return begin_dial(action);
    case Action::Kind::ready: return write(action.connection);
    case Action::Kind::close: return close(action);
  }
}

void Driver::State::begin_dial(const Action& action) {
  auto endpoint = endpoint_of(action.address);
  if (!endpoint)
    return host.swarm().dial_failed(action.connection, endpoint.error(), MonotonicClock::now());
  auto link = std::make_shared<Link>(executor);
  links[action.connection] = link;
  spawn(executor, "p2p_dial", dial(action.connection, link, *endpoint));
}

awaitable<void> Driver::State::dial(ConnectionId connection, std::shared_ptr<Link> link,
                                    tcp::endpoint endpoint) {
  const auto self = shared_from_this();
  auto [error] = co_await link->socket.async_connect(endpoint, kAsTuple);
  if (is_stopped || !links.contains(connection)) co_return;  // given up meanwhile
  if (error) {
    links.erase(connection);
    host.swarm().dial_failed(connection, error, MonotonicClock::now());
  } else {
    adopt(connection, link);
    host.swarm().dialed(connection, MonotonicClock::now());
  }
  turn();
}

void Driver::State::adopt(ConnectionId connection, std::shared_ptr<Link> link) {
  Error ignored;
  mark_ours(link->socket.native_handle());
  link->socket.non_blocking(true, ignored);
  link->socket.set_option(tcp::no_delay(true), ignored);
  links[connection] = link;
  spawn(executor, "p2p_read", read_loop(connection, link));
}

awaitable<void> Driver::State::accept_loop(std::shared_ptr<tcp::acceptor> acceptor) {
  const auto self = shared_from_this();
  while (acceptor->is_open()) {
    auto link = std::make_shared<Link>(executor);
    auto [error] = co_await acceptor->async_accept(link->socket, kAsTuple);
    if (is_stopped || error == asio::error::operation_aborted) co_return;
    if (error) {
      log::warn("p2p_accept_failed", {{"error", error}});
      asio::steady_timer pause(executor, kAcceptPause);
      co_await pause.async_wait(kAsTuple);
      continue;
    }
    const tcp::endpoint remote = link->socket.remote_endpoint(error);
    if (error) continue;  // gone again
    auto accepted = host.swarm().accepted(multiaddr_of(remote), MonotonicClock::now());
    if (!accepted) continue;  // counted by the swarm
    adopt(*accepted, link);
    turn();
  }
}

awaitable<void> Driver::State::read_loop(ConnectionId connection, std::shared_ptr<Link> link) {
  const auto self = shared_from_this();
  while (link->socket.is_open()) {
    if (!host.swarm().wants_input(connection)) {
      co_await link->may_read.wait();
      continue;
    }
    auto [error] = co_await link->socket.async_wait(tcp::socket::wait_read, kAsTuple);
    if (error || is_stopped || !link->socket.is_open()) co_return;
    const std::size_t bytes_count =
        link->socket.read_some(asio::buffer(buffer.get(), kReadBytes), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) continue;
    const Instant now = MonotonicClock::now();
    if (error) host.swarm().closed(connection, now);
    else host.swarm().receive(connection, ByteView(buffer.get(), bytes_count), now);
    turn();
  }
}

// As much as the socket takes at once; the rest when it can take more.
void Driver::State::write(ConnectionId connection) {
  const auto found = links.find(connection);
  if (found == links.end()) return;
  const std::shared_ptr<Link> link = found->second;
  if (link->may_read.has_waiter() && host.swarm().wants_input(connection)) link->may_read.wake();
  if (link->is_writing) return;
  for (;;) {
    const Instant now = MonotonicClock::now();
    const ByteView output = host.swarm().pending_output(connection, now);
    if (output.empty()) return;
    Error error;
    const std::size_t bytes_count =
        link->socket.write_some(asio::buffer(output.data(), output.size()), error);
    if (error == asio::error::would_block) {
      link->is_writing = true;
      return spawn(executor, "p2p_write", wait_to_write(connection, link));
    }
    if (error) return host.swarm().closed(connection, now);
    host.swarm().output_sent(connection, bytes_count, now);
  }
}

awaitable<void> Driver::State::wait_to_write(ConnectionId connection, std::shared_ptr<Link> link) {
  const auto self = shared_from_this();
  auto [error] = co_await link->socket.async_wait(tcp::socket::wait_write, kAsTuple);
  link->is_writing = false;
  if (error || is_stopped || !link->socket.is_open()) co_return;
  write(connection);
  turn();
}

void Driver::State::close(const Action& action) {
  const ByteView last_words = action.last_words;
  const auto found = links.find(action.connection);
  if (found == links.end()) return;
  log_end(found->second->socket, action.reason);
  const std::shared_ptr<Link> link = std::move(found->second);
  links.erase(found);
  Error ignored;
  if (!last_words.empty() && link->socket.is_open())
    link->socket.write_some(asio::buffer(last_words.data(), last_words.size()), ignored);
  link->socket.shutdown(tcp::socket::shutdown_both, ignored);
  link->close();
  link->may_read.wake();
}

awaitable<void> Driver::State::resolve_and_dial(Multiaddr address,
                                                std::optional<multiformats::PeerId> expected,
                                                OnBegun on_begun) {
  const auto self = shared_from_this();
  if (!names) names.emplace();
  auto resolved = co_await names->resolve(std::move(address));
  if (is_stopped) co_return;
  if (!resolved) on_begun(resolved.error());
  else on_begun(host.dial(std::move(expected), *std::move(resolved), MonotonicClock::now()));
  turn();
}

// Who is there is proven by the handshake; what the network says is where to try.
void Driver::State::meet(const mdns::Event& event) {
  if (event.kind != mdns::Event::Kind::found || is_stopped) return;
  if (!host.swarm().connections_of(event.peer).empty()) return;
  auto dialing =
      host.dial(event.peer, event.addresses, MonotonicClock::now(), swarm::DialReason::suggested);
  if (!dialing)
    log::debug("local_peer_not_dialed", {{"peer", event.peer.text()}, {"error", dialing.error()}});
  turn();
}

awaitable<void> Driver::State::timer_loop() {
  const auto self = shared_from_this();
  while (!is_stopped) {
    // A turn that moves the deadline cancels this wait; then it begins anew.
    auto [error] = co_await timer.async_wait(kAsTuple);
    if (is_stopped) co_return;
    if (error) continue;
    timer.expires_at(std::chrono::steady_clock::time_point::max());
    armed_for = Instant::max();
    host.tick(MonotonicClock::now());
    turn();
  }
}

void Driver::State::stop() {
  if (is_stopped) return;
  const Instant now = MonotonicClock::now();
  host.stop(now);
  while (auto action = host.swarm().next_action())
    if (action->kind == Action::Kind::close) close(*action);
  is_stopped = true;
  if (local_peers) local_peers->stop();
  Error ignored;
  for (const auto& acceptor : acceptors) {
    unmark_ours(acceptor->native_handle());
    acceptor->close(ignored);
  }
  timer.cancel();
  for (auto& [connection, link] : links) {
    link->close();
    link->may_read.wake();
  }
  links.clear();
}

Driver::Driver(asio::any_io_executor executor, Host& host, OnEvent on_event)
    : state_(std::make_shared<State>(std::move(executor), host, std::move(on_event))) {
  state_->timer.expires_at(std::chrono::steady_clock::time_point::max());
  spawn(state_->executor, "p2p_timer", state_->timer_loop());
}

Driver::~Driver() { state_->stop(); }

void Driver::dial(const Multiaddr& address, OnBegun on_begun) {
  std::optional<multiformats::PeerId> expected;
  if (const Multiaddr::Part* named = address.find(Protocol::p2p)) {
    auto id = multiformats::PeerId::parse(named->value);
    if (!id) return on_begun(id.error());
    expected = *id;
  }
  const auto target = multiformats::tcp_target(address);
  const bool is_numeric =
      target && (target->host_protocol == Protocol::ip4 || target->host_protocol == Protocol::ip6);
  if (is_numeric) return on_begun(state_->host.dial(expected, {address}, MonotonicClock::now()));
  spawn(state_->executor, "p2p_resolve",
        state_->resolve_and_dial(address, expected, std::move(on_begun)));
}

Result<void> Driver::discover(LocalPeersOptions options) {
  auto found = LocalPeers::open(state_->executor, state_->host.self(), std::move(options));
  if (!found) return found.error();
  state_->local_peers = *found;
  State* state = state_.get();  // which ends the discovery when it ends itself
  state_->local_peers->start([state](const mdns::Event& event) { state->meet(event); });
  state_->local_peers->set_addresses(state_->host.listen_addresses());
  return {};
}

void Driver::turn() { state_->turn(); }
void Driver::stop() { state_->stop(); }

Result<std::vector<Multiaddr>> Driver::listen(const Multiaddr& address) {
  auto endpoint = endpoint_of(address);
  if (!endpoint) return endpoint.error();
  auto acceptor = std::make_shared<tcp::acceptor>(state_->executor);
  Error error;
  acceptor->open(endpoint->protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint->address().is_v6()) acceptor->set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor->bind(*endpoint, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error) return error;
  const tcp::endpoint bound = acceptor->local_endpoint(error);
  if (error) return error;
  mark_ours(acceptor->native_handle());
  state_->acceptors.push_back(acceptor);
  spawn(state_->executor, "p2p_accept", state_->accept_loop(acceptor));
  if (bound.address().is_unspecified()) return interface_multiaddrs(bound);
  return std::vector<Multiaddr>{multiaddr_of(bound)};
}

}  // namespace ghmesh::net
