// SPDX-License-Identifier: Apache-2.0 OR MIT
// The mesh's thread: sockets, time and files. What it tells serving threads stands in words.cc.
#include "node/mesh/mesh_node.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <stdexcept>

#include "base/log.h"
#include "crypto/random.h"
#include "node/mesh/state.h"

namespace ghmesh::node {
namespace {

using mesh::Member;
using multiformats::Multiaddr;

// What was heard since the last save may be heard again after a crash: it is bounded by GitHub's dates all the same.

constexpr Duration kDirectoryInterval = 10s;
constexpr Duration kPingInterval = 30s;
// A thread that serves requests waits so long at most for what the mesh has to tell; it takes it microseconds.
constexpr Duration kStatusPatience = 1s;

std::uint64_t random_seed() {
  std::array<std::byte, 8> bytes;
  crypto::fill_random(bytes);
  return load_big_endian<std::uint64_t>(bytes);
}

host::Options host_options(const mesh::Keyring& keyring, const std::string& version) {
  host::Options options;
  options.started_at = read_clocks().wall;
  options.version = version;
  // Whoever takes over from a dead process of this identity does so within the same second, and must not repeat its
  // numbers: it would be heard as an echo.
  gossipsub::Options gossip = options.gossip.value_or(gossipsub::Options());
  gossip.first_seqno = static_cast<std::uint64_t>(
      std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  options.gossip = std::move(gossip);
  return Member::host_options(keyring, options.started_at, std::move(options));
}

}  // namespace

MeshNode::State::State(const MeshOptions& options, std::function<mesh::NodeFigures()> figures_in)
    : trust(options.trust),
      version(options.version),
      upstream_origin(options.upstream_origin),
      figures(std::move(figures_in)),
      shared(options.shared),
      files(options.state_dir, options.peer_list_file, options.peer_directory),
      identity(files.load_key()),
      ledger(multiformats::PeerId::of_public_key(identity.public_key().serialized()),
             {.trust = options.trust, .bytes_max = options.memory_bytes_max}),
      first_keyring(options.secret, read_clocks().wall, options.previous_secret),
      host(host_options(first_keyring, options.version), identity, random_seed(),
           read_clocks().instant),
      member(host, ledger, first_keyring, random_seed(), read_clocks()),
      random(random_seed()),
      driver(context.get_executor(), host, [this](const host::Event& event) { handle(event); }),
      timer(context) {
  if (auto saved = files.load_ledger()) {
    auto loaded = ledger.load(*saved, read_clocks().wall);
    if (!loaded) {
      log::warn("mesh_ledger_damaged", {{"error", loaded.error()}});
      files.set_ledger_aside();
    }
    // Read once: what was closed in order is open again.
    files.save_ledger(ledger.save(mesh::Ledger::Closing::no, read_clocks().wall));
  }
  use_names(first_keyring.newest());
  const Now now = clocks();
  for (const Multiaddr& peer : options.peers) member.roster().add_static(peer, now.instant);
  for (mesh::ListedPeer& peer : files.load_peers(first_keyring))
    member.roster().learn(peer.id, std::move(peer.addresses), peer.seen_at, now.instant);
  listen(options);
}

MeshNode::State::~State() = default;

void MeshNode::State::listen(const MeshOptions& options) {
  std::vector<Multiaddr> bound;
  for (const Multiaddr& address : options.listen) {
    auto listening = driver.listen(address);
    if (!listening)
      throw std::runtime_error("cannot listen on " + address.text() + ": " +
                               listening.error().message());
    bound.insert(bound.end(), listening->begin(), listening->end());
  }
  for (const Multiaddr& address : bound)
    addresses.push_back(address.text() + "/p2p/" + host.self().text());
  const Now now = clocks();
  host.set_listen_addresses(bound, now.instant);
  member.set_addresses(bound, now);
  if (!options.discovers_locally) return;
  auto discovering = driver.discover();
  if (!discovering) log::warn("mesh_no_local_discovery", {{"error", discovering.error()}});
}

void MeshNode::State::handle(const host::Event& event) {
  const auto settle_ping = [this](const multiformats::PeerId& peer, Result<Duration> outcome) {
    for (auto [each, end] = pings.equal_range(peer); each != end; each = pings.erase(each)) {
      each->second->outcome = outcome;
      each->second->settled.set();
    }
  };
  if (const auto* ponged = std::get_if<host::Ponged>(&event))
    settle_ping(ponged->peer, ponged->round_trip);
  else if (const auto* failed = std::get_if<host::PingFailed>(&event))
    settle_ping(failed->peer, failed->reason);
  member.handle(event, clocks());
  drain_member();
  arm();
}

void MeshNode::State::settle() {
  drain_member();
  driver.turn();
  drain_member();
  arm();
}

void MeshNode::State::drain_member() {
  while (auto event = member.next_event()) handle(*event);
  members_count = member.members().size();
}

void MeshNode::State::handle(const mesh::MemberEvent& event) {
  if (const auto* settled = std::get_if<mesh::LeaseSettled>(&event)) {
    const auto pending = turns.extract(settled->lease);
    if (pending.empty()) return;
    pending.mapped()->word = settled->word;
    pending.mapped()->settled.set();
  } else if (const auto* arrived = std::get_if<mesh::BodyArrived>(&event)) {
    const auto pending = bodies.extract(arrived->id);
    if (!pending.empty()) pending.mapped()->set();
  } else if (const auto* wanted = std::get_if<mesh::DialWanted>(&event)) {
    for (const Multiaddr& address : wanted->call.addresses) {
      auto on_begun = [this, call = wanted->call](Result<host::DialId> dial) {
        if (dial) member.dial_begun(call, *dial);
        else member.dial_failed(call, clocks());
      };
      driver.dial(address, std::move(on_begun));
    }
  } else if (const auto* joined = std::get_if<mesh::MemberJoined>(&event)) {
    log::info("member_joined", {{"peer", joined->peer.text()}});
    next_peers_save = std::min(next_peers_save, read_clocks().instant + kPeersSaveDelay);
  } else if (const auto* left = std::get_if<mesh::MemberLeft>(&event)) {
    log::info("member_left", {{"peer", left->peer.text()}, {"reason", error_name(left->reason)}});
  } else if (const auto* heard = std::get_if<mesh::SharedHeard>(&event)) {
    if (shared.adopt) shared.adopt(heard->said);
  } else if (const auto* asked = std::get_if<mesh::RecallAsked>(&event)) {
    auto found = shared.find ? shared.find(asked->name) : std::nullopt;
    if (found) found->key = names()->shared_key_id(asked->name);
    member.answer_recall(asked->asker, found, clocks());
  } else if (const auto* ended = std::get_if<mesh::RecallEnded>(&event)) {
    end_recall(*ended);
  }
}

net::awaitable<void> MeshNode::State::keep_time() {
  const auto self = shared_from_this();
  while (!is_stopped) {
    auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (is_stopped) co_return;
    if (error) continue;  // armed for an earlier time
    armed_for = Instant::max();
    try {
      tick();
      settle();
    } catch (const std::exception& reason) {
      // Without time nobody who waits would ever be told to go.
      fail(reason);
      co_return;
    }
  }
}

void MeshNode::State::arm() {
  Instant deadline = std::min({member.next_deadline(), next_save, next_ping, next_peers_save});
  for (const auto& [id, pending] : recalls) deadline = std::min(deadline, pending->deadline);
  if (files.has_directory()) deadline = std::min(deadline, next_directory_look);
  if (deadline >= armed_for) return;
  armed_for = deadline;
  timer.expires_at(std::chrono::steady_clock::time_point(deadline.time_since_epoch()));
}

void MeshNode::State::tick() {
  const Now now = clocks();
  member.set_figures(figures());
  member.tick(now);
  if (now.instant >= next_ping) {
    next_ping = now.instant + kPingInterval;
    member.ping_all(now);
  }
  tick_recalls(now);
  if (now.instant >= next_peers_save) {
    next_peers_save = Instant::max();
    save_peers();
  }
  if (now.instant >= next_save) {
    next_save = now.instant + mesh::kSaveInterval;
    save();
  }
  if (files.has_directory() && now.instant >= next_directory_look) {
    next_directory_look = now.instant + kDirectoryInterval;
    exchange_directory();
  }
}

Bytes MeshNode::State::write_ledger(mesh::Ledger::Closing closing) const {
  const auto lock = ledger.lock();
  return ledger.save(closing, clocks().wall);
}

void MeshNode::State::save() {
  files.save_ledger(write_ledger(mesh::Ledger::Closing::no));
  save_peers();
}

void MeshNode::State::save_peers() {
  files.save_peers(
      {.written_at = clocks().wall, .peers = member.roster().known(mesh::kListedPeersMax)},
      member.keyring());
}

void MeshNode::State::end_recall(const mesh::RecallEnded& ended) {
  const auto pending = recalls.extract(ended.id);
  // The store looks whether the record is of the name that was asked for: it reads records, and we do not.
  if (ended.found && shared.adopt) shared.adopt(*ended.found);
  if (pending.empty()) return;
  pending.mapped()->was_found = ended.found.has_value();
  pending.mapped()->settled.set();
}

void MeshNode::State::tick_recalls(Now now) {
  std::vector<mesh::RecallId> late;
  for (const auto& [id, pending] : recalls)
    if (pending->deadline <= now.instant) late.push_back(id);
  for (const mesh::RecallId id : late) member.end_recall(id, now);
}

void MeshNode::State::exchange_directory() {
  const Now now = clocks();
  if (!host.listen_addresses().empty())
    files.write_directory(
        {.id = host.self(), .addresses = host.listen_addresses(), .seen_at = now.wall},
        member.keyring(), now.wall);
  for (mesh::ListedPeer& peer : files.read_directory(member.keyring(), now.wall))
    member.roster().learn(peer.id, std::move(peer.addresses), peer.seen_at, now.instant);
}

void MeshNode::State::give_up() {
  for (auto& [id, pending] : turns) pending->settled.set();
  for (auto& [id, pending] : bodies) pending->set();
  for (auto& [peer, pending] : pings) pending->settled.set();
  for (auto& [id, pending] : recalls) pending->settled.set();
  recalls.clear();
  turns.clear();
  bodies.clear();
  pings.clear();
}

void MeshNode::State::fail(const std::exception& reason) {
  log::error("mesh_failed", {{"reason", std::string_view(reason.what())}});
  stop();
}

void MeshNode::State::stop() {
  {
    const std::lock_guard lock(posting);
    is_deaf = true;
  }
  if (is_stopped) return;
  is_stopped = true;
  members_count = 0;
  give_up();
  driver.stop();
  files.save_ledger(write_ledger(mesh::Ledger::Closing::yes));
  save_peers();
  timer.cancel();
  work.reset();
}

// --- the door ---

MeshNode::MeshNode(const MeshOptions& options, std::function<mesh::NodeFigures()> figures)
    : state_(std::make_shared<State>(options, std::move(figures))) {}

MeshNode::~MeshNode() { stop(); }

std::vector<std::string> MeshNode::addresses() const { return state_->addresses; }

mesh::Trust MeshNode::trust() const { return state_->trust; }

void MeshNode::start() {
  State& state = *state_;
  net::spawn(state.context.get_executor(), "mesh_time", state.keep_time());
  asio::post(state.context, [self = state_] { self->settle(); });
  state.thread = std::thread([self = state_] {
    for (bool is_over = false; !is_over;) {
      try {
        self->context.run();
        is_over = true;
      } catch (const std::exception& reason) {
        self->fail(reason);
      }
    }
  });
}

void MeshNode::stop() {
  State& state = *state_;
  if (!state.thread.joinable()) return;
  {
    // One that has failed stops by itself: what is posted to it may stay, and hold it.
    const std::lock_guard lock(state.posting);
    if (!state.is_deaf) asio::post(state.context, [self = state_] { self->stop(); });
  }
  state.thread.join();
}

void MeshNode::rotate(const mesh::SwarmSecret& next) {
  state_->command([next](State& state, Now now) {
    state.member.rotate(next, now);
    const auto lock = state.ledger.lock();
    state.use_names(state.member.keyring().newest());
  });
}

net::awaitable<Result<Duration>> MeshNode::ping(std::string peer) {
  auto id = multiformats::PeerId::parse_text(peer);
  if (!id) co_return Errc::malformed;
  auto pending = std::make_shared<PendingPing>();
  state_->command([id = *id, promised = promise(pending)](State& state, Now now) {
    auto begun = state.host.ping(id, now.instant);
    if (begun) state.pings.emplace(id, promised->hand_over());
    else (**promised).outcome = begun.error();
  });
  co_await pending->settled.wait();
  co_return pending->outcome;
}

void MeshNode::share(std::string name, mesh::SharedAt said_at, bool is_removal, http::Body record) {
  mesh::Shared said{.key = state_->names()->shared_key_id(name),
                    .said_at = said_at,
                    .is_removal = is_removal,
                    .record = std::move(record)};
  state_->command([said = std::move(said)](State& state, Now now) mutable {
    static_cast<void>(state.member.share(std::move(said), now));  // older than a member's: counted
  });
}

net::awaitable<bool> MeshNode::recall(std::string name, Duration patience) {
  auto pending = std::make_shared<PendingRecall>();
  pending->name = std::move(name);
  pending->deadline = read_clocks().instant + patience;
  state_->command([promised = promise(pending)](State& state, Now now) {
    if (state.recalls.size() >= kRecallsMax) return;
    const std::string wanted = (**promised).name;
    const mesh::RecallId id = state.member.recall(wanted, now);
    state.recalls.emplace(id, promised->hand_over());
  });
  co_await pending->settled.wait();
  co_return pending->was_found;
}

// On the mesh's thread, whose the host is.
MeshStatus MeshNode::State::status(Now now) {
  const mesh::NodeFigures own = figures();
  const auto lock = ledger.lock();
  MeshStatus status{.self = host.self().text(),
                    .addresses = addresses,
                    .members = member.views(now),
                    .authors = ledger.authors(now.wall),
                    .nodes = {{.id = host.self().text(), .is_self = true, .figures = own}},
                    .budgets = ledger.budgets(),
                    .counters = member.counters(),
                    .ledger = ledger.counters(),
                    .leases = member.lease_counters(),
                    .ledger_bytes = ledger.bytes(),
                    .ledger_count = ledger.statements_count(),
                    .wire_bytes_received = host.swarm().counters().bytes_received,
                    .wire_bytes_sent = host.swarm().counters().bytes_sent};
  if (const gossipsub::Router* gossip = host.gossip()) {
    status.gossip_delivered = gossip->counters().delivered;
    status.gossip_not_allowed = gossip->counters().not_allowed;
  }
  for (const auto& [id, presence] : member.presences())
    status.nodes.push_back(
        {.id = id.text(), .figures = presence.figures, .silent_for = now.wall - presence.said_at});
  return status;
}

MeshStatus MeshNode::status() const {
  auto told = std::make_shared<std::promise<MeshStatus>>();
  auto status = told->get_future();
  state_->command([told](State& state, Now now) { told->set_value(state.status(now)); });
  told.reset();
  // A mesh that is stopping tells nothing more, and one that has not started yet will not either.
  if (status.wait_for(kStatusPatience) != std::future_status::ready) return {};
  try {
    return status.get();
  } catch (const std::future_error&) {
    return {};
  }
}

}  // namespace ghmesh::node
