// SPDX-License-Identifier: Apache-2.0 OR MIT
// The streams that a host serves itself: identify and its push, ping, perf. Each is a machine on a stream; this drives
// them all alike (libp2p/stream/machine.h).
#include <algorithm>
#include <type_traits>
#include <utility>

#include "crypto/random.h"
#include "libp2p/host/host.h"
#include "libp2p/host/peer.h"

namespace ghmesh::host {
namespace {

// For the peer to finish its side of a stream on which all is said.
constexpr Duration kLingerDeadline = 10s;

// The failures that say that the peer speaks a protocol wrongly are worth a count; a lost connection is not.
bool is_ordinary(const Error& reason) {
  return reason == Errc::connection_lost || reason == Errc::cancelled;
}

}  // namespace

void Host::schedule(StreamRef stream, BuiltIn& built_in, Instant deadline) {
  if (deadline == built_in.deadline) return;
  deadlines_.erase({built_in.deadline, stream});
  built_in.deadline = deadline;
  if (deadline != Instant::max()) deadlines_.emplace(deadline, stream);
}

Result<StreamRef> Host::open_built_in(ConnectionId connection, BuiltIn built_in, Instant now) {
  auto stream = swarm_->open_stream(connection, {built_in.protocol}, now);
  if (!stream) return stream;
  built_ins_.emplace(*stream, std::move(built_in));
  drive(*stream, now);
  return stream;
}

void Host::accept_built_in(const swarm::Event& event, const PeerId& peer, Instant now) {
  const auto is_alike = [&](const auto& entry) {
    return entry.first.connection == event.stream.connection && entry.second.is_inbound &&
           entry.second.protocol == event.protocol;
  };
  if (std::ranges::count_if(built_ins_, is_alike) >= std::ptrdiff_t{kBuiltInStreamsMax}) {
    ++counters_.streams_refused;
    return drop(event.stream, now);
  }
  auto machine = make_responder(event, peer, now);
  if (!machine) {
    ++counters_.streams_refused;
    return drop(event.stream, now);
  }
  built_ins_.emplace(event.stream, BuiltIn{.peer = peer,
                                           .protocol = event.protocol,
                                           .is_inbound = true,
                                           .machine = std::move(*machine)});
  drive(event.stream, now);
}

std::optional<Host::Machine> Host::make_responder(const swarm::Event& event, const PeerId& peer,
                                                  Instant now) {
  const ConnectionId connection = event.stream.connection;
  const swarm::Connection* found = swarm_->find(connection);
  const Multiaddr* remote = swarm_->remote_of(connection);
  if (!found || !remote) return std::nullopt;
  if (event.protocol == ping::kProtocol) return ping::Responder(now);
  if (event.protocol == perf::kProtocol) return perf::Server({}, now);
  if (event.protocol == identify::kProtocol) return announcement(connection, now);
  if (!push_gate_.admit(peer, swarm::address_group(*remote), now)) return std::nullopt;
  return identify::Receiver(found->peer_key(), now);
}

void Host::complete(StreamRef stream, BuiltIn& built_in, Instant now) {
  if (std::holds_alternative<identify::Receiver>(built_in.machine))
    return learn(built_in, stream.connection, now);
  if (const auto* client = std::get_if<perf::Client>(&built_in.machine))
    events_.push_back(PerfDone{.peer = built_in.peer,
                               .bytes_up = client->request().upload_bytes,
                               .bytes_down = client->request().download_bytes,
                               .upload = client->upload_time(),
                               .download = client->download_time()});
}

void Host::handle_built_in(const swarm::Event& event, Instant now) {
  using Kind = swarm::Event::Kind;
  if (event.kind == Kind::refused) return fail(event.stream, Errc::multistream_refused, now);
  if (event.kind == Kind::reset) return fail(event.stream, Errc::connection_lost, now);
  drive(event.stream, now);
}

// Carries bytes both ways until neither can move.
void Host::drive(StreamRef stream, Instant now) {
  BuiltIn& built_in = built_ins_.at(stream);
  if (built_in.is_complete) return linger(stream, built_in, now);
  auto driven = std::visit([&](auto& machine) { return carry(stream, built_in, machine, now); },
                           built_in.machine);
  if (!driven) return fail(stream, driven.error(), now);
  const auto [is_done, deadline] = std::visit(
      [](const auto& machine) { return std::pair(machine.is_done(), machine.next_deadline()); },
      built_in.machine);
  if (!is_done) return schedule(stream, built_in, deadline);
  if (!built_in.is_finished_here) swarm_->finish(stream, now);
  built_in.is_complete = true;
  complete(stream, built_in, now);
  schedule(stream, built_in, now + kLingerDeadline);
  linger(stream, built_in, now);
}

// Nothing is left to say, but the peer has not finished its side. A reset could overtake what it has not read yet.
void Host::linger(StreamRef stream, BuiltIn& built_in, Instant now) {
  swarm_->consume(stream, swarm_->readable(stream).size(), now);
  if (!swarm_->is_at_end(stream)) return;
  schedule(stream, built_in, Instant::max());
  built_ins_.erase(stream);
  ended_.insert(stream);
}

// What has met its deadline.
void Host::tick_built_ins(Instant now) {
  std::vector<StreamRef> due;
  for (auto each = deadlines_.begin(); each != deadlines_.end() && each->first <= now; ++each)
    due.push_back(each->second);
  for (const StreamRef stream : due) {
    const auto found = built_ins_.find(stream);
    if (found == built_ins_.end()) continue;
    if (found->second.is_complete) {
      fail(stream, Errc::cancelled, now);
      continue;
    }
    auto ticked =
        std::visit([now](auto& machine) { return machine.tick(now); }, found->second.machine);
    if (!ticked) fail(stream, ticked.error(), now);
    else drive(stream, now);
  }
}

template <class One>
Result<void> Host::carry(StreamRef stream, BuiltIn& built_in, One& machine, Instant now) {
  for (bool moved = true; moved;) {
    moved = false;
    const ByteView readable = swarm_->readable(stream);
    if (!readable.empty()) {
      auto taken = machine.receive(readable, now);
      if (!taken) return taken.error();
      swarm_->consume(stream, *taken, now);
      moved = *taken > 0;
    }
    if (!built_in.is_finished_there && swarm_->is_at_end(stream)) {
      built_in.is_finished_there = true;
      auto finished = machine.peer_finished(now);
      if (!finished) return finished;
    }
    if constexpr (std::is_same_v<One, ping::Pinger>) note_pong(built_in, machine, now);
    const ByteView output = machine.pending_output();
    if (!output.empty()) {
      auto written = swarm_->write(stream, output, now);
      if (!written) return Errc::connection_lost;
      machine.output_sent(*written, now);
      moved = moved || *written > 0;
    } else if (machine.wants_finish() && !built_in.is_finished_here) {
      built_in.is_finished_here = true;
      swarm_->finish(stream, now);
    }
  }
  return {};
}

// One stream carries one ping of ours: opening it costs no round trip, and its end says that the peer is done too.
void Host::note_pong(BuiltIn& built_in, ping::Pinger& pinger, Instant now) {
  if (built_in.is_answered || !pinger.round_trip()) return;
  built_in.is_answered = true;
  events_.push_back(Ponged{.peer = built_in.peer, .round_trip = *pinger.round_trip()});
  pinger.finish(now);
}

void Host::fail(StreamRef stream, Error reason, Instant now) {
  const auto node = built_ins_.extract(stream);
  if (node.empty()) return;
  const BuiltIn& built_in = node.mapped();
  deadlines_.erase({built_in.deadline, stream});
  drop(stream, now);
  if (!is_ordinary(reason)) ++counters_.streams_failed;
  if (built_in.is_complete) return;
  if (std::holds_alternative<ping::Pinger>(built_in.machine) && !built_in.is_answered)
    events_.push_back(PingFailed{.peer = built_in.peer, .reason = reason});
  if (std::holds_alternative<perf::Client>(built_in.machine)) {
    PerfDone failed{.peer = built_in.peer};
    failed.reason = reason;
    events_.push_back(failed);
  }
}

Result<void> Host::ping(const PeerId& peer, Instant now) {
  const auto connections = swarm_->connections_of(peer);
  if (connections.empty()) return Errc::connection_lost;
  ping::Pinger pinger(now);
  ping::Pinger::Payload payload;
  crypto::fill_random(payload);
  pinger.ping(payload, now);
  auto opened = open_built_in(connections.front(),
                              {.peer = peer,
                               .protocol = std::string(ping::kProtocol),
                               .is_inbound = false,
                               .machine = std::move(pinger)},
                              now);
  return opened ? Result<void>() : opened.error();
}

Result<void> Host::perf(const PeerId& peer, std::uint64_t bytes_up, std::uint64_t bytes_down,
                        Instant now) {
  const auto connections = swarm_->connections_of(peer);
  if (connections.empty()) return Errc::connection_lost;
  const perf::Request request{.upload_bytes = bytes_up, .download_bytes = bytes_down};
  auto opened = open_built_in(connections.front(),
                              {.peer = peer,
                               .protocol = std::string(perf::kProtocol),
                               .is_inbound = false,
                               .machine = perf::Client(request, now)},
                              now);
  return opened ? Result<void>() : opened.error();
}

}  // namespace ghmesh::host
