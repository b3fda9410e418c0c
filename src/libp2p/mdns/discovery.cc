// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/mdns/discovery.h"

#include <algorithm>

#include "base/text.h"
#include "libp2p/mdns/address.h"
#include "libp2p/mdns/peer.h"

namespace ghmesh::mdns {
namespace {

using dns::Message;
using dns::Name;
using dns::Question;
using dns::Record;
using dns::Type;

// Asked by those who list all services of a network (RFC 6763, 9).
constexpr std::string_view kMetaService = "_services._dns-sd._udp.local";
// Where host names of peers end (specification, "Definitions").
constexpr std::string_view kHostDomain = ".p2p.local";

constexpr Duration kQueryPauseMin = 1s;  // RFC 6762, 5.2
// The queries of others put ours off, but not beyond so many pauses: whoever asks may be asking us alone. With 256
// peers on a link this is a query every three seconds, and about one a minute with a few.
constexpr int kQueryPausesPostponedMax = 16;
// A query and an answer are all that one call makes; a shell that cannot send does not make more wait.
constexpr std::size_t kDatagramsWaitingMax = 4;

std::string random_name(Random& random) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string name;
  for (std::size_t i = 0; i < kPeerNameBytes; ++i)
    name += kAlphabet[random.below(kAlphabet.size())];
  return name;
}

Duration random_below(Random& random, Duration bound) {
  return Duration(random.below(static_cast<std::uint64_t>(bound.count())));
}

Name parse_own_name(std::string_view text) {
  auto name = Name::parse_text(text);
  GHMESH_CHECK(name.has_value());
  return *std::move(name);
}

template <class Ip>
std::optional<Ip> first_ip(const std::vector<Multiaddr>& addresses) {
  Ip ip;
  for (const Multiaddr& address : addresses) {
    const Bytes& value = address.parts().front().value;
    if (value.size() != ip.size()) continue;
    std::ranges::copy(value, ip.begin());
    return ip;
  }
  return std::nullopt;
}

bool asks(const Question& question, const Name& name, std::initializer_list<Type> types) {
  return question.name == name &&
         (question.type == Type::any || std::ranges::find(types, question.type) != types.end());
}

}  // namespace

Discovery::Discovery(PeerId self, Options options, std::uint64_t seed, Instant now)
    : self_(std::move(self)),
      options_(std::move(options)),
      random_(seed),
      peer_name_(random_name(random_)),
      service_(parse_own_name(options_.service)),
      instance_(parse_own_name(peer_name_ + '.' + options_.service)),
      host_(parse_own_name(peer_name_ + std::string(kHostDomain))),
      meta_(parse_own_name(kMetaService)),
      answered_at_(now - kAnswerPause),
      // Nodes that start together, after a power cut say, do not ask together (RFC 6762, 5.2).
      query_at_(now + kAnswerDelayMin + random_below(random_, kAnswerDelayMax - kAnswerDelayMin)),
      query_pause_(kQueryPauseMin),
      sources_(kSourcesMax,
               {.datagrams = Allowance(kSourceDatagramsRate), .news = Allowance(kSourceNewsRate)}) {
}

Discovery::~Discovery() = default;

std::string private_service_name(ByteView fingerprint) {
  GHMESH_CHECK(fingerprint.size() <= 29);  // the label has 63 bytes
  return "_p2p-" + hex(fingerprint) + "._udp.local";
}

// ---- what arrives ---------------------------------------------------------------------------------------------------

void Discovery::receive(ByteView datagram, std::string_view source, Instant now) {
  if (!sources_.at(source, now).datagrams.take(now) || !datagrams_.take(now)) {
    ++counters_.datagrams_throttled;
    return;
  }
  if (datagram.size() > kDatagramBytesMax) {
    ++counters_.datagrams_refused;
    return;
  }
  const auto message = dns::parse_message(datagram);
  // A response code means nothing here: such a message is ignored (RFC 6762, 18.11).
  if (!message || message->response_code != 0) {
    ++counters_.datagrams_refused;
    return;
  }
  if (message->is_response) learn(*message, source, now);
  else consider(*message, now);
}

void Discovery::consider(const Message& query, Instant now) {
  bool asks_for_peers = false;
  bool asks_for_us = false;
  bool asks_for_services = false;
  for (const Question& question : query.questions) {
    asks_for_peers |= asks(question, service_, {Type::ptr});
    asks_for_us |= asks(question, instance_, {Type::txt, Type::srv});
    asks_for_us |= asks(question, host_, {Type::a, Type::aaaa});
    asks_for_services |= asks(question, meta_, {Type::ptr});
  }
  if (asks_for_peers && asked_at_) {
    // Each peer draws again, so that one of them is the first and puts the others off.
    const Instant next = now + query_pause_ + random_below(random_, query_pause_ / 4);
    const Instant latest = *asked_at_ + kQueryPausesPostponedMax * query_pause_;
    query_at_ = std::max(query_at_, std::min(next, latest));
  }
  if (asks_for_services) answer_extent_ = Extent::peer_and_services;
  if (asks_for_services || asks_for_us || (asks_for_peers && !is_known(query)))
    schedule_answer(now);
}

// Whether the one who asks has our answer already, and for a while yet (RFC 6762, 7.1).
bool Discovery::is_known(const Message& query) const {
  return std::ranges::any_of(query.answers, [this](const Record& record) {
    const auto* ptr = std::get_if<dns::Ptr>(&record.data);
    return ptr && record.name == service_ && ptr->target == instance_ && record.ttl >= kTtl / 2;
  });
}

void Discovery::learn(const Message& response, std::string_view source, Instant now) {
  std::size_t instances_count = 0;
  for (const Record& record : response.answers) {
    const auto* ptr = std::get_if<dns::Ptr>(&record.data);
    if (!ptr || record.name != service_ || ptr->target == instance_) continue;
    if (++instances_count > kInstancesPerDatagramMax) {
      ++counters_.instances_refused;
      return;
    }
    const Announcement announcement = read_announcement(response, ptr->target);
    if (!announcement.peer.empty()) apply(announcement, source, now);
  }
}

// The TXT records of one instance. rust names its instances outside of the service, js puts the records among the
// answers and go among the additional ones, so only the names must fit together.
Announcement Discovery::read_announcement(const Message& response, const Name& instance) {
  Announcement announcement;
  const auto take = [&](const std::string& text, Seconds ttl) {
    const auto address = parse_attribute(text);
    const auto peer = address ? peer_of(*address) : std::nullopt;
    if (!peer || !is_dialable(*address, options_.loopback) ||
        (!announcement.peer.empty() && announcement.peer != *peer) ||
        announcement.claims.size() == kAddressesPerPeerMax) {
      ++counters_.addresses_refused;
      return;
    }
    announcement.peer = *peer;
    announcement.claims.push_back({*address, ttl});
  };
  for (const auto* section : {&response.answers, &response.additionals}) {
    for (const Record& record : *section) {
      const auto* txt = std::get_if<dns::Txt>(&record.data);
      if (!txt || record.name != instance) continue;
      for (const std::string& text : txt->texts) take(text, record.ttl);
    }
  }
  return announcement;
}

void Discovery::apply(const Announcement& announcement, std::string_view source, Instant now) {
  if (announcement.peer == self_) return;
  const auto known = peers_.find(announcement.peer);
  Peer* peer = known == peers_.end() ? nullptr : &known->second;
  for (const auto& [address, ttl] : announcement.claims) {
    auto* place = peer ? peer->find(address) : nullptr;
    if (ttl == Seconds(0)) {
      if (place) end_soon(*place, now);
      continue;
    }
    if (ttl > kTtlMax) ++counters_.ttls_cut;
    const Instant expires_at = now + std::min(ttl, kTtlMax);
    if (place) {
      place->expires_at = expires_at;
      continue;
    }
    if (peer) {
      if (peer->places.size() == kAddressesPerPeerMax) {
        ++counters_.addresses_refused;
        continue;
      }
    }
    if (!peer && !has_room_for(source, now)) {
      ++counters_.peers_refused;
      return;
    }
    // Only what is taken in costs: who is refused uses up nobody's rate.
    if (!sources_.at(source, now).news.take(now) || !news_.take(now)) {
      ++counters_.news_throttled;
      return;
    }
    if (!peer)
      peer = &peers_.emplace(announcement.peer, Peer{std::string(source), {}}).first->second;
    peer->places.push_back({address, expires_at});
    expiry_at_ = std::min(expiry_at_, expires_at);
    changed_.insert(announcement.peer);
  }
}

bool Discovery::has_room_for(std::string_view source, Instant now) {
  expire(now);
  const auto of_source = std::ranges::count_if(
      peers_, [&](const auto& entry) { return entry.second.source == source; });
  return peers_.size() < options_.peers_max &&
         static_cast<std::size_t>(of_source) < kPeersPerSourceMax;
}

// Anybody can say it in the peer's name. The peer contradicts at its next answer; nothing but a dial is lost meanwhile.
void Discovery::end_soon(Place& place, Instant now) {
  place.expires_at = std::min(place.expires_at, now + kFarewellPause);
  expiry_at_ = std::min(expiry_at_, place.expires_at);
}

void Discovery::expire(Instant now) {
  if (expiry_at_ > now) return;
  expiry_at_ = Instant::max();
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    auto& places = peer->second.places;
    std::erase_if(places, [now](const auto& place) { return place.expires_at <= now; });
    for (const auto& place : places) expiry_at_ = std::min(expiry_at_, place.expires_at);
    if (places.empty()) {
      changed_.insert(peer->first);
      peer = peers_.erase(peer);
    } else {
      ++peer;
    }
  }
}

std::size_t Discovery::addresses_count() const {
  std::size_t count = 0;
  for (const auto& [id, peer] : peers_) count += peer.places.size();
  return count;
}

// ---- what we say ----------------------------------------------------------------------------------------------------

void Discovery::set_addresses(const std::vector<Multiaddr>& addresses, Instant now) {
  std::vector<Multiaddr> announced;
  for (const Multiaddr& address : addresses) {
    if (!is_dialable(address, options_.loopback)) continue;
    Multiaddr whole = with_peer(address, self_);
    if (std::ranges::find(announced, whole) != announced.end()) continue;
    if (announced.size() == kAddressesPerPeerMax) {  // others take no more
      ++counters_.addresses_omitted;
      continue;
    }
    announced.push_back(std::move(whole));
  }
  if (announced == own_addresses_) return;
  if (announced.empty()) say_farewell();
  own_addresses_ = std::move(announced);
  while (!own_addresses_.empty()) {
    const auto written = dns::write_message(answer(kTtl, Extent::peer_and_services));
    if (written && written->size() <= kAnswerBytesMax) break;
    own_addresses_.pop_back();
    ++counters_.addresses_omitted;
  }
  // The network has changed, or begins: ask again, and tell those who do not ask.
  asked_at_.reset();
  query_pause_ = kQueryPauseMin;
  query_at_ = std::min(query_at_, now + kAnswerDelayMax);
  schedule_answer(now);
}

void Discovery::schedule_answer(Instant now) {
  if (own_addresses_.empty()) return;
  if (answer_at_) {
    ++counters_.queries_joined;
    return;
  }
  const Duration delay = kAnswerDelayMin + random_below(random_, kAnswerDelayMax - kAnswerDelayMin);
  answer_at_ = std::max(now + delay, answered_at_ + kAnswerPause);
}

void Discovery::say_farewell() {
  if (!has_announced_) return;
  send(answer(Seconds(0), Extent::peer));
  has_announced_ = false;
  answer_at_.reset();
}

// All of it in one message, whichever part was asked for: whoever wanted a part finds it, and go believes no peer
// without a host's address.
Message Discovery::answer(Seconds ttl, Extent extent) const {
  Message message{.is_response = true, .is_authoritative = true};
  message.answers.push_back({.name = service_, .ttl = ttl, .data = dns::Ptr{instance_}});
  if (extent == Extent::peer_and_services)
    message.answers.push_back({.name = meta_, .ttl = ttl, .data = dns::Ptr{service_}});

  dns::Txt txt;
  for (const Multiaddr& address : own_addresses_) txt.texts.push_back(write_attribute(address));
  const auto target = multiformats::tcp_target(own_addresses_.front());
  const dns::Srv srv{.port = target->port, .target = host_};
  const auto add = [&](const Name& name, decltype(Record::data) data) {
    message.additionals.push_back(
        {.name = name, .ttl = ttl, .is_unique = true, .data = std::move(data)});
  };
  add(instance_, std::move(txt));
  add(instance_, srv);
  // One address of each kind will do: peers dial what the TXT record says.
  if (const auto ip = first_ip<dns::Ip4>(own_addresses_)) add(host_, *ip);
  if (const auto ip = first_ip<dns::Ip6>(own_addresses_)) add(host_, *ip);
  return message;
}

void Discovery::ask(Instant now) {
  Message query;
  query.questions.push_back({.name = service_, .type = Type::ptr});
  send(query);
  if (asked_at_) query_pause_ = std::min(2 * query_pause_, options_.query_pause_max);
  asked_at_ = now;
  query_at_ = now + query_pause_ + random_below(random_, query_pause_ / 4);
  // Our own query is answered, too: so those who only listen learn of us (specification, "Request").
  schedule_answer(now);
}

void Discovery::send(const Message& message) {
  if (output_.size() == kDatagramsWaitingMax) output_.pop_front();
  auto written = dns::write_message(message);
  GHMESH_CHECK(written.has_value());
  output_.push_back(*std::move(written));
}

// ---- time and output ------------------------------------------------------------------------------------------------

void Discovery::tick(Instant now) {
  expire(now);
  if (query_at_ <= now) ask(now);
  if (answer_at_ && *answer_at_ <= now) {
    answer_at_.reset();
    if (!own_addresses_.empty()) {
      send(answer(kTtl, answer_extent_));
      has_announced_ = true;
      answered_at_ = now;
    }
    answer_extent_ = Extent::peer;
  }
}

Instant Discovery::next_deadline() const {
  const Instant next = std::min(query_at_, expiry_at_);
  return answer_at_ ? std::min(next, *answer_at_) : next;
}

std::optional<Event> Discovery::next_event() {
  if (changed_.empty()) return std::nullopt;
  const PeerId id = *changed_.begin();
  changed_.erase(changed_.begin());
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return Event{.kind = Event::Kind::lost, .peer = id, .addresses = {}};
  Event event{.kind = Event::Kind::found, .peer = id, .addresses = {}};
  for (const auto& place : peer->second.places) event.addresses.push_back(place.address);
  return event;
}

std::optional<Bytes> Discovery::next_datagram() {
  if (output_.empty()) return std::nullopt;
  Bytes datagram = std::move(output_.front());
  output_.pop_front();
  return datagram;
}

}  // namespace ghmesh::mdns
