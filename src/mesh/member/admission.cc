// SPDX-License-Identifier: Apache-2.0 OR MIT
// Before a connection has proven that it is of the swarm: one stream, few bytes, two seconds.
//
// The dialer proves itself first. From its own proof on, the listener takes whatever the dialer opens; but it opens
// nothing before the dialer has finished its side of the stream, which says that the listener's proof was good. So
// neither opens a stream that the other would still refuse.
#include "crypto/random.h"
#include "mesh/member/state.h"

namespace ghmesh::mesh {

void Member::State::emplace_machine(Admitting& one, Admission::Side side,
                                    const swarm::Connection& link, Now now) const {
  AdmissionNonce nonce;
  crypto::fill_random(nonce);
  const Admission::Connection connection{.side = side,
                                         .handshake_hash = link.handshake_hash(),
                                         .self = host.self(),
                                         .peer = link.peer()};
  one.machine.emplace(connection, keyring, nonce, now.instant);
}

void Member::State::begin_admission(ConnectionId connection, const PeerId& peer, Now now) {
  const auto* link = host.swarm().find(connection);
  if (!link) return;
  Admitting one{.peer = peer,
                .is_dialer = link->role() == connection::Role::dialer,
                .deadline = now.instant + kAdmissionTimeMax};
  if (one.is_dialer) {
    auto stream =
        host.swarm().open_stream(connection, {std::string(kAdmissionProtocol)}, now.instant);
    if (!stream) return refuse(connection, now);
    one.stream = *stream;
    emplace_machine(one, Admission::Side::dialer, *link, now);
    admission_streams.emplace(*stream, connection);
  }
  admitting.emplace(connection, std::move(one));
  drive_admission(connection, now);
}

void Member::State::handle_admission(const host::StreamEvent& event, Now now) {
  using Kind = swarm::Event::Kind;
  const ConnectionId connection = event.stream.connection;
  const auto found = admitting.find(connection);
  if (event.kind == Kind::opened) {
    // A second stream, or one after the admission, is nobody's.
    const auto* link = host.swarm().find(connection);
    if (!link || found == admitting.end() || found->second.is_dialer || found->second.stream) {
      ++counters.exchanges_refused;
      return host.swarm().reset(event.stream, now.instant);
    }
    found->second.stream = event.stream;
    emplace_machine(found->second, Admission::Side::listener, *link, now);
    admission_streams.emplace(event.stream, connection);
  } else if (event.kind == Kind::refused || event.kind == Kind::reset) {
    admission_streams.erase(event.stream);
    if (found != admitting.end()) refuse(connection, now);
    return;
  }
  drive_admission(connection, now);
}

void Member::State::drive_admission(ConnectionId connection, Now now) {
  const auto found = admitting.find(connection);
  if (found == admitting.end() || !found->second.machine) return;
  Admitting& one = found->second;
  Admission& machine = *one.machine;
  const StreamRef stream = *one.stream;
  swarm::Swarm& swarm = host.swarm();
  for (bool moved = true; moved;) {
    moved = false;
    if (const ByteView readable = swarm.readable(stream); !readable.empty()) {
      auto taken = machine.receive(readable, now.instant);
      if (!taken) return refuse(connection, now);
      swarm.consume(stream, *taken, now.instant);
      moved = *taken > 0;
    }
    if (!one.is_finished_there && swarm.is_at_end(stream)) {
      one.is_finished_there = true;
      if (!machine.peer_finished(now.instant)) return refuse(connection, now);
    }
    if (const ByteView output = machine.pending_output(); !output.empty()) {
      auto written = swarm.write(stream, output, now.instant);
      if (!written) return refuse(connection, now);
      machine.output_sent(*written, now.instant);
      moved = moved || *written > 0;
    }
  }
  if (!machine.is_done()) return;
  host.let_in(connection);
  if (!one.is_dialer && !one.is_finished_there) return;
  const PeerId peer = one.peer;
  const Admission::Under under = machine.admitted_under();
  host.admit(connection, now.instant);
  swarm.finish(stream, now.instant);
  admission_streams.erase(stream);
  admitting.erase(found);
  join(connection, peer, under, now);
}

void Member::State::tick_admissions(Now now) {
  std::vector<ConnectionId> late;
  for (const auto& [connection, one] : admitting)
    if (one.deadline <= now.instant) late.push_back(connection);
  for (const ConnectionId connection : late) refuse(connection, now);
}

void Member::State::refuse(ConnectionId connection, Now now) {
  ++counters.not_admitted;
  const auto proving = admitting.extract(connection);
  if (!proving.empty() && proving.mapped().stream)
    admission_streams.erase(*proving.mapped().stream);
  host.swarm().disconnect(connection, Errc::mesh_refused, now.instant);
}

}  // namespace ghmesh::mesh
