// SPDX-License-Identifier: Apache-2.0 OR MIT
// Connections, from the socket to the last words. Dialing stands in dial.cc.
#include "libp2p/swarm/swarm.h"

#include <algorithm>
#include <utility>

#include "libp2p/swarm/record.h"

namespace ghmesh::swarm {

Swarm::Swarm(Options options, const keys::PrivateKey& identity, Protocols protocols,
             std::uint64_t seed)
    : options_(std::move(options)),
      gate_(options_.gate),
      identity_(identity),
      self_(identity.peer_id()),
      protocols_(std::move(protocols)),
      random_(seed),
      accept_rate_(options_.limits.group_accepts_per_second, options_.limits.group_accepts_burst),
      backoff_(options_.limits) {}

Swarm::~Swarm() = default;

Swarm::Record* Swarm::record_of(ConnectionId connection) const {
  const auto found = records_.find(connection);
  return found == records_.end() ? nullptr : found->second.get();
}

const Connection* Swarm::find(ConnectionId connection) const {
  const Record* record = record_of(connection);
  return record && record->is_connected ? record->connection.get() : nullptr;
}

const Multiaddr* Swarm::remote_of(ConnectionId connection) const {
  const Record* record = record_of(connection);
  return record ? &record->remote : nullptr;
}

std::vector<ConnectionId> Swarm::connections_of(const PeerId& peer) const {
  const auto found = peers_.find(peer);
  return found == peers_.end() ? std::vector<ConnectionId>() : found->second;
}

std::vector<PeerId> Swarm::peers() const {
  std::vector<PeerId> all;
  for (const auto& [peer, connections] : peers_) all.push_back(peer);
  return all;
}

std::optional<Event> Swarm::next_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::optional<Action> Swarm::next_action() {
  while (!actions_.empty()) {
    Action action = std::move(actions_.front());
    actions_.pop_front();
    if (action.kind == Action::Kind::close) return action;
    Record* record = record_of(action.connection);
    if (!record) continue;  // it ended before its turn came
    if (action.kind == Action::Kind::ready) record->is_announced = false;
    return action;
  }
  return std::nullopt;
}

Result<void> Swarm::judge_inbound(const std::string& group, bool is_local, Instant now) {
  const auto refuse = [](std::uint64_t& counter, Errc reason) {
    ++counter;
    return Result<void>(reason);
  };
  const Limits& limits = options_.limits;
  if (!gate_.permits_group(group))
    return refuse(counters_.inbound_refused_gate, Errc::connection_refused);
  if (records_.size() >= limits.connections_max)
    return refuse(counters_.inbound_refused_total, Errc::limit_reached);
  const auto found = groups_.find(group);
  if (found != groups_.end() && found->second >= limits.group_connections_max)
    return refuse(counters_.inbound_refused_group, Errc::limit_reached);
  if (!is_local && !accept_rate_.take(group, now))
    return refuse(counters_.inbound_refused_rate, Errc::limit_reached);
  if (pending_inbound_ >= limits.pending_inbound_max && !make_pending_room(group, now))
    return refuse(counters_.inbound_refused_pending, Errc::limit_reached);
  return {};
}

// The oldest handshake of the group that has most of them goes: at once for a group that has fewer, for others when it
// has had its time. So those who say nothing keep nobody out for long, and one group not the others.
bool Swarm::make_pending_room(const std::string& group, Instant now) {
  std::map<std::string_view, std::size_t> pending;
  for (const auto& [id, record] : records_)
    if (record->is_inbound && !record->is_connected) ++pending[record->group];
  const auto most =
      std::ranges::max_element(pending, {}, [](const auto& one) { return one.second; });
  if (most == pending.end()) return false;
  const auto of_group = pending.find(group);
  const std::size_t own = of_group == pending.end() ? 0 : of_group->second;
  const auto oldest = std::ranges::find_if(records_, [&](const auto& entry) {
    const Record& record = *entry.second;
    return record.is_inbound && !record.is_connected && record.group == most->first;
  });
  const Record& record = *oldest->second;
  if (own + 1 >= most->second && now - record.began_at < options_.limits.pending_protected)
    return false;
  ++counters_.pending_evicted;
  end(record.id, Errc::connection_slow, now);
  return true;
}

Result<ConnectionId> Swarm::accepted(const Multiaddr& remote, Instant now) {
  std::string group = address_group(remote);
  auto judged = judge_inbound(group, is_loopback(remote), now);
  if (!judged) return judged.error();
  ++counters_.inbound_accepted;
  ++pending_inbound_;
  ++groups_[group];
  const ConnectionId id = next_connection_++;
  auto& record = records_[id] = std::make_unique<Record>(Record{
      .id = id, .remote = remote, .group = std::move(group), .is_inbound = true, .began_at = now});
  start(*record, connection::Role::listener, now);
  return id;
}

void Swarm::start(Record& record, connection::Role role, Instant now) {
  connection::Options options = options_.connection;
  options.expected_peer = record.expected_peer;
  record.connection =
      std::make_unique<Connection>(role, identity_, protocols_, std::move(options), now);
  settle(record, now);
}

void Swarm::receive(ConnectionId connection, ByteView bytes, Instant now) {
  Record* record = record_of(connection);
  if (!record || !record->connection) return;
  counters_.bytes_received += bytes.size();
  auto received = record->connection->receive(bytes, now);
  settle(*record, now);
  if (!received) end(connection, received.error(), now);
  else if (!wants_input(connection)) ++counters_.reads_held_back;
}

// Fair shares: one connection that is not read does not stop the others, and all together stay within the budget.
bool Swarm::wants_input(ConnectionId connection) const {
  const Record* record = record_of(connection);
  if (!record || !record->connection || !record->connection->wants_input()) return false;
  const std::size_t budget = options_.limits.unread_bytes_max;
  return unread_bytes_ < budget || record->unread_bytes <= budget / records_.size();
}

ByteView Swarm::pending_output(ConnectionId connection, Instant now) {
  Record* record = record_of(connection);
  return record && record->connection ? record->connection->pending_output(now) : ByteView();
}

void Swarm::output_sent(ConnectionId connection, std::size_t bytes_count, Instant now) {
  Record* record = record_of(connection);
  if (!record || !record->connection) return;
  counters_.bytes_sent += bytes_count;
  record->connection->output_sent(bytes_count, now);
  settle(*record, now);
}

void Swarm::closed(ConnectionId connection, Instant now) {
  end(connection, Errc::connection_lost, now);
}

void Swarm::disconnect(ConnectionId connection, Error reason, Instant now) {
  Record* record = record_of(connection);
  if (record && record->connection) record->connection->go_away();
  end(connection, reason, now);
}

void Swarm::deny(const PeerId& peer, Instant now) {
  gate_.denied_peers.insert(peer);
  for (const ConnectionId connection : connections_of(peer))
    disconnect(connection, Errc::connection_refused, now);
}

void Swarm::permit(const PeerId& peer) { gate_.denied_peers.erase(peer); }

void Swarm::tick(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Record& record = *record_of(deadlines_.begin()->second);
    if (!record.connection) {
      end(record.id, Errc::timed_out, now);
      continue;
    }
    auto ticked = record.connection->tick(now);
    const ConnectionId id = record.id;
    settle(record, now);
    if (!ticked) end(id, ticked.error(), now);
  }
  std::vector<DialId> due;
  for (const auto& [id, dial] : dials_)
    if (!dial.waiting.empty() && dial.next_attempt <= now) due.push_back(id);
  for (const DialId id : due) advance(id, now);
}

Instant Swarm::next_deadline() const {
  Instant deadline = deadlines_.empty() ? Instant::max() : deadlines_.begin()->first;
  for (const auto& [id, dial] : dials_)
    if (!dial.waiting.empty()) deadline = std::min(deadline, dial.next_attempt);
  return deadline;
}

void Swarm::note_deadline(Record& record) {
  const Instant deadline = record.connection ? record.connection->next_deadline() : record.deadline;
  if (deadline == record.deadline && record.connection) return;
  deadlines_.erase({record.deadline, record.id});
  record.deadline = deadline;
  if (deadline != Instant::max()) deadlines_.emplace(deadline, record.id);
}

void Swarm::settle(Record& record, Instant now) {
  const ConnectionId id = record.id;
  while (auto event = record.connection->next_event()) {
    pass_on(record, *event, now);
    if (!record_of(id)) return;
  }
  const std::size_t unread = record.connection->unread_bytes();
  unread_bytes_ += unread - record.unread_bytes;
  record.unread_bytes = unread;
  note_deadline(record);
  if (record.is_announced) return;
  record.is_announced = true;
  actions_.push_back({.kind = Action::Kind::ready, .connection = id});
}

void Swarm::pass_on(Record& record, const connection::Event& event, Instant now) {
  using From = connection::Event::Kind;
  const auto kind_of = [](From kind) {
    switch (kind) {
      case From::established: return Event::Kind::connected;
      case From::opened: return Event::Kind::opened;
      case From::agreed: return Event::Kind::agreed;
      case From::refused: return Event::Kind::refused;
      case From::readable: return Event::Kind::readable;
      case From::writable: return Event::Kind::writable;
      case From::finished: return Event::Kind::finished;
      case From::reset: return Event::Kind::reset;
      case From::going_away: return Event::Kind::going_away;
    }
    return Event::Kind::going_away;
  };
  if (event.kind == From::established) return greet(record, now);
  events_.push_back({.kind = kind_of(event.kind),
                     .stream = {record.id, event.stream},
                     .protocol = event.protocol});
}

// The peer is known: may it stay?
void Swarm::greet(Record& record, Instant now) {
  if (record.is_inbound) --pending_inbound_;
  record.is_connected = true;
  const PeerId peer = record.connection->peer();
  auto& connections = peers_[peer];
  connections.push_back(record.id);
  const bool is_allowed = peer != self_ && gate_.permits(peer);
  if (!is_allowed || connections.size() > options_.limits.peer_connections_max) {
    ++counters_.peers_refused;
    record.is_connected = false;  // nobody heard of it
    std::erase(connections, record.id);
    if (connections.empty()) peers_.erase(peer);
    if (record.is_inbound) ++pending_inbound_;  // end() takes it back
    return end(record.id, is_allowed ? Errc::limit_reached : Errc::connection_refused, now);
  }
  const DialId dial = std::exchange(record.dial, 0);
  events_.push_back(
      {.kind = Event::Kind::connected, .stream = {record.id, 0}, .peer = peer, .dial = dial});
  if (dial != 0) win(dial, record.id, now);
}

void Swarm::end(ConnectionId connection, Error reason, Instant now) {
  const auto found = records_.find(connection);
  if (found == records_.end()) return;
  const std::unique_ptr<Record> record = std::move(found->second);
  records_.erase(found);
  deadlines_.erase({record->deadline, connection});
  unread_bytes_ -= record->unread_bytes;
  ++counters_.ends[error_name(reason)];
  if (record->is_inbound) {
    if (!record->is_connected) --pending_inbound_;
    const auto group = groups_.find(record->group);
    if (--group->second == 0) groups_.erase(group);
  }
  Bytes last_words;
  if (record->connection) last_words = copy_bytes(record->connection->pending_output(now));
  actions_.push_back({.kind = Action::Kind::close,
                      .connection = connection,
                      .last_words = std::move(last_words),
                      .reason = reason});
  if (record->is_connected) {
    const PeerId& peer = record->connection->peer();
    auto& connections = peers_[peer];
    std::erase(connections, connection);
    events_.push_back({.kind = Event::Kind::disconnected,
                       .stream = {connection, 0},
                       .peer = peer,
                       .reason = reason});
    if (connections.empty()) peers_.erase(peer);
  }
  if (record->dial != 0) attempt_ended(record->dial, record->remote, connection, reason, now);
}

}  // namespace ghmesh::swarm
