// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/network/network.h"

#include <bit>
#include <cstring>
#include <utility>

#include "sim/network/state.h"

namespace ghmesh::sim {
namespace {

constexpr std::size_t kPacketBytes = 1460;  // of TCP on Ethernet: each is lost alone
// Linux: a packet that no later one reports missing is sent again after the round trip and 200 ms; each time that it
// is lost again, after twice as long.
constexpr Duration kRetransmissionMin = 200ms;

}  // namespace

Network::Network(NetworkOptions options) : options_(options), random_(options.seed) {
  note(options.seed);
}

Network::~Network() = default;

// --- time ---

std::optional<NetworkEvent> Network::next_event(Instant until) {
  while (!queue_.empty() && queue_.top().at <= until) {
    const Entry entry = queue_.top();
    queue_.pop();
    now_ = entry.at;
    if (Outcome outcome = happen(entry)) {
      ++counters_.events;
      note(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
      note((std::uint64_t{outcome->node} << 32) | static_cast<std::uint64_t>(outcome->kind));
      note((std::uint64_t{outcome->socket} << 32) | outcome->peer);
      note(outcome->bytes);
      return outcome;
    }
  }
  now_ = std::max(now_, until);
  return std::nullopt;
}

auto Network::happen(const Entry& entry) -> Outcome {
  switch (entry.happening) {
    case Happening::action: {
      const auto action = actions_.extract(entry.sequence);
      action.mapped()();
      return std::nullopt;
    }
    case Happening::timer: return ring(entry);
    case Happening::datagram: return deliver_datagram(entry.sequence);
    case Happening::knock: return knock(entry.subject);
    case Happening::answer_knock: return answer_knock(entry.subject);
    case Happening::refusal:
    case Happening::reset: {
      const Socket* socket = find(entry.subject);
      if (socket == nullptr || is_cut(*socket->back)) return std::nullopt;
      return closed(entry.subject, entry.happening == Happening::reset
                                       ? boost::system::errc::connection_reset
                                       : boost::system::errc::connection_refused);
    }
    case Happening::arrival: return arrive(entry.subject);
    case Happening::writable: return make_writable(entry.subject);
    case Happening::give_up: return give_up(entry.subject);
  }
  return std::nullopt;
}

std::uint64_t Network::push(Instant at, Happening happening, std::uint32_t subject) {
  const std::uint64_t sequence = next_sequence_++;
  queue_.push(
      {.at = std::max(at, now_), .sequence = sequence, .subject = subject, .happening = happening});
  return sequence;
}

void Network::at(Instant when, std::function<void()> action) {
  actions_.emplace(push(when, Happening::action, 0), std::move(action));
}

// The queue cannot take an entry back. A later time leaves the entry that is queued, which then queues another; an
// earlier time leaves one behind that rings for nobody.
void Network::set_timer(NodeId node, Instant at) {
  Node& owner = nodes_[node];
  owner.timer = at;
  if (at >= owner.timer_queued) return;
  owner.timer_queued = std::max(at, now_);
  push(at, Happening::timer, node);
}

auto Network::ring(const Entry& entry) -> Outcome {
  Node& node = nodes_[entry.subject];
  if (entry.at != node.timer_queued) return std::nullopt;
  node.timer_queued = Instant::max();
  if (node.timer > now_) {
    if (node.timer != Instant::max()) set_timer(entry.subject, node.timer);
    return std::nullopt;
  }
  node.timer = Instant::max();
  return NetworkEvent{.kind = NetworkEvent::Kind::timer, .node = entry.subject};
}

void Network::note(std::uint64_t value) {
  trace_hash_ = std::rotl((trace_hash_ ^ value) * 0x9e3779b97f4a7c15, 29);
}

void Network::note(ByteView bytes) {
  note(bytes.size());
  std::uint64_t word = 0;
  for (; bytes.size() >= sizeof(word); bytes = bytes.subspan(sizeof(word))) {
    std::memcpy(&word, bytes.data(), sizeof(word));
    note(word);
  }
  word = 0;
  for (const std::byte byte : bytes) word = (word << 8) | std::to_integer<std::uint64_t>(byte);
  note(word);
}

// --- nodes and links ---

NodeId Network::add_node() {
  nodes_.emplace_back();
  return static_cast<NodeId>(nodes_.size() - 1);
}

std::size_t Network::nodes_count() const { return nodes_.size(); }

void Network::listen(NodeId node) { nodes_[node].is_listening = true; }

void Network::crash(NodeId node) {
  nodes_[node].is_listening = false;
  nodes_[node].timer = Instant::max();
  while (!nodes_[node].sockets.empty()) reset(*nodes_[node].sockets.begin());
}

Network::Link& Network::link(Way way) {
  GHMESH_CHECK(way.from < nodes_.size() && way.to < nodes_.size());
  const auto found = links_.find(way);
  if (found != links_.end()) return found->second;
  return links_.emplace(way, Link{.way = way, .config = options_.link}).first->second;
}

bool Network::is_cut(const Link& link) const {
  return link.is_cut || nodes_[link.way.from].island != nodes_[link.way.to].island;
}

void Network::configure(Way way, const LinkConfig& config, Ways ways) {
  link(way).config = config;
  if (ways == Ways::both) link(way.back()).config = config;
}

void Network::cut(Way way, Ways ways) {
  link(way).is_cut = true;
  if (ways == Ways::both) link(way.back()).is_cut = true;
}

void Network::heal(Way way, Ways ways) {
  link(way).is_cut = false;
  if (ways == Ways::both) link(way.back()).is_cut = false;
  resume_sockets();
}

void Network::move_to_island(NodeId node, std::uint32_t island) {
  nodes_[node].island = island;
  resume_sockets();
}

void Network::resume_sockets() {
  for (SocketId id = 0; id < sockets_.size(); ++id)
    if (sockets_[id] && sockets_[id]->is_open) resume(id, *sockets_[id]);
}

// When the last byte leaves, if it is given to the link now.
Instant Network::departure(Link& link, std::size_t bytes_count) {
  const std::uint64_t rate = link.config.rate_bytes_per_second;
  if (rate == 0) return now_;
  const double seconds = static_cast<double>(bytes_count) / static_cast<double>(rate);
  link.busy_until = std::max(link.busy_until, now_) +
                    std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return link.busy_until;
}

Duration Network::travel_time(const Link& link) {
  if (link.config.jitter == 0ns) return link.config.delay;
  const auto jitter = static_cast<std::uint64_t>(link.config.jitter.count());
  return link.config.delay + Duration(random_.below(jitter + 1));
}

Duration Network::retransmission_delay(const Link& link, std::size_t bytes_count) {
  if (link.config.loss <= 0) return 0ns;
  Duration longest = 0ns;
  for (std::size_t at = 0; at == 0 || at < bytes_count; at += kPacketBytes) {
    Duration delay = 0ns;
    Duration wait = 2 * link.config.delay + kRetransmissionMin;
    for (; delay < options_.socket_timeout && random_.chance(link.config.loss); wait *= 2)
      delay += wait;
    longest = std::max(longest, delay);
  }
  if (longest > 0ns) ++counters_.pieces_retransmitted;
  return longest;
}

// --- datagrams ---

void Network::send_datagram(Way way, Bytes bytes) {
  Link& out = link(way);
  ++counters_.datagrams_sent;
  counters_.sent_bytes += bytes.size();
  const double waiting = std::chrono::duration<double>(out.busy_until - now_).count() *
                         static_cast<double>(out.config.rate_bytes_per_second);
  if (waiting > static_cast<double>(options_.datagram_bytes_max) ||
      random_.chance(out.config.loss)) {
    ++counters_.datagrams_lost;
    return;
  }
  const Instant departs_at = departure(out, bytes.size());
  const int copies_count = random_.chance(out.config.duplicate) ? 2 : 1;
  for (int i = 0; i < copies_count; ++i) {
    Instant arrives_at = departs_at + travel_time(out);
    if (random_.chance(out.config.reorder))
      arrives_at +=
          Duration(random_.below(2 * static_cast<std::uint64_t>(out.config.delay.count()) + 1));
    datagrams_.emplace(push(arrives_at, Happening::datagram, way.to),
                       Datagram{.way = way, .bytes = bytes});
  }
}

void Network::multicast(NodeId from, const Bytes& bytes) {
  for (NodeId to = 0; to < nodes_.size(); ++to)
    if (to != from) send_datagram({.from = from, .to = to}, bytes);
}

auto Network::deliver_datagram(std::uint64_t sequence) -> Outcome {
  auto extracted = datagrams_.extract(sequence);
  Datagram& datagram = extracted.mapped();
  if (is_cut(link(datagram.way))) {
    ++counters_.datagrams_lost;
    return std::nullopt;
  }
  return NetworkEvent{.kind = NetworkEvent::Kind::datagram,
                      .node = datagram.way.to,
                      .peer = datagram.way.from,
                      .bytes = std::move(datagram.bytes)};
}

}  // namespace ghmesh::sim
