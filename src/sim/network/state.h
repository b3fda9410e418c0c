// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the network knows of its nodes, links, sockets and datagrams. Private to the room.
#pragma once

#include <deque>

#include "sim/network/network.h"

namespace ghmesh::sim {

// What a queue's entry does to its subject.
enum class Network::Happening : std::uint8_t {
  action,        // at()
  timer,         // of a node
  datagram,      // to a node
  knock,         // SYN, of the socket that connects, at the listener
  answer_knock,  // SYN ACK, back at that socket
  refusal,       // RST instead of it
  arrival,       // of the first piece that a socket has under way
  writable,      // credit has come back to a socket
  reset,         // RST, at a socket
  give_up,       // of a socket that has waited for socket_timeout
};

struct Network::Link {
  Way way;
  LinkConfig config;
  bool is_cut = false;
  Instant busy_until{};  // the rate lets nothing more depart before
};

struct Network::Node {
  std::uint32_t island = 0;
  bool is_listening = false;
  Instant timer = Instant::max();
  Instant timer_queued = Instant::max();  // the earliest entry for it in the queue
  std::set<SocketId> sockets;
};

struct Network::Datagram {
  Way way;
  Bytes bytes;
};

struct Network::Piece {
  enum class What { data, hello, end };  // hello completes the handshake, end is a FIN
  What what = What::data;
  Bytes bytes;
  Instant arrives_at{};
};

// One end. It keeps what it sends until that arrives, and what has arrived until that is consumed.
struct Network::Socket {
  struct Credit {
    Instant at;
    std::size_t bytes_count;
  };

  Link* out;   // from here to the other end
  Link* back;  // and from there
  Carries carries;
  bool is_open = false;  // false before the handshake; later a socket that is not open is gone
  bool is_connecting = false;
  std::uint32_t knocks_count = 0;

  std::deque<Piece> under_way;  // in order of arrival
  bool is_arrival_queued = false;
  Instant last_arrival{};
  bool is_stalled = false;             // the link is cut: nothing arrives until it is healed
  std::optional<Instant> waits_since;  // for a sign of life, because the link is cut

  std::size_t unread_there = 0;  // written here, and no credit for it has come back
  std::deque<Credit> credits;    // on their way back
  std::size_t held_credit = 0;   // that the cut link holds back
  bool wants_to_write = false;
  bool is_writable_queued = false;

  Bytes unread;  // [unread_begin, end) is what readable() shows
  std::size_t unread_begin = 0;
  bool is_finished_here = false;
  bool is_finished_there = false;

  NodeId node() const { return out->way.from; }
  NodeId peer() const { return out->way.to; }
  bool is_done() const {
    return is_finished_here && is_finished_there && under_way.empty() &&
           unread_begin == unread.size();
  }
};

}  // namespace ghmesh::sim
