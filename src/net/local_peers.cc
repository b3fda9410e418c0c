// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/local_peers.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "crypto/random.h"

namespace ghmesh::net {
namespace {

// How soon a new link (a cable, another Wi-Fi) takes part.
constexpr Duration kLinksPause = 5s;
// Read before other work of the thread gets its turn.
constexpr int kDatagramsAtOnceMax = 32;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

asio::steady_timer::time_point to_timer(Instant instant) {
  return asio::steady_timer::time_point(
      std::chrono::duration_cast<asio::steady_timer::duration>(instant.time_since_epoch()));
}

}  // namespace

LocalPeers::LocalPeers(asio::any_io_executor executor, mdns::PeerId self, LocalPeersOptions options)
    : executor_(std::move(executor)),
      timer_(executor_),
      discovery_(std::move(self), std::move(options.mdns), crypto::random_seed(),
                 MonotonicClock::now()) {}

LocalPeers::~LocalPeers() {
  // The sockets belong to their doors, and each is closed once.
  for (auto& door : doors_) door->readable.release();
}

Result<std::shared_ptr<LocalPeers>> LocalPeers::open(asio::any_io_executor executor,
                                                     mdns::PeerId self, LocalPeersOptions options) {
  std::shared_ptr<LocalPeers> peers(new LocalPeers(std::move(executor), std::move(self), options));
  const Error without_ip4 = peers->add_door(IpFamily::ip4, options);
  const Error without_ip6 = peers->add_door(IpFamily::ip6, options);
  if (without_ip4.failed() && without_ip6.failed()) return without_ip4;
  return peers;
}

Error LocalPeers::add_door(IpFamily family, const LocalPeersOptions& options) {
  auto socket =
      MulticastSocket::open({.family = family, .links = options.links, .port = options.port});
  if (!socket) return socket.error();
  const int descriptor = socket->descriptor();
  doors_.push_back(std::make_unique<Door>(
      Door{*std::move(socket), asio::posix::stream_descriptor(executor_, descriptor)}));
  return {};
}

void LocalPeers::start(OnEvent on_event) {
  on_event_ = std::move(on_event);
  for (auto& door : doors_) spawn(executor_, "local_peers_read", read(shared_from_this(), *door));
  spawn(executor_, "local_peers_time", keep_time(shared_from_this()));
}

void LocalPeers::set_addresses(const std::vector<mdns::Multiaddr>& addresses) {
  discovery_.set_addresses(addresses, MonotonicClock::now());
  timer_.cancel();  // there may be an earlier deadline
}

void LocalPeers::stop() {
  if (std::exchange(is_stopped_, true)) return;
  discovery_.say_farewell();
  send_waiting();
  timer_.cancel();
  for (auto& door : doors_) door->readable.cancel();
}

std::size_t LocalPeers::links_count() const {
  std::size_t count = 0;
  for (const auto& door : doors_) count += door->socket.links_count();
  return count;
}

awaitable<void> LocalPeers::read(std::shared_ptr<LocalPeers> self, Door& door) {
  while (!self->is_stopped_) {
    const auto [error] =
        co_await door.readable.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    if (error || self->is_stopped_) co_return;
    for (int i = 0; i < kDatagramsAtOnceMax; ++i) {
      const auto datagram = door.socket.receive();
      if (!datagram) break;
      self->discovery_.receive(datagram->bytes, datagram->source, MonotonicClock::now());
      self->take_out();
      if (self->is_stopped_) co_return;
    }
    self->timer_.cancel();
  }
}

awaitable<void> LocalPeers::keep_time(std::shared_ptr<LocalPeers> self) {
  Instant links_at = MonotonicClock::now() + kLinksPause;
  while (!self->is_stopped_) {
    const Instant now = MonotonicClock::now();
    if (links_at <= now) {
      for (auto& door : self->doors_) door->socket.update_links();
      links_at = now + kLinksPause;
    }
    self->discovery_.tick(now);
    self->take_out();
    if (self->is_stopped_) co_return;
    self->timer_.expires_at(to_timer(std::min(links_at, self->discovery_.next_deadline())));
    co_await self->timer_.async_wait(kAwait);
  }
}

void LocalPeers::send_waiting() {
  while (auto datagram = discovery_.next_datagram()) {
    for (auto& door : doors_) door->socket.send(*datagram);
  }
}

void LocalPeers::take_out() {
  send_waiting();
  while (auto event = discovery_.next_event()) {
    on_event_(*event);
    if (is_stopped_) return;
  }
}

}  // namespace ghmesh::net
