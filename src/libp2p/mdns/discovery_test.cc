// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/mdns/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "libp2p/mdns/test_link.h"

namespace ghmesh::mdns {
namespace {

using namespace ghmesh::mdns::test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> texts(const std::vector<Multiaddr>& addresses) {
  std::vector<std::string> out;
  for (const Multiaddr& one : addresses) out.push_back(one.text());
  return out;
}

// The queries or the answers among what was sent.
std::vector<Instant> times(const Link& link, bool are_responses) {
  std::vector<Instant> out;
  for (const auto& [at, bytes] : link.datagrams) {
    if (dns::parse_message(bytes)->is_response == are_responses) out.push_back(at);
  }
  return out;
}

dns::Message last_answer(const Link& link) {
  for (auto sent = link.datagrams.rbegin(); sent != link.datagrams.rend(); ++sent) {
    auto message = dns::parse_message(sent->second);
    if (message && message->is_response) return *message;
  }
  return {};
}

// A node that has asked and announced itself, and is quiet for a minute.
struct QuietNode {
  QuietNode() : node(link.add_announced()) {
    link.run(3min);
    link.datagrams.clear();
    node.events.clear();
  }
  Link link;
  Node& node;
};

TEST(MdnsDiscovery, TwoPeersFindEachOther) {
  Link link;
  Node& a = link.add_announced();
  Node& b = link.add_announced();
  link.run(1s);
  ASSERT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.events[0].kind, Event::Kind::found);
  EXPECT_EQ(a.events[0].peer, b.id);
  EXPECT_THAT(texts(a.events[0].addresses),
              ElementsAre(with_peer_text("/ip4/10.0.0.2/tcp/4001", b.id)));
  ASSERT_THAT(b.events, SizeIs(1));
  EXPECT_EQ(b.events[0].peer, a.id);
  // And it stays so for an hour, without a word more.
  link.run(1h);
  EXPECT_THAT(a.events, SizeIs(1));
  EXPECT_THAT(b.events, SizeIs(1));
}

TEST(MdnsDiscovery, ItsNameIsLongAndRandomAndNotItsId) {
  std::set<std::string> names;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Discovery discovery(peer_id(1), {}, seed, Instant(1h));
    EXPECT_THAT(discovery.peer_name(), SizeIs(kPeerNameBytes));
    EXPECT_GE(kPeerNameBytes, 32u);
    EXPECT_THAT(discovery.peer_name(), testing::MatchesRegex("[a-z0-9]+"));
    EXPECT_EQ(peer_id(1).text().find(discovery.peer_name()), std::string::npos);
    names.insert(discovery.peer_name());
  }
  EXPECT_THAT(names, SizeIs(20));
  EXPECT_EQ(Discovery(peer_id(1), {}, 7, Instant(1h)).peer_name(),
            Discovery(peer_id(2), {}, 7, Instant(2h)).peer_name());
}

TEST(MdnsDiscovery, AnswersItsOwnQuerySoThatListenersLearn) {
  Link link;
  Node& node = link.add_announced();
  link.run(300ms);
  ASSERT_THAT(times(link, false), SizeIs(1));
  ASSERT_THAT(times(link, true), SizeIs(1));
  const dns::Message message = last_answer(link);
  EXPECT_EQ(message.id, 0);
  EXPECT_TRUE(message.is_authoritative);
  EXPECT_THAT(message.questions, IsEmpty());
  ASSERT_THAT(message.answers, SizeIs(1));
  EXPECT_EQ(message.answers[0].name.text(), "_p2p._udp.local");
  EXPECT_EQ(std::get<dns::Ptr>(message.answers[0].data).target.text(),
            node.discovery.peer_name() + "._p2p._udp.local");
  ASSERT_THAT(message.additionals, SizeIs(3));
  EXPECT_THAT(std::get<dns::Txt>(message.additionals[0].data).texts,
              ElementsAre("dnsaddr=" + with_peer_text("/ip4/10.0.0.1/tcp/4001", node.id)));
  EXPECT_EQ(std::get<dns::Srv>(message.additionals[1].data).port, 4001);
  EXPECT_EQ(message.additionals[2].name.text(), node.discovery.peer_name() + ".p2p.local");
}

TEST(MdnsDiscovery, AsksLessAndLessOftenUntilAboutOnceAMinute) {
  Link link;
  link.add();
  link.run(10min);
  const auto asked = times(link, false);
  ASSERT_GE(asked.size(), 10u);
  Duration expected = 1s;
  for (std::size_t i = 1; i < asked.size(); ++i) {
    const Duration pause = asked[i] - asked[i - 1];
    EXPECT_GE(pause, expected);
    EXPECT_LE(pause, expected + expected / 4);
    expected = std::min<Duration>(2 * expected, 45s);
  }
  EXPECT_THAT(times(link, true), IsEmpty()) << "nothing to announce, nothing to answer";
}

TEST(MdnsDiscovery, TheQueriesOfOthersPutItsOwnOffButNotForEver) {
  QuietNode quiet;
  for (int i = 0; i < 180; ++i) {
    quiet.node.discovery.receive(query(kService, dns::Type::ptr), "10.0.0.9", quiet.link.now);
    quiet.link.run(20s);
  }
  const auto asked = times(quiet.link, false);  // in an hour
  EXPECT_GE(asked.size(), 4u);
  EXPECT_LE(asked.size(), 5u);
}

TEST(MdnsDiscovery, AFloodOfQueriesGetsOneAnswerPerSecond) {
  QuietNode quiet;
  for (int i = 0; i < 10'000; ++i) {
    quiet.node.discovery.receive(query(kService, dns::Type::ptr),
                                 "10.0.0." + std::to_string(i % 250), quiet.link.now);
    quiet.link.run(1ms);
  }
  const auto answered = times(quiet.link, true);
  EXPECT_GE(answered.size(), 9u);
  EXPECT_LE(answered.size(), 11u);
  for (std::size_t i = 1; i < answered.size(); ++i)
    EXPECT_GE(answered[i] - answered[i - 1], kAnswerPause);
  EXPECT_GT(quiet.node.discovery.counters().queries_joined, 0u);
}

TEST(MdnsDiscovery, AnswersWhoeverAsksForAPart) {
  QuietNode quiet;
  const std::string& name = quiet.node.discovery.peer_name();
  const auto is_answered = [&](std::string_view asked, dns::Type type) {
    quiet.link.datagrams.clear();
    quiet.node.discovery.receive(query(asked, type), "10.0.0.9", quiet.link.now);
    quiet.link.run(2s);
    return times(quiet.link, true).size() == 1;
  };
  EXPECT_TRUE(is_answered("_P2P._udp.LOCAL", dns::Type::any));
  EXPECT_TRUE(is_answered(name + "._p2p._udp.local", dns::Type::txt));
  EXPECT_TRUE(is_answered(name + "._p2p._udp.local", dns::Type::srv));
  EXPECT_TRUE(is_answered(name + ".p2p.local", dns::Type::a));
  EXPECT_TRUE(is_answered(name + ".p2p.local", dns::Type::aaaa));
  EXPECT_THAT(last_answer(quiet.link).answers, SizeIs(1));
  EXPECT_TRUE(is_answered("_services._dns-sd._udp.local", dns::Type::ptr));
  EXPECT_THAT(last_answer(quiet.link).answers, SizeIs(2));
  EXPECT_FALSE(is_answered("_p2p._udp.local", dns::Type::txt));
  EXPECT_FALSE(is_answered("_ipp._tcp.local", dns::Type::ptr));
  EXPECT_FALSE(is_answered("other.p2p.local", dns::Type::a));
}

TEST(MdnsDiscovery, DoesNotTellWhatTheOtherKnows) {
  QuietNode quiet;
  dns::Message message = *dns::parse_message(query(kService, dns::Type::ptr));
  message.answers.push_back({.name = *dns::Name::parse_text(kService),
                             .ttl = 60s,
                             .data = dns::Ptr{*dns::Name::parse_text(
                                 quiet.node.discovery.peer_name() + "._p2p._udp.local")}});
  quiet.node.discovery.receive(*dns::write_message(message), "10.0.0.9", quiet.link.now);
  quiet.link.run(2s);
  EXPECT_THAT(times(quiet.link, true), IsEmpty());
  message.answers[0].ttl = 59s;  // soon forgotten
  quiet.node.discovery.receive(*dns::write_message(message), "10.0.0.9", quiet.link.now);
  quiet.link.run(2s);
  EXPECT_THAT(times(quiet.link, true), SizeIs(1));
}

TEST(MdnsDiscovery, ASilentPeerIsLostWhenItsAddressesExpire) {
  QuietNode quiet;
  quiet.link.deliver(announcement(7), "10.0.0.7");
  quiet.link.run(119s);
  quiet.link.deliver(announcement(7), "10.0.0.7");
  quiet.link.run(119s);
  ASSERT_THAT(quiet.node.events, SizeIs(1));
  quiet.link.run(1s);
  ASSERT_THAT(quiet.node.events, SizeIs(2));
  EXPECT_EQ(quiet.node.events[1].kind, Event::Kind::lost);
  EXPECT_EQ(quiet.node.events[1].peer, peer_id(7));
  EXPECT_EQ(quiet.node.discovery.peers_count(), 0u);
}

TEST(MdnsDiscovery, FarewellIsBelievedAfterASecondWithoutContradiction) {
  QuietNode quiet;
  quiet.link.deliver(announcement(7), "10.0.0.7");
  quiet.link.deliver(announcement(8), "10.0.0.8");
  quiet.link.deliver(announcement(7, 0s), "10.0.0.66");
  quiet.link.deliver(announcement(8, 0s), "10.0.0.66");
  quiet.link.deliver(announcement(9, 0s), "10.0.0.66");  // of somebody unknown
  quiet.link.run(500ms);
  quiet.link.deliver(announcement(8), "10.0.0.8");
  quiet.link.run(1s);
  ASSERT_THAT(quiet.node.events, SizeIs(3));
  EXPECT_EQ(quiet.node.events[2].kind, Event::Kind::lost);
  EXPECT_EQ(quiet.node.events[2].peer, peer_id(7));
}

TEST(MdnsDiscovery, SaysFarewell) {
  Link link;
  Node& a = link.add_announced();
  Node& b = link.add_announced();
  link.run(2s);
  a.discovery.say_farewell();
  a.discovery.say_farewell();  // once is enough
  std::size_t sent_count = 0;
  for (; auto datagram = a.discovery.next_datagram(); ++sent_count)
    b.discovery.receive(*datagram, a.source, link.now);
  EXPECT_EQ(sent_count, 1u);
  b.discovery.tick(link.now + 1s);
  const auto event = b.discovery.next_event();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->kind, Event::Kind::lost);
}

TEST(MdnsDiscovery, NewAddressesAreToldAtOnceWithTheOldOnes) {
  Link link;
  Node& a = link.add_announced();
  Node& b = link.add_announced();
  link.run(5min);
  a.discovery.set_addresses({address("/ip4/10.0.0.1/tcp/4001"), address("/ip6/fd00::1/tcp/4001")},
                            link.now);
  link.run(1s);
  ASSERT_THAT(b.events, SizeIs(2));
  EXPECT_THAT(texts(b.events[1].addresses),
              ElementsAre(with_peer_text("/ip4/10.0.0.1/tcp/4001", a.id),
                          with_peer_text("/ip6/fd00::1/tcp/4001", a.id)));
  // What is no longer announced is forgotten in its time; without any address there is a farewell.
  a.discovery.set_addresses({address("/ip6/fd00::1/tcp/4001")}, link.now);
  link.run(3min);
  EXPECT_EQ(b.discovery.addresses_count(), 1u);
  a.discovery.set_addresses({}, link.now);
  link.run(2s);
  ASSERT_THAT(b.events, SizeIs(3));
  EXPECT_EQ(b.events[2].kind, Event::Kind::lost);
}

TEST(MdnsDiscovery, AnnouncesOnlyWhatOthersCanDial) {
  const auto announced = [](std::vector<std::string> given, Loopback loopback) {
    Link link;
    Node& node = link.add({.loopback = loopback});
    std::vector<Multiaddr> addresses;
    for (const std::string& text : given) addresses.push_back(address(text));
    node.discovery.set_addresses(addresses, link.now);
    link.run(1s);
    const dns::Message message = last_answer(link);
    if (message.additionals.empty()) return std::vector<std::string>();
    return std::get<dns::Txt>(message.additionals[0].data).texts;
  };
  const std::string id = peer_id(1).text();
  const std::vector<std::string> given = {"/ip4/0.0.0.0/tcp/1",
                                          "/ip4/127.0.0.1/tcp/1",
                                          "/ip6/::1/tcp/1",
                                          "/ip6/::/tcp/1",
                                          "/ip6/fe80::1/tcp/1",
                                          "/ip6/::ffff:127.0.0.1/tcp/1",
                                          "/ip4/224.0.0.251/tcp/1",
                                          "/ip4/255.255.255.255/tcp/1",
                                          "/ip4/10.0.0.1/tcp/0",
                                          "/ip4/10.0.0.1/udp/1/quic-v1",
                                          "/ip4/10.0.0.1/tcp/1/ws",
                                          "/dns4/example.org/tcp/1",
                                          "/ip4/10.0.0.1/tcp/1/p2p/" + id + "/p2p-circuit",
                                          "/ip4/10.0.0.1/tcp/1",
                                          "/ip4/10.0.0.1/tcp/1/p2p/" + id,  // the same
                                          "/ip6/fd00::1/tcp/2"};
  EXPECT_THAT(
      announced(given, Loopback::ignore),
      ElementsAre("dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/" + id, "dnsaddr=/ip6/fd00::1/tcp/2/p2p/" + id));
  EXPECT_THAT(
      announced(given, Loopback::accept),
      ElementsAre("dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/" + id, "dnsaddr=/ip6/::1/tcp/1/p2p/" + id,
                  "dnsaddr=/ip4/10.0.0.1/tcp/1/p2p/" + id, "dnsaddr=/ip6/fd00::1/tcp/2/p2p/" + id));
  EXPECT_THAT(announced({"/ip4/127.0.0.1/tcp/1"}, Loopback::ignore), IsEmpty());
}

TEST(MdnsDiscovery, AnAnswerFitsOneDatagramAndLeavesOutWhatDoesNot) {
  Link link;
  Node& node = link.add();
  std::vector<Multiaddr> addresses;
  for (int i = 0; i < 20; ++i)
    addresses.push_back(address("/ip6/2001:db8:1111:2222:3333:4444:5555:66" +
                                std::to_string(10 + i) + "/tcp/40000"));
  node.discovery.set_addresses(addresses, link.now);
  node.discovery.receive(query("_services._dns-sd._udp.local", dns::Type::ptr), "10.0.0.9",
                         link.now);
  link.run(300ms);
  ASSERT_THAT(times(link, true), SizeIs(1));
  EXPECT_LE(link.datagrams.back().second.size(), kAnswerBytesMax);
  const auto txt = std::get<dns::Txt>(last_answer(link).additionals.at(0).data);
  EXPECT_GE(txt.texts.size(), 8u);
  EXPECT_EQ(txt.texts.size() + node.discovery.counters().addresses_omitted, 20u);
}

TEST(MdnsDiscovery, PrivateNetworksDoNotSeeOthers) {
  const std::string service = private_service_name(*parse_hex("0123456789abcdef0123456789abcdef"));
  EXPECT_EQ(service, "_p2p-0123456789abcdef0123456789abcdef._udp.local");
  Link link;
  Node& a = link.add_announced({.service = service});
  Node& b = link.add_announced({.service = service});
  Node& outside = link.add_announced();
  link.run(2s);
  ASSERT_THAT(a.events, SizeIs(1));
  EXPECT_EQ(a.events[0].peer, b.id);
  EXPECT_THAT(b.events, SizeIs(1));
  EXPECT_THAT(outside.events, IsEmpty());
}

// js puts its TXT records among the answers, one for each address.
TEST(MdnsDiscovery, ReadsAnswersAsJsAndGoAndRustWriteThem) {
  const std::string attribute =
      "dnsaddr=" + with_peer_text("/ip4/192.168.1.5/tcp/4001", peer_id(7));
  const std::string other = "dnsaddr=" + with_peer_text("/ip6/fd00::5/tcp/4001", peer_id(7));
  const std::string quic =
      "dnsaddr=" + with_peer_text("/ip4/192.168.1.5/udp/4001/quic-v1", peer_id(7));
  const auto service = *dns::Name::parse_text(kService);
  const auto inside = *dns::Name::parse_text("x._p2p._udp.local");
  const auto outside = *dns::Name::parse_text("h4ck");  // rust: a name of one label
  dns::Message js{.is_response = true, .is_authoritative = true};
  js.answers = {{.name = service, .ttl = 120s, .data = dns::Ptr{inside}},
                {.name = inside, .ttl = 120s, .data = dns::Txt{{attribute}}},
                {.name = inside, .ttl = 120s, .data = dns::Txt{{other}}}};
  dns::Message go{.is_response = true, .is_authoritative = true};
  go.answers = {{.name = service, .ttl = 3200s, .data = dns::Ptr{inside}}};
  go.additionals = {
      {.name = inside,
       .ttl = 3200s,
       .is_unique = true,
       .data = dns::Srv{.port = 4001, .target = outside}},
      {.name = inside, .ttl = 3200s, .is_unique = true, .data = dns::Txt{{quic, attribute, other}}},
      {.name = outside, .ttl = 120s, .is_unique = true, .data = dns::Ip4{}}};
  dns::Message rust{.id = 99, .is_response = true, .is_authoritative = true};
  rust.answers = {{.name = service, .ttl = 300s, .data = dns::Ptr{outside}}};
  rust.additionals = {
      {.name = outside, .ttl = 300s, .is_unique = true, .data = dns::Txt{{attribute}}},
      {.name = outside, .ttl = 300s, .is_unique = true, .data = dns::Txt{{other}}}};
  for (const dns::Message& message : {js, go, rust}) {
    QuietNode quiet;
    quiet.link.deliver(*dns::write_message(message), "192.168.1.5");
    ASSERT_THAT(quiet.node.events, SizeIs(1));
    EXPECT_EQ(quiet.node.events[0].peer, peer_id(7));
    EXPECT_THAT(quiet.node.events[0].addresses, SizeIs(2));
  }
}

TEST(MdnsDiscovery, ATruncatedAnswerTeachesNothing) {
  const Bytes whole = announcement(7);
  QuietNode quiet;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    quiet.link.run(50ms);  // within what one source may send
    quiet.node.discovery.receive(ByteView(whole).first(size), "10.0.0.7", quiet.link.now);
  }
  EXPECT_FALSE(quiet.node.discovery.next_event());
  EXPECT_EQ(quiet.node.discovery.counters().datagrams_refused, whole.size());
  quiet.node.discovery.receive(whole, "10.0.0.7", quiet.link.now);
  EXPECT_TRUE(quiet.node.discovery.next_event());
}

TEST(MdnsDiscovery, ItsOwnIdIsNobodyToFind) {
  QuietNode quiet;
  // From another instance: a second process with the same key, or somebody who plays us.
  quiet.link.deliver(announcement(1), "10.0.0.9");
  EXPECT_THAT(quiet.node.events, IsEmpty());
  EXPECT_EQ(quiet.node.discovery.peers_count(), 0u);
}

TEST(MdnsDiscovery, TwentyPeersAllFindEachOtherAndAreQuietAfterwards) {
  Link link;
  for (int i = 0; i < 20; ++i) link.add_announced();
  link.run(5s);
  for (const auto& node : link.nodes()) EXPECT_EQ(node->discovery.peers_count(), 19u);
  link.run(5min);
  link.datagrams.clear();
  link.run(10min);
  for (const auto& node : link.nodes()) {
    EXPECT_THAT(node->events, SizeIs(19));
    EXPECT_EQ(node->discovery.counters().datagrams_throttled, 0u);
  }
  // A few queries a minute for all, and each peer's answer to each.
  const std::size_t queries_count = times(link, false).size();
  EXPECT_GE(queries_count, 10u);
  EXPECT_LE(queries_count, 40u);
  EXPECT_LE(times(link, true).size(), queries_count * 20u);
}

// The example of docs/wire/mdns.md. A line is a direction, bytes, and what they mean.
TEST(MdnsDiscovery, SpeaksTheBytesOfItsDocument) {
  std::ifstream document("docs/wire/mdns.md");
  std::string sent, answered;
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("-> ") && !line.starts_with("<- ")) continue;
    std::string_view rest(line);
    rest.remove_prefix(3);
    (line.front() == '-' ? sent : answered) += take_until(rest, ' ');
  }
  Link link;
  Node& node = link.add();
  node.discovery.set_addresses({address("/ip4/192.168.1.5/tcp/4001")}, link.now);
  link.run(300ms);
  std::set<std::string> datagrams;
  for (const auto& [at, bytes] : link.datagrams) datagrams.insert(hex(bytes));
  EXPECT_EQ(datagrams, (std::set<std::string>{sent, answered}));
}

}  // namespace
}  // namespace ghmesh::mdns
