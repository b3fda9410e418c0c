// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/resolve/resolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/random.h"
#include "base/text.h"
#include "multiformats/peer_id.h"

namespace ghmesh::resolve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kStart{1h};
constexpr std::string_view kA = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";
constexpr std::string_view kB = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

Multiaddr address(std::string_view text) {
  auto parsed = Multiaddr::parse_text(text);
  GHMESH_CHECK(parsed.has_value());
  return *std::move(parsed);
}

std::string id(std::string_view peer) { return "/p2p/" + std::string(peer); }

dns::Ip4 ip4(std::uint8_t last) {
  return {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{last}};
}
dns::Ip6 ip6(std::uint8_t last) {
  dns::Ip6 ip{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}};
  ip.back() = std::byte{last};
  return ip;
}

// A world of names.
using Key = std::pair<Kind, std::string>;
using Zone = std::map<Key, Answer>;

Answer texts(std::vector<std::string> addresses) {
  Answer answer;
  for (const std::string& text : addresses) answer.texts.push_back("dnsaddr=" + text);
  return answer;
}

struct Outcome {
  Result<std::vector<Multiaddr>> result = Errc::cancelled;
  std::vector<std::string> lookups;
  Counters counters;

  std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    if (result) {
      for (const Multiaddr& one : *result) out.push_back(one.text());
    }
    return out;
  }
};

// Lookups are answered in an order that the seed decides. A name that the zone has not has no records; one that begins
// with "broken." fails.
Outcome resolve(std::string_view text, const Zone& zone, std::uint64_t seed = 0) {
  Resolution resolution(address(text), {}, kStart);
  Random random(seed);
  Outcome outcome;
  std::vector<Lookup> open;
  for (;;) {
    while (auto lookup = resolution.next_lookup()) {
      outcome.lookups.push_back(lookup->name);
      open.push_back(*lookup);
    }
    if (open.empty()) break;
    const auto next = open.begin() + static_cast<std::ptrdiff_t>(random.below(open.size()));
    const Lookup lookup = *next;
    open.erase(next);
    const auto found = zone.find({lookup.kind, lookup.name});
    if (lookup.name.starts_with("broken.")) resolution.receive_failure(lookup.id);
    else resolution.receive(lookup.id, found == zone.end() ? Answer() : found->second);
  }
  EXPECT_TRUE(resolution.is_done());
  outcome.result = resolution.result();
  outcome.counters = resolution.counters();
  return outcome;
}

TEST(Resolution, AnAddressWithAnIpNeedsNoLookup) {
  for (const std::string& text :
       {std::string("/ip4/192.0.2.1/tcp/4001"), "/ip6/2001:db8::1/tcp/1" + id(kA)}) {
    const Outcome outcome = resolve(text, {});
    EXPECT_THAT(outcome.addresses(), ElementsAre(text));
    EXPECT_THAT(outcome.lookups, IsEmpty());
  }
}

TEST(Resolution, AHostNameIsReplacedByItsAddresses) {
  const Zone zone = {{{Kind::a, "host.example"}, {.ip4 = {ip4(1), ip4(2)}}},
                     {{Kind::aaaa, "host.example"}, {.ip6 = {ip6(1)}}}};
  EXPECT_THAT(resolve("/dns/host.example/tcp/4001" + id(kA), zone).addresses(),
              ElementsAre("/ip4/192.0.2.1/tcp/4001" + id(kA), "/ip4/192.0.2.2/tcp/4001" + id(kA),
                          "/ip6/2001:db8::1/tcp/4001" + id(kA)));
  EXPECT_THAT(resolve("/dns4/host.example/tcp/4001", zone).addresses(),
              ElementsAre("/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.2/tcp/4001"));
  EXPECT_THAT(resolve("/dns6/host.example/tcp/4001", zone).addresses(),
              ElementsAre("/ip6/2001:db8::1/tcp/4001"));
}

// As the public bootstrap nodes have it: a list of lists, with transports that are not ours in between.
const Zone kBootstrap = {
    {{Kind::txt, "_dnsaddr.boot.example"},
     texts({"/dnsaddr/one.boot.example" + id(kA), "/dnsaddr/two.boot.example" + id(kB)})},
    {{Kind::txt, "_dnsaddr.one.boot.example"},
     texts({"/ip4/192.0.2.1/udp/4001/quic-v1" + id(kA), "/ip4/192.0.2.1/tcp/4001" + id(kA),
            "/dns4/one.boot.example/tcp/443/wss" + id(kA), "/dns/host.example/tcp/4001" + id(kA)})},
    {{Kind::txt, "_dnsaddr.two.boot.example"},
     texts({"/ip6/2001:db8::2/tcp/4001" + id(kB), "/ip4/192.0.2.2/tcp/4001" + id(kB)})},
    {{Kind::a, "host.example"}, {.ip4 = {ip4(1), ip4(7)}}},
    {{Kind::aaaa, "host.example"}, {.ip6 = {ip6(7)}}}};

TEST(Resolution, AListOfListsIsFollowedInItsOrder) {
  const std::vector<std::string> expected = {
      "/ip4/192.0.2.1/tcp/4001" + id(kA), "/ip4/192.0.2.7/tcp/4001" + id(kA),
      "/ip6/2001:db8::7/tcp/4001" + id(kA), "/ip6/2001:db8::2/tcp/4001" + id(kB),
      "/ip4/192.0.2.2/tcp/4001" + id(kB)};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Outcome outcome = resolve("/dnsaddr/boot.example", kBootstrap, seed);
    EXPECT_EQ(outcome.addresses(), expected) << seed;
    EXPECT_THAT(outcome.lookups, SizeIs(5));
    EXPECT_EQ(outcome.counters.addresses_ignored, 2u);
  }
}

TEST(Resolution, OnlyThePeerThatWasAskedForIsFollowed) {
  const Outcome outcome = resolve("/dnsaddr/boot.example" + id(kB), kBootstrap);
  EXPECT_THAT(outcome.addresses(), ElementsAre("/ip6/2001:db8::2/tcp/4001" + id(kB),
                                               "/ip4/192.0.2.2/tcp/4001" + id(kB)));
  EXPECT_THAT(outcome.lookups, ElementsAre("_dnsaddr.boot.example", "_dnsaddr.two.boot.example"));
  // An entry without an id is nobody's.
  const Zone zone = {{{Kind::txt, "_dnsaddr.x"}, texts({"/ip4/192.0.2.1/tcp/1"})}};
  EXPECT_EQ(resolve("/dnsaddr/x" + id(kA), zone).result.error(), Errc::not_found);
  EXPECT_THAT(resolve("/dnsaddr/x", zone).addresses(), SizeIs(1));
}

TEST(Resolution, TheWholeEndMustMatch) {
  const Zone zone = {
      {{Kind::txt, "_dnsaddr.x"},
       texts({"/ip4/192.0.2.1/tcp/1" + id(kA), "/ip4/192.0.2.1/tcp/2" + id(kA), id(kA)})}};
  EXPECT_THAT(resolve("/dnsaddr/x/tcp/2" + id(kA), zone).addresses(),
              ElementsAre("/ip4/192.0.2.1/tcp/2" + id(kA)));
}

TEST(Resolution, NamesAreComparedWithoutCaseAndAskedOnce) {
  const Zone zone = {
      {{Kind::txt, "_dnsaddr.x"},
       texts({"/dns4/Host.example/tcp/1", "/dns4/hOst.example/tcp/2", "/dns/host.example/tcp/3"})},
      {{Kind::a, "Host.example"}, {.ip4 = {ip4(1)}}}};
  const Outcome outcome = resolve("/dnsaddr/x", zone);
  EXPECT_THAT(outcome.addresses(),
              ElementsAre("/ip4/192.0.2.1/tcp/1", "/ip4/192.0.2.1/tcp/2", "/ip4/192.0.2.1/tcp/3"));
  EXPECT_THAT(outcome.lookups, ElementsAre("_dnsaddr.x", "Host.example", "host.example"));
}

TEST(Resolution, OtherTextsOfANameAreReadOver) {
  Zone zone = {{{Kind::txt, "_dnsaddr.x"}, texts({"/ip4/192.0.2.1/tcp/1", "nonsense", ""})}};
  zone.begin()->second.texts.push_back("v=spf1 -all");
  zone.begin()->second.texts.push_back("dnsaddr=" + std::string(60'000, 'x'));
  EXPECT_THAT(resolve("/dnsaddr/x", zone).addresses(), ElementsAre("/ip4/192.0.2.1/tcp/1"));
}

TEST(Resolution, SaysWhyThereIsNothing) {
  EXPECT_EQ(resolve("/dns/nowhere.example/tcp/1", {}).result.error(), Errc::not_found);
  EXPECT_EQ(resolve("/dns/broken.example/tcp/1", {}).result.error(), Errc::dns_failed);
  EXPECT_EQ(resolve("/dnsaddr/nowhere.example", {}).result.error(), Errc::not_found);
  for (std::string_view text :
       {"/ip4/192.0.2.1/udp/1/quic-v1", "/dns4/a/tcp/1/ws", "/dns4/a/udp/1", "/unix/a", "/memory/1",
        "/dns4/a", "/dns4/a..b/tcp/1", "/dnsaddr/."}) {
    const Outcome outcome = resolve(text, {});
    EXPECT_EQ(outcome.result.error(), Errc::unsupported) << text;
    EXPECT_THAT(outcome.lookups, IsEmpty());
  }
}

TEST(Resolution, OneFailureDoesNotSpoilTheRest) {
  const Zone zone = {
      {{Kind::txt, "_dnsaddr.x"}, texts({"/dns/broken.example/tcp/1", "/ip4/192.0.2.1/tcp/1"})}};
  const Outcome outcome = resolve("/dnsaddr/x", zone);
  EXPECT_THAT(outcome.addresses(), ElementsAre("/ip4/192.0.2.1/tcp/1"));
  EXPECT_EQ(outcome.counters.lookups_failed, 2u);
}

TEST(Resolution, EndsAtItsDeadlineWithWhatItHas) {
  Resolution none(address("/dns/host.example/tcp/1"), {.deadline = 5s}, kStart);
  EXPECT_EQ(none.next_deadline(), kStart + 5s);
  const Lookup first = *none.next_lookup();
  none.tick(kStart + 5s - 1ns);
  EXPECT_FALSE(none.is_done());
  none.tick(kStart + 5s);
  ASSERT_TRUE(none.is_done());
  EXPECT_EQ(none.result().error(), Errc::timed_out);
  EXPECT_EQ(none.next_deadline(), Instant::max());
  EXPECT_FALSE(none.next_lookup());
  none.receive(first.id, {.ip4 = {ip4(1)}});  // too late
  EXPECT_FALSE(none.result());

  Resolution some(address("/dns/host.example/tcp/1"), {.deadline = 5s}, kStart);
  const Lookup lookup = *some.next_lookup();
  some.receive(lookup.id, {.ip4 = {ip4(1)}});
  EXPECT_FALSE(some.is_done());
  some.tick(kStart + 6s);
  ASSERT_TRUE(some.is_done());
  EXPECT_THAT(*some.result(), SizeIs(1));
}

TEST(Resolution, AnswersThatWereNotAskedForAreIgnored) {
  Resolution resolution(address("/dns4/host.example/tcp/1"), {}, kStart);
  resolution.receive(0, {.ip4 = {ip4(9)}});  // asked for, but not taken yet
  const Lookup lookup = *resolution.next_lookup();
  resolution.receive(lookup.id + 1, {.ip4 = {ip4(9)}});
  EXPECT_FALSE(resolution.is_done());
  // Of the answer to a question for IPv4, only that.
  resolution.receive(lookup.id,
                     {.ip4 = {ip4(1)}, .ip6 = {ip6(9)}, .texts = {"dnsaddr=/ip4/192.0.2.9/tcp/1"}});
  resolution.receive(lookup.id, {.ip4 = {ip4(9)}});
  resolution.receive_failure(lookup.id);
  ASSERT_TRUE(resolution.is_done());
  EXPECT_THAT(*resolution.result(), ElementsAre(address("/ip4/192.0.2.1/tcp/1")));
}

// The example of docs/wire/dnsaddr.md. A line is a direction, bytes, and what they mean.
TEST(Resolution, ReadsTheBytesOfItsDocument) {
  std::ifstream document("docs/wire/dnsaddr.md");
  std::string digits;
  for (std::string line; std::getline(document, line);) {
    if (!line.starts_with("<- ")) continue;
    std::string_view rest(line);
    rest.remove_prefix(3);
    digits += take_until(rest, ' ');
  }
  const auto bytes = parse_hex(digits);
  ASSERT_TRUE(bytes);
  const auto message = dns::parse_message(*bytes);
  ASSERT_TRUE(message) << message.error().message();
  const Zone zone = {
      {{Kind::txt, "_dnsaddr.boot.example"},
       {.texts = dns::texts_of(*message, *dns::Name::parse_text("_dnsaddr.boot.example"))}},
      {{Kind::a, "boot.example"}, {.ip4 = {ip4(2)}}}};
  EXPECT_THAT(resolve("/dnsaddr/boot.example", zone).addresses(),
              ElementsAre("/ip4/192.0.2.1/tcp/4001" + id(kA), "/ip4/192.0.2.2/tcp/4001" + id(kB)));
}

// --- row 23 of the attacks: recursion, and very many addresses ---

TEST(ResolutionAttacks, Row23_ACircleEnds) {
  const Zone zone = {{{Kind::txt, "_dnsaddr.a"}, texts({"/dnsaddr/a", "/dnsaddr/A", "/dnsaddr/b"})},
                     {{Kind::txt, "_dnsaddr.A"}, texts({"/dnsaddr/a"})},
                     {{Kind::txt, "_dnsaddr.b"}, texts({"/dnsaddr/a", "/ip4/192.0.2.1/tcp/1"})}};
  const Outcome outcome = resolve("/dnsaddr/a", zone);
  EXPECT_THAT(outcome.addresses(), ElementsAre("/ip4/192.0.2.1/tcp/1"));
  EXPECT_THAT(outcome.lookups, ElementsAre("_dnsaddr.a", "_dnsaddr.b"));
}

TEST(ResolutionAttacks, Row23_DepthIsBounded) {
  Zone zone;
  for (std::size_t i = 0; i < 10; ++i) {
    const std::string next = std::to_string(i + 1);
    zone[{Kind::txt, "_dnsaddr.n" + std::to_string(i)}] =
        texts({"/dnsaddr/n" + next, "/ip4/192.0.2." + next + "/tcp/1"});
  }
  const Outcome outcome = resolve("/dnsaddr/n0", zone);
  EXPECT_THAT(outcome.lookups, SizeIs(kDepthMax));
  EXPECT_THAT(outcome.addresses(), SizeIs(kDepthMax));
  EXPECT_EQ(outcome.counters.too_deep, 1u);
}

TEST(ResolutionAttacks, Row23_LookupsAreBounded) {
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) names.push_back("/dns4/n" + std::to_string(i) + "/tcp/1");
  const Outcome outcome = resolve("/dnsaddr/x", {{{Kind::txt, "_dnsaddr.x"}, texts(names)}});
  EXPECT_THAT(outcome.lookups, SizeIs(kLookupsMax));
  EXPECT_EQ(outcome.counters.lookups_refused, 61 - kLookupsMax);
}

TEST(ResolutionAttacks, Row23_AddressesAreBounded) {
  Zone zone;
  std::vector<std::string> lists;
  for (int i = 0; i < 4; ++i) {
    std::vector<std::string> many;
    for (int port = 1; port <= 100; ++port)
      many.push_back("/ip4/192.0.2." + std::to_string(i) + "/tcp/" + std::to_string(port));
    lists.push_back("/dnsaddr/n" + std::to_string(i));
    zone[{Kind::txt, "_dnsaddr.n" + std::to_string(i)}] = texts(many);
  }
  zone[{Kind::txt, "_dnsaddr.x"}] = texts(lists);
  const Outcome outcome = resolve("/dnsaddr/x", zone);
  EXPECT_THAT(outcome.addresses(), SizeIs(kAddressesMax));
  EXPECT_EQ(outcome.counters.answers_cut, 4u);
  EXPECT_EQ(outcome.counters.addresses_refused, 3 * kAnswersPerLookupMax);
}

// Few answers that are used again and again: every list holds all lists, each under another peer's id.
TEST(ResolutionAttacks, Row23_AnswersThatMultiplyAreBounded) {
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < 60; ++i) {
    Bytes key(36);
    store_big_endian(MutableByteView(key).last(4), i);
    const auto peer = multiformats::PeerId::of_public_key(key);
    all.push_back("/dnsaddr/n" + std::to_string(i % 8) + "/p2p/" + peer.text());
    all.push_back("/dnsaddr/n" + std::to_string(i % 8));
  }
  Zone zone;
  for (int i = 0; i < 8; ++i) zone[{Kind::txt, "_dnsaddr.n" + std::to_string(i)}] = texts(all);
  const Outcome outcome = resolve("/dnsaddr/n0", zone);
  EXPECT_THAT(outcome.lookups, SizeIs(8));
  EXPECT_THAT(outcome.addresses(), IsEmpty());
}

}  // namespace
}  // namespace ghmesh::resolve
