// SPDX-License-Identifier: Apache-2.0 OR MIT
// Members come and go; the others' affairs stand in admission.cc, gossip.cc, exchange.cc, leases.cc and bodies.cc.
#include "mesh/member/member.h"

#include <algorithm>

#include "mesh/member/state.h"

namespace ghmesh::mesh {
namespace {

// The keys change with the UTC day: clocks that are a minute apart are ordinary, and yesterday's are read anyway.
constexpr Duration kEpochLook = 30s;

// From this size on, a member says to its neighbours that it has a message, in 80 bytes. The statements of small
// documents begin at 200; in a swarm where everybody is connected to everybody, each would come six times without that
// word.
constexpr std::size_t kToldOfBytesMin = 160;

bool has_name(const Multiaddr& address) {
  const auto target = multiformats::tcp_target(address.without_peer());
  return target && target->host_protocol != multiformats::Protocol::ip4 &&
         target->host_protocol != multiformats::Protocol::ip6;
}

gossipsub::TopicOptions topic_options() { return {.needs_verdict = true}; }

}  // namespace

host::Options Member::host_options(const Keyring& keyring, WallTime now, host::Options base) {
  base.admission_protocol = std::string(kAdmissionProtocol);
  for (const std::string_view protocol :
       {std::string_view(kAdmissionProtocol), kFetchProtocol, kLeaseProtocol, kWarmProtocol,
        kBoardProtocol, kRecallProtocol})
    base.protocols.emplace_back(protocol);
  gossipsub::Options gossip = base.gossip.value_or(gossipsub::Options());
  for (const EpochKeys& keys : keyring.readable()) gossip.topics[keys.topic] = topic_options();
  gossip.idontwant_bytes_min = std::min(gossip.idontwant_bytes_min, kToldOfBytesMin);
  // Grows over restarts, and faster than anybody says anything.
  if (gossip.first_seqno == 0)
    gossip.first_seqno = static_cast<std::uint64_t>(to_seconds(now)) * 1'000'000'000;
  base.gossip = std::move(gossip);
  return base;
}

Member::State::State(host::Host& host_in, Ledger& ledger_in, Keyring keyring_in, std::uint64_t seed,
                     Now now, Sealer sealer_in)
    : host(host_in),
      ledger(ledger_in),
      keyring(std::move(keyring_in)),
      random(seed),
      sealer(sealer_in),
      roster(host.self(), random()) {
  rendezvous.add(host.self());
  for (const EpochKeys& keys : keyring.readable()) {
    static_cast<void>(host.subscribe(keys.topic, now.instant));  // host_options() has made them
    topics.insert(keys.topic);
  }
  next_epoch_look = now.instant + kEpochLook;
}

void Member::State::handle(const host::Event& event, Now now) {
  if (const auto* connected = std::get_if<host::Connected>(&event)) {
    handle_connected(*connected, now);
  } else if (const auto* disconnected = std::get_if<host::Disconnected>(&event)) {
    handle_disconnected(*disconnected, now);
  } else if (const auto* failed = std::get_if<host::DialFailed>(&event)) {
    const auto call = dials.extract(failed->dial);
    if (!call.empty()) roster.failed(call.mapped(), now.instant);
  } else if (const auto* identified = std::get_if<host::Identified>(&event)) {
    roster.learn(identified->peer, identified->info.addresses, now.wall, now.instant);
  } else if (const auto* ponged = std::get_if<host::Ponged>(&event)) {
    const auto peer = peers.find(ponged->peer);
    if (peer != peers.end()) peer->second.round_trip = ponged->round_trip;
  } else if (const auto* stream = std::get_if<host::StreamEvent>(&event)) {
    handle_stream(*stream, now);
  } else if (const auto* gossip = std::get_if<gossipsub::Event>(&event)) {
    if (const auto* message = std::get_if<gossipsub::Delivered>(gossip))
      handle_message(*message, now);
  }
  tick_roster(now);
}

void Member::State::handle_connected(const host::Connected& event, Now now) {
  const auto call = dials.extract(event.dial);
  if (!call.empty()) roster.answered(call.mapped(), event.peer);
  // By an earlier process of ours: the ledger remembers.
  if (ledger.is_expelled(event.peer, now.wall)) return expel(event.peer, now);
  begin_admission(event.connection, event.peer, now);
}

void Member::State::join(ConnectionId connection, const PeerId& id, Admission::Under under,
                         Now now) {
  const auto [found, is_new] = peers.try_emplace(id);
  Peer& peer = found->second;
  peer.connections.emplace(connection, under);
  if (!is_new) return;
  ++counters.admitted;
  peer.since = now.instant;
  const auto* link = host.swarm().find(connection);
  peer.is_outbound = link && link->role() == connection::Role::dialer;
  roster.connected(id, now.wall);
  rendezvous.add(id);
  events.push_back(MemberJoined{.peer = id});
  next_presence = std::min(next_presence, now.instant + kPresenceDelay);
  ask_warmth(now);
  ask_board(now);
}

void Member::State::handle_disconnected(const host::Disconnected& event, Now now) {
  const auto found = peers.find(event.peer);
  if (found != peers.end()) {
    found->second.connections.erase(event.connection);
    if (found->second.connections.empty()) {
      peers.erase(found);
      // First of all: what its streams held up asks again, and must find another home.
      rendezvous.remove(event.peer);
      // Alone, it misses what is put meanwhile.
      if (peers.empty()) {
        is_board_known = false;
        boards_asked.clear();
      }
      events.push_back(MemberLeft{.peer = event.peer, .reason = event.reason});
    }
  }
  if (event.is_last) roster.disconnected(event.peer, now.instant);
  const auto proving = admitting.extract(event.connection);
  if (!proving.empty() && proving.mapped().stream)
    admission_streams.erase(*proving.mapped().stream);
  std::vector<StreamRef> gone;
  for (auto each = exchanges.lower_bound({.connection = event.connection, .stream = 0});
       each != exchanges.end() && each->first.connection == event.connection; ++each)
    gone.push_back(each->first);
  for (const StreamRef stream : gone) forget(stream, Errc::connection_lost, now);
  drain_table(now);
}

void Member::State::handle_stream(const host::StreamEvent& event, Now now) {
  if (admission_streams.contains(event.stream) || event.protocol == kAdmissionProtocol)
    return handle_admission(event, now);
  handle_exchange(event, now);
}

// It lied, and was found out: nothing of it is heard any more.
void Member::State::expel(const PeerId& peer, Now now) {
  roster.forget(peer);
  presences.erase(peer);
  board.forget(peer);
  denied.insert(peer);
  host.swarm().deny(peer, now.instant);
}

// Its time is over: it may come back.
void Member::State::forgive(Now now) {
  std::erase_if(denied, [&](const PeerId& peer) {
    if (ledger.is_expelled(peer, now.wall)) return false;
    host.swarm().permit(peer);
    return true;
  });
}

void Member::State::tick(Now now) {
  tick_admissions(now);
  tick_exchanges(now);
  table.tick(now.instant);
  drain_table(now);
  tick_epoch(now);
  tick_presence(now);
  tell_shared(now);
  follow_ledger(now);
  tick_roster(now);
}

void Member::State::tick_epoch(Now now) {
  if (now.instant < next_epoch_look) return;
  next_epoch_look = now.instant + kEpochLook;
  forgive(now);
  const bool had_previous = keyring.previous() != nullptr;
  if (!keyring.tick(now.wall)) return;
  follow_keyring(now);
  if (had_previous && !keyring.previous()) part_from_previous(now);
}

void Member::State::rotate(const SwarmSecret& next, Now now) {
  const bool had_previous = keyring.previous() != nullptr;
  const SwarmKeys before = keyring.newest();
  keyring.rotate(next, now.wall);
  if (keyring.newest() == before) return;
  // Yet another secret before the last one was forgotten: that one is forgotten now.
  if (had_previous) part_from_previous(now);
  for (auto& [id, peer] : peers)
    for (auto& [connection, under] : peer.connections) under = Admission::Under::previous;
  follow_keyring(now);
}

// The topics of today's keys, and no others.
void Member::State::follow_keyring(Now now) {
  std::set<std::string> wanted;
  for (const EpochKeys& keys : keyring.readable()) wanted.insert(keys.topic);
  for (const std::string& topic : topics)
    if (!wanted.contains(topic)) host.remove_topic(topic, now.instant);
  for (const std::string& topic : wanted) {
    if (topics.contains(topic)) continue;
    static_cast<void>(host.add_topic(topic, topic_options(), now.instant));
    static_cast<void>(host.subscribe(topic, now.instant));
  }
  topics = std::move(wanted);
}

// Who was let in by a secret that counts no longer proves itself again, by the one that does.
void Member::State::part_from_previous(Now now) {
  for (const auto& [id, peer] : peers)
    for (const auto& [connection, under] : peer.connections)
      if (under == Admission::Under::previous)
        host.swarm().disconnect(connection, Errc::mesh_refused, now.instant);
}

void Member::State::tick_roster(Now now) {
  for (Roster::Call& call : roster.next_calls(now.instant)) {
    if (std::ranges::any_of(call.addresses, has_name)) {
      events.push_back(DialWanted{.call = std::move(call)});
      continue;
    }
    auto peer = call.peer;
    auto dial = host.dial(std::move(peer), call.addresses, now.instant);
    if (dial) dials.emplace(*dial, std::move(call));
    else roster.failed(call, now.instant);
  }
}

Instant Member::State::next_deadline() const {
  Instant deadline =
      std::min({next_presence, next_epoch_look, table.next_deadline(), roster.next_deadline()});
  if (!deadlines.empty()) deadline = std::min(deadline, deadlines.begin()->first);
  deadline = std::min(deadline, next_telling());
  for (const auto& [connection, one] : admitting) deadline = std::min(deadline, one.deadline);
  return deadline;
}

// --- the door ---

Member::Member(host::Host& host, Ledger& ledger, Keyring keyring, std::uint64_t seed, Now now,
               Sealer sealer)
    : state_(std::make_unique<State>(host, ledger, std::move(keyring), seed, now, sealer)) {}
Member::~Member() = default;

void Member::handle(const host::Event& event, Now now) { state_->handle(event, now); }
void Member::tick(Now now) { state_->tick(now); }
Instant Member::next_deadline() const { return state_->next_deadline(); }

std::optional<MemberEvent> Member::next_event() {
  if (state_->events.empty()) return std::nullopt;
  MemberEvent event = std::move(state_->events.front());
  state_->events.pop_front();
  return event;
}

Roster& Member::roster() { return state_->roster; }
const Keyring& Member::keyring() const { return state_->keyring; }

void Member::dial_failed(const Roster::Call& call, Now now) {
  state_->roster.failed(call, now.instant);
}
void Member::dial_begun(const Roster::Call& call, host::DialId dial) {
  state_->dials.emplace(dial, call);
}

void Member::rotate(const SwarmSecret& next, Now now) { state_->rotate(next, now); }

void Member::set_figures(const NodeFigures& figures) { state_->figures = figures; }
void Member::set_addresses(std::vector<Multiaddr> addresses, Now now) {
  state_->addresses = std::move(addresses);
  state_->next_presence = std::min(state_->next_presence, now.instant + kPresenceDelay);
}
void Member::ping_all(Now now) {
  for (const auto& [id, peer] : state_->peers)
    static_cast<void>(state_->host.ping(id, now.instant));  // who is gone is not measured
}

Result<void> Member::tell(Announcement announcement, Now now) {
  return state_->tell(std::move(announcement), now);
}
LeaseId Member::ask_lease(const KeyAndTag& subject, LeaseAsk::What what, Now now) {
  return state_->ask_lease(subject, what, now);
}
void Member::end_lease(LeaseId lease, bool was_told, Now now) {
  state_->end_lease(lease, was_told, now);
}
BodyId Member::ask_body(const Statement& statement, Now now) {
  return state_->ask_body(statement, now);
}

Result<void> Member::share(Shared said, Now now) { return state_->share(std::move(said), now); }
RecallId Member::recall(const std::string& name, Now now) { return state_->recall(name, now); }
void Member::end_recall(RecallId id, Now now) {
  if (state_->recalls.contains(id)) state_->end_recall(id, std::nullopt, now);
}
void Member::answer_recall(host::StreamRef asker, const std::optional<Shared>& found, Now now) {
  state_->answer_recall(asker, found, now);
}
const Board& Member::board() const { return state_->board; }

std::vector<PeerId> Member::members() const {
  std::vector<PeerId> members;
  for (const auto& [id, peer] : state_->peers) members.push_back(id);
  return members;
}

std::vector<MemberView> Member::views(Now now) const {
  std::vector<MemberView> views;
  for (const auto& [id, peer] : state_->peers) {
    MemberView view{.id = id,
                    .is_outbound = peer.is_outbound,
                    .connected_for = now.instant - peer.since,
                    .round_trip = peer.round_trip};
    for (const Multiaddr& address : state_->roster.addresses_of(id))
      view.addresses.push_back(address.text());
    const auto said = state_->presences.find(id);
    if (said != state_->presences.end()) {
      view.figures = said->second.figures;
      view.presence_at = said->second.said_at;
    }
    if (const auto* info = state_->host.info_of(id)) view.agent = info->agent_version;
    views.push_back(std::move(view));
  }
  return views;
}

const std::map<PeerId, Presence>& Member::presences() const { return state_->presences; }
const MemberCounters& Member::counters() const { return state_->counters; }
const LeaseTable::Counters& Member::lease_counters() const { return state_->table.counters(); }
std::size_t Member::exchanges_count() const { return state_->exchanges.size(); }

}  // namespace ghmesh::mesh
