// SPDX-License-Identifier: Apache-2.0 OR MIT
// Dialing: several addresses, one peer. Addresses are tried in order, the next one joins when the last has had a
// moment, and the first connection that proves the peer ends the others (RFC 8305, 5).
#include <algorithm>
#include <utility>

#include "libp2p/swarm/record.h"
#include "libp2p/swarm/swarm.h"

namespace ghmesh::swarm {
namespace {

using multiformats::Protocol;

bool is_dialable(const Multiaddr& address) {
  const auto target = multiformats::tcp_target(address);
  return target &&
         (target->host_protocol == Protocol::ip4 || target->host_protocol == Protocol::ip6) &&
         target->port != 0;
}

// An address that names a peer is of use only for that peer.
bool leads_to(const Multiaddr& address, const std::optional<PeerId>& peer) {
  const Multiaddr::Part* named = address.find(Protocol::p2p);
  return !named || !peer || equal(named->value, peer->bytes());
}

}  // namespace

Result<DialId> Swarm::dial(std::optional<PeerId> peer, std::vector<Multiaddr> addresses,
                           Instant now, DialReason reason) {
  const Limits& limits = options_.limits;
  if (peer && (*peer == self_ || !gate_.permits(*peer))) return Errc::connection_refused;
  if (dials_.size() >= limits.dials_max) return Errc::limit_reached;
  const auto is_suggested = [](const auto& entry) {
    return entry.second.reason == DialReason::suggested;
  };
  const auto suggested_count =
      static_cast<std::size_t>(std::ranges::count_if(dials_, is_suggested));
  if (reason == DialReason::suggested && suggested_count >= limits.suggested_dials_max) {
    ++counters_.suggested_dials_refused;
    return Errc::limit_reached;
  }
  Dial dial{.reason = reason,
            .peer = std::move(peer),
            .waiting = {},
            .attempts = {},
            .next_attempt = now,
            .last_error = {}};
  bool is_held_back = false;
  for (const Multiaddr& address : addresses) {
    if (!is_dialable(address) || !leads_to(address, dial.peer)) continue;
    const Multiaddr target = address.without_peer();
    if (!gate_.permits_group(address_group(target))) continue;
    if (std::find(dial.waiting.begin(), dial.waiting.end(), target) != dial.waiting.end()) continue;
    if (backoff_.is_held_back(target, now)) {
      ++counters_.dials_held_back;
      is_held_back = true;
      continue;
    }
    if (dial.waiting.size() < limits.dial_addresses_max) dial.waiting.push_back(target);
  }
  if (dial.waiting.empty()) return is_held_back ? Errc::dial_backoff : Errc::dial_no_address;
  const DialId id = next_dial_++;
  dials_.emplace(id, std::move(dial));
  advance(id, now);
  return id;
}

void Swarm::advance(DialId id, Instant now) {
  const auto found = dials_.find(id);
  if (found == dials_.end()) return;
  Dial& dial = found->second;
  while (!dial.waiting.empty() && dial.attempts.size() < options_.limits.dial_attempts_max &&
         (dial.attempts.empty() || dial.next_attempt <= now)) {
    const Multiaddr address = std::move(dial.waiting.front());
    dial.waiting.pop_front();
    attempt(id, dial, address, now);
  }
  // With all places taken, the end of an attempt makes room, and not the time.
  if (dial.attempts.size() >= options_.limits.dial_attempts_max) dial.next_attempt = Instant::max();
  if (!dial.attempts.empty() || !dial.waiting.empty()) return;
  ++counters_.dials_failed;
  events_.push_back({.kind = Event::Kind::dial_failed,
                     .peer = dial.peer.value_or(PeerId()),
                     .dial = id,
                     .reason = dial.last_error});
  dials_.erase(found);
}

void Swarm::attempt(DialId id, Dial& dial, const Multiaddr& address, Instant now) {
  ++counters_.dial_attempts;
  const ConnectionId connection = next_connection_++;
  dial.attempts.insert(connection);
  dial.next_attempt = now + options_.limits.dial_stagger;
  const Instant deadline = now + options_.limits.dial_deadline;
  records_[connection] = std::make_unique<Record>(Record{.id = connection,
                                                         .remote = address,
                                                         .dial = id,
                                                         .expected_peer = dial.peer,
                                                         .deadline = deadline});
  deadlines_.emplace(deadline, connection);
  actions_.push_back({.kind = Action::Kind::dial, .connection = connection, .address = address});
}

void Swarm::dialed(ConnectionId connection, Instant now) {
  Record* record = record_of(connection);
  if (record && !record->connection) start(*record, connection::Role::dialer, now);
}

void Swarm::dial_failed(ConnectionId connection, Error reason, Instant now) {
  end(connection, reason, now);
}

void Swarm::attempt_ended(DialId id, const Multiaddr& address, ConnectionId connection,
                          Error reason, Instant now) {
  // Somebody else lives there: that says nothing against the address.
  if (reason != Errc::noise_wrong_peer) backoff_.failed(address, random_, now);
  const auto found = dials_.find(id);
  if (found == dials_.end()) return;
  found->second.attempts.erase(connection);
  found->second.last_error = reason;
  if (found->second.next_attempt == Instant::max()) found->second.next_attempt = now;
  advance(id, now);
}

void Swarm::win(DialId id, ConnectionId connection, Instant now) {
  const auto found = dials_.find(id);
  if (found == dials_.end()) return;
  const Dial dial = std::move(found->second);
  dials_.erase(found);
  backoff_.succeeded(record_of(connection)->remote);
  for (const ConnectionId other : dial.attempts) {
    Record* record = record_of(other);
    if (!record || other == connection) continue;
    record->dial = 0;  // it did not fail: it was too late
    end(other, Errc::cancelled, now);
  }
}

}  // namespace ghmesh::swarm
