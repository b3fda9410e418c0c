// SPDX-License-Identifier: Apache-2.0 OR MIT
// The sockets of the network: what TCP would do to their bytes. See network.h.
//
//   the life of a socket          by                          next_event() then says
//   (none)      → connecting      connect()
//   connecting  → open            the answer to its knock     connected
//   (none)      → open            the hello of a dialer       accepted
//   (none)      → open, twice     open()
//   open        → gone            both ends are finished and everything is read
//   any         → gone            reset() here
//   any         → gone            RST of the other end        closed: connection_reset or connection_refused
//   any         → gone            no sign of life             closed: timed_out
#include <utility>

#include "sim/network/state.h"

namespace ghmesh::sim {
namespace {

constexpr Duration kKnockAgainAfter = 1s;         // RFC 6298, 2.1; doubled each time
constexpr Duration kRetransmissionFirst = 200ms;  // Linux; doubled each time

Duration knock_again_after(std::uint32_t knocks_count) {
  return kKnockAgainAfter * (1 << std::min(knocks_count, 10u));
}

}  // namespace

Network::Socket* Network::find(SocketId socket) {
  return socket < sockets_.size() ? sockets_[socket].get() : nullptr;
}
const Network::Socket* Network::find(SocketId socket) const {
  return socket < sockets_.size() ? sockets_[socket].get() : nullptr;
}

bool Network::is_open(SocketId socket) const {
  const Socket* found = find(socket);
  return found != nullptr && found->is_open;
}

// --- beginning ---

SocketId Network::add_socket_pair(Way way, Carries carries) {
  Link& out = link(way);
  Link& back = link(way.back());
  const auto id = static_cast<SocketId>(sockets_.size());
  sockets_.push_back(
      std::make_unique<Socket>(Socket{.out = &out, .back = &back, .carries = carries}));
  sockets_.push_back(
      std::make_unique<Socket>(Socket{.out = &back, .back = &out, .carries = carries}));
  nodes_[way.from].sockets.insert(id);
  return id;
}

SocketId Network::open(Way way, Carries carries) {
  const SocketId id = add_socket_pair(way, carries);
  nodes_[way.to].sockets.insert(other_end(id));
  sockets_[id]->is_open = true;
  sockets_[other_end(id)]->is_open = true;
  return id;
}

SocketId Network::connect(Way way, Carries carries) {
  const SocketId id = add_socket_pair(way, carries);
  sockets_[id]->is_connecting = true;
  expect_sign_of_life(id, *sockets_[id]);
  push(now_ + travel_time(link(way)), Happening::knock, id);
  return id;
}

auto Network::knock(SocketId dialer) -> Outcome {
  Socket* socket = find(dialer);
  if (socket == nullptr || !socket->is_connecting) return std::nullopt;
  if (is_cut(*socket->out) || random_.chance(socket->out->config.loss)) {
    push(now_ + knock_again_after(socket->knocks_count++), Happening::knock, dialer);
    return std::nullopt;
  }
  const bool is_welcome = nodes_[socket->peer()].is_listening;
  push(now_ + travel_time(*socket->back), is_welcome ? Happening::answer_knock : Happening::refusal,
       dialer);
  return std::nullopt;
}

auto Network::answer_knock(SocketId dialer) -> Outcome {
  Socket* socket = find(dialer);
  if (socket == nullptr || !socket->is_connecting) return std::nullopt;
  if (is_cut(*socket->back) || random_.chance(socket->back->config.loss)) {
    push(now_ + knock_again_after(socket->knocks_count++), Happening::knock, dialer);
    return std::nullopt;
  }
  socket->is_connecting = false;
  socket->is_open = true;
  socket->waits_since.reset();
  send_piece(dialer, *socket, {.what = Piece::What::hello});
  return event_at(dialer, NetworkEvent::Kind::connected);
}

// --- writing ---

std::size_t Network::room(Socket& socket) {
  while (!socket.credits.empty() && socket.credits.front().at <= now_) {
    socket.unread_there -= socket.credits.front().bytes_count;
    socket.credits.pop_front();
  }
  return options_.socket_bytes_max - std::min(options_.socket_bytes_max, socket.unread_there);
}

std::size_t Network::write(SocketId id, ByteView bytes) {
  Socket* socket = find(id);
  if (socket == nullptr || !socket->is_open || socket->is_finished_here) return 0;
  GHMESH_CHECK(socket->carries == Carries::bytes);
  const ByteView taken = bytes.first(std::min(bytes.size(), room(*socket)));
  for (ByteView rest = taken; !rest.empty();) {
    const std::size_t piece_bytes_max = std::min(rest.size(), options_.piece_bytes_max);
    const auto piece_bytes = static_cast<std::size_t>(1 + random_.below(piece_bytes_max));
    send_piece(id, *socket, {.bytes = copy_bytes(rest.first(piece_bytes))});
    rest = rest.subspan(piece_bytes);
  }
  if (taken.size() < bytes.size()) {
    socket->wants_to_write = true;
    schedule_writable(id, *socket);
  }
  return taken.size();
}

bool Network::send(SocketId id, Bytes message) {
  Socket* socket = find(id);
  if (socket == nullptr || !socket->is_open || socket->is_finished_here) return false;
  GHMESH_CHECK(socket->carries == Carries::messages);
  if (room(*socket) == 0) {
    socket->wants_to_write = true;
    schedule_writable(id, *socket);
    return false;
  }
  send_piece(id, *socket, {.bytes = std::move(message)});
  return true;
}

void Network::send_piece(SocketId id, Socket& socket, Piece piece) {
  const std::size_t bytes_count = piece.bytes.size();
  ++counters_.pieces_sent;
  counters_.sent_bytes += bytes_count;
  socket.unread_there += bytes_count;
  const Instant arrives_at = departure(*socket.out, bytes_count) + travel_time(*socket.out) +
                             retransmission_delay(*socket.out, bytes_count);
  piece.arrives_at =
      std::max(arrives_at, socket.last_arrival);  // in order: later pieces wait for a lost one
  socket.last_arrival = piece.arrives_at;
  socket.under_way.push_back(std::move(piece));
  schedule_arrival(id, socket, now_);
}

void Network::schedule_arrival(SocketId id, Socket& socket, Instant not_before) {
  if (socket.is_arrival_queued || socket.under_way.empty() || socket.is_stalled) return;
  socket.is_arrival_queued = true;
  push(std::max(socket.under_way.front().arrives_at, not_before), Happening::arrival, id);
}

void Network::finish(SocketId id) {
  Socket* socket = find(id);
  if (socket == nullptr || !socket->is_open || socket->is_finished_here) return;
  socket->is_finished_here = true;
  send_piece(id, *socket, {.what = Piece::What::end});
}

void Network::reset(SocketId id) {
  Socket* socket = find(id);
  if (socket == nullptr) return;
  push(now_ + travel_time(*socket->out), Happening::reset, other_end(id));
  close(id);
}

// --- arriving ---

auto Network::arrive(SocketId sender) -> Outcome {
  Socket* socket = find(sender);
  if (socket == nullptr) return std::nullopt;
  socket->is_arrival_queued = false;
  if (is_cut(*socket->out)) {
    socket->is_stalled = true;
    expect_sign_of_life(sender, *socket);
    return std::nullopt;
  }
  Piece piece = std::move(socket->under_way.front());
  socket->under_way.pop_front();
  schedule_arrival(sender, *socket, now_);
  if (is_cut(*socket->back)) expect_sign_of_life(sender, *socket);  // no acknowledgement comes
  const Socket* receiver = find(other_end(sender));
  const bool is_hello = piece.what == Piece::What::hello;
  if (receiver == nullptr || (is_hello && !nodes_[receiver->node()].is_listening)) {
    push(now_ + travel_time(*socket->back), Happening::reset, sender);
    return std::nullopt;
  }
  return take_piece(other_end(sender), std::move(piece));
}

auto Network::take_piece(SocketId id, Piece piece) -> Outcome {
  Socket& socket = *sockets_[id];
  switch (piece.what) {
    case Piece::What::hello:
      socket.is_open = true;
      nodes_[socket.node()].sockets.insert(id);
      return event_at(id, NetworkEvent::Kind::accepted);
    case Piece::What::end: {
      socket.is_finished_there = true;
      NetworkEvent event = event_at(id, NetworkEvent::Kind::finished);
      release_if_done(id);
      return event;
    }
    case Piece::What::data: break;
  }
  if (socket.carries == Carries::messages) {
    NetworkEvent event = event_at(id, NetworkEvent::Kind::message);
    event.bytes = std::move(piece.bytes);
    give_credit(id, event.bytes.size());
    return event;
  }
  append(socket.unread, piece.bytes);
  return event_at(id, NetworkEvent::Kind::readable);
}

NetworkEvent Network::event_at(SocketId id, NetworkEvent::Kind kind) const {
  const Socket& socket = *sockets_[id];
  return {.kind = kind, .node = socket.node(), .peer = socket.peer(), .socket = id};
}

ByteView Network::readable(SocketId id) const {
  const Socket* socket = find(id);
  return socket != nullptr ? ByteView(socket->unread).subspan(socket->unread_begin) : ByteView();
}

void Network::consume(SocketId id, std::size_t bytes_count) {
  Socket* socket = find(id);
  if (socket == nullptr || bytes_count == 0) return;
  GHMESH_CHECK(bytes_count <= socket->unread.size() - socket->unread_begin);
  socket->unread_begin += bytes_count;
  if (socket->unread_begin * 2 >= socket->unread.size()) {
    socket->unread.erase(
        socket->unread.begin(),
        socket->unread.begin() + static_cast<std::ptrdiff_t>(socket->unread_begin));
    socket->unread_begin = 0;
  }
  give_credit(id, bytes_count);
  release_if_done(id);
}

// The writer may use the room a delay later.
void Network::give_credit(SocketId reader, std::size_t bytes_count) {
  const SocketId id = other_end(reader);
  Socket* writer = find(id);
  if (writer == nullptr) return;
  if (is_cut(*writer->back)) {
    writer->held_credit += bytes_count;
    return;
  }
  const Instant at = now_ + writer->back->config.delay;
  writer->credits.push_back({.at = at, .bytes_count = bytes_count});
  if (writer->wants_to_write) schedule_writable(id, *writer);
}

void Network::schedule_writable(SocketId id, Socket& socket) {
  if (socket.is_writable_queued || socket.credits.empty()) return;
  socket.is_writable_queued = true;
  push(socket.credits.front().at, Happening::writable, id);
}

auto Network::make_writable(SocketId id) -> Outcome {
  Socket* socket = find(id);
  if (socket == nullptr) return std::nullopt;
  socket->is_writable_queued = false;
  if (!socket->wants_to_write) return std::nullopt;
  if (room(*socket) == 0) {
    schedule_writable(id, *socket);
    return std::nullopt;
  }
  socket->wants_to_write = false;
  return event_at(id, NetworkEvent::Kind::writable);
}

// --- cut links, and ends ---

void Network::expect_sign_of_life(SocketId id, Socket& socket) {
  if (socket.waits_since) return;
  socket.waits_since = now_;
  push(now_ + options_.socket_timeout, Happening::give_up, id);
}

auto Network::give_up(SocketId id) -> Outcome {
  const Socket* socket = find(id);
  if (socket == nullptr || !socket->waits_since ||
      *socket->waits_since + options_.socket_timeout != now_)
    return std::nullopt;
  ++counters_.sockets_timed_out;
  return closed(id, boost::system::errc::timed_out);
}

// A link was healed. What waits goes out with the next retransmission: so many have failed that it may be seconds away.
void Network::resume(SocketId id, Socket& socket) {
  const bool hears = !is_cut(*socket.back);
  if (hears && socket.held_credit > 0)
    give_credit(other_end(id), std::exchange(socket.held_credit, 0));
  if (is_cut(*socket.out)) return;
  if (socket.is_stalled) {
    socket.is_stalled = false;
    Instant again = *socket.waits_since + kRetransmissionFirst;
    for (Duration wait = kRetransmissionFirst; again < now_; again += wait) wait *= 2;
    schedule_arrival(id, socket, again + travel_time(*socket.out));
  }
  if (hears) socket.waits_since.reset();
}

auto Network::closed(SocketId id, boost::system::errc::errc_t reason) -> Outcome {
  NetworkEvent event = event_at(id, NetworkEvent::Kind::closed);
  event.reason = boost::system::errc::make_error_code(reason);
  close(id);
  return event;
}

void Network::close(SocketId id) {
  nodes_[sockets_[id]->node()].sockets.erase(id);
  sockets_[id].reset();
  // The other end of a handshake that did not end: nobody has seen it.
  auto& other = sockets_[other_end(id)];
  if (other && !other->is_open && !other->is_connecting) other.reset();
}

void Network::release_if_done(SocketId id) {
  const Socket* here = find(id);
  const Socket* there = find(other_end(id));
  if (here == nullptr || there == nullptr || !here->is_done() || !there->is_done()) return;
  close(id);
  close(other_end(id));
}

}  // namespace ghmesh::sim
