// SPDX-License-Identifier: Apache-2.0 OR MIT
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "libp2p/identify/announcer.h"
#include "libp2p/identify/receiver.h"
#include "libp2p/protobuf/fields.h"
#include "libp2p/stream/wire.h"
#include "multiformats/delimited.h"

namespace ghmesh::identify {
namespace {

using multiformats::Multiaddr;
using Addresses = std::vector<Multiaddr>;

const Instant kStart = Instant(1h);
const WallTime kWall = wall_time(1'700'000'000);

keys::PrivateKey key_of(std::uint8_t seed) {
  return keys::PrivateKey::of_seed(crypto::Secret(Bytes(32, std::byte{seed})));
}

Multiaddr address(std::string_view text) { return *Multiaddr::parse_text(text); }
const Multiaddr kRemote = address("/ip4/198.51.100.2/tcp/50000");

std::string read_document(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A line of data/js_libp2p.txt.
Bytes js_bytes(std::string_view name) {
  const std::string document = read_document("src/libp2p/identify/data/js_libp2p.txt");
  for (std::string_view rest = document; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (take_until(line, ' ') == name) return *parse_hex(line);
  }
  return {};
}

// What a receiver makes of these bytes from the peer with key 1, in pieces of `piece` bytes.
Result<Told> receive(ByteView bytes, std::size_t piece = SIZE_MAX) {
  Receiver receiver(key_of(1).public_key(), kStart);
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(piece, bytes.size()));
    auto taken = receiver.receive(part, kStart);
    if (!taken) return taken.error();
    EXPECT_EQ(*taken, part.size());
    bytes = bytes.subspan(part.size());
  }
  auto finished = receiver.peer_finished(kStart);
  if (!finished) return finished.error();
  EXPECT_TRUE(receiver.is_done() && receiver.wants_finish());
  return receiver.told();
}

Bytes delimited(ByteView message) {
  Bytes out;
  multiformats::append_delimited(out, message);
  return out;
}
Bytes field(std::uint32_t number, ByteView bytes) {
  Bytes out;
  protobuf::append_field(out, number, bytes);
  return out;
}

Announcer announcer_of(const keys::PrivateKey& identity) {
  Announcer announcer(identity, "0.1.0");
  announcer.set_protocols({"/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"});
  announcer.set_addresses({address("/ip4/203.0.113.7/tcp/4001")});
  return announcer;
}

// --- what others write ---

TEST(Identify, UnderstandsJs) {
  auto told = receive(js_bytes("identify"));
  ASSERT_TRUE(told);
  const Identify& said = told->statement;
  EXPECT_EQ(said.agent_version, "js-libp2p/3.3.11 node/20.20.2");
  EXPECT_EQ(said.protocol_version, "ipfs/0.1.0");
  EXPECT_EQ(said.protocols,
            (std::set<std::string>{"/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"}));
  const Addresses addresses{address("/ip4/203.0.113.7/tcp/4001"),
                            address("/ip6/2001:db8::7/tcp/4001")};
  EXPECT_EQ(said.listen_addresses, addresses);
  ASSERT_TRUE(told->record);
  EXPECT_EQ(told->record->record().addresses, addresses);
  EXPECT_EQ(told->record->record().peer, key_of(1).peer_id());
  ASSERT_TRUE(said.observed_address);
  EXPECT_TRUE(said.observed_address->text().starts_with("/ip4/127.0.0.1/tcp/"));
  EXPECT_EQ(said.observed_address->parts().size(), 2u);  // js appends our peer id
  EXPECT_EQ(told->dropped, Dropped());
}

TEST(Identify, UnderstandsThePushOfJs) {
  auto told = receive(js_bytes("push"));
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->statement.public_key);
  EXPECT_FALSE(told->statement.observed_address);
  EXPECT_TRUE(told->record);
  EXPECT_TRUE(told->statement.protocols.contains("/new/1.0.0"));
}

TEST(Identify, ReadsTheSameInPiecesOfEverySizeAndNothingFromACut) {
  const Bytes bytes = js_bytes("identify");
  const auto whole = receive(bytes);
  ASSERT_TRUE(whole);
  for (std::size_t piece : {1, 2, 3, 7, 100}) {
    auto told = receive(bytes, piece);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->statement, whole->statement);
  }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(receive(ByteView(bytes).first(size)).error(), Errc::identify_malformed);
}

// --- what we write ---

// The example of docs/wire/identify.md, which js-libp2p has read.
TEST(Identify, SpeaksTheBytesOfItsDocument) {
  std::string bytes;
  const std::string document = read_document("docs/wire/identify.md");
  for (std::string_view rest = document; !rest.empty();) {
    std::string_view line = take_until(rest, '\n');
    if (!line.starts_with("<- ")) continue;
    line.remove_prefix(3);
    bytes += take_until(line, ' ');
  }
  const auto identity = key_of(1);
  EXPECT_EQ(hex(announcer_of(identity).announce(kRemote, kWall)), bytes);
}

TEST(Identify, ArrivesAsItWasSaidOverAFragmentingWire) {
  const auto identity = key_of(1);
  const Bytes statement = announcer_of(identity).announce(kRemote, kWall);
  for (std::size_t piece : {std::size_t{1}, std::size_t{10}, SIZE_MAX}) {
    Sender sender(statement, kStart);
    Receiver receiver(identity.public_key(), kStart);
    stream::Wire wire(sender, receiver);
    ASSERT_TRUE(wire.settle(piece, kStart));
    EXPECT_TRUE(sender.is_done() && receiver.is_done() && wire.has_finished_both_ways());
    const Identify& said = receiver.told().statement;
    EXPECT_EQ(said.agent_version, "ghmesh/0.1.0");
    EXPECT_EQ(said.protocol_version, kProtocolVersion);
    EXPECT_EQ(said.observed_address, kRemote);
    EXPECT_EQ(said.listen_addresses, Addresses{address("/ip4/203.0.113.7/tcp/4001")});
    ASSERT_TRUE(receiver.told().record);
    EXPECT_EQ(receiver.told().record->record().sequence, 1'700'000'000'000u);
  }
}

TEST(Announcer, TellsAPeerWhatItCanDial) {
  const auto identity = key_of(1);
  Announcer announcer(identity, "0.1.0");
  const auto loopback = address("/ip4/127.0.0.1/tcp/1"), local = address("/ip4/10.0.0.7/tcp/1"),
             global = address("/ip4/203.0.113.7/tcp/1"), name = address("/dns4/example.org/tcp/1");
  announcer.set_addresses({loopback, local, global, name, address("/ip4/0.0.0.0/tcp/1")});
  const auto told_to = [&](std::string_view remote) {
    const auto told = receive(announcer.announce(address(remote), kWall));
    EXPECT_EQ(told->statement.listen_addresses, told->record->record().addresses);
    return told->statement.listen_addresses;
  };
  EXPECT_EQ(told_to("/ip4/127.0.0.1/tcp/9"), (Addresses{loopback, local, global, name}));
  EXPECT_EQ(told_to("/ip4/192.168.1.1/tcp/9"), (Addresses{local, global, name}));
  EXPECT_EQ(told_to("/ip4/198.51.100.2/tcp/9"), (Addresses{global, name}));
  EXPECT_EQ(told_to("/memory/1"), (Addresses{global, name}));
}

TEST(Announcer, TheLaterOfTwoStatementsHasTheHigherSequence) {
  const auto identity = key_of(1);
  Announcer announcer = announcer_of(identity);
  const auto first = receive(announcer.announce(kRemote, kWall));
  const auto second = receive(announcer.announce(kRemote, kWall - 1h));
  EXPECT_GT(second->record->record().sequence, first->record->record().sequence);
}

TEST(Announcer, HasANewRevisionOnlyWhenSomethingChanged) {
  const auto identity = key_of(1);
  Announcer announcer = announcer_of(identity);
  const auto revision = announcer.revision();
  announcer.set_protocols({"/ipfs/ping/1.0.0", "/ipfs/id/1.0.0"});
  announcer.set_addresses({address("/ip4/203.0.113.7/tcp/4001")});
  EXPECT_EQ(announcer.revision(), revision);
  announcer.set_addresses({});
  EXPECT_GT(announcer.revision(), revision);
  EXPECT_FALSE(receive(announcer.announce(kRemote, kWall))->record);  // nothing to hand on
}

TEST(Announcer, AStatementFitsIntoWhatRustReadsAndItsRecordComesApartIfItMust) {
  const auto identity = key_of(1);
  Announcer announcer(identity, "0.1.0");
  std::set<std::string> protocols;
  for (int i = 100; i < 160; ++i) protocols.insert("/a/protocol/" + std::to_string(i));
  announcer.set_protocols(protocols);
  Addresses addresses;
  for (int i = 0; i < 200; ++i)
    addresses.push_back(address("/ip6/2001:db8::" + std::to_string(i) + "/tcp/1"));
  announcer.set_addresses(addresses);
  const Bytes bytes = announcer.announce(kRemote, kWall);

  multiformats::DelimitedReader reader(kOwnMessageBytesMax);
  ByteView rest = bytes;
  std::size_t messages = 0;
  while (auto message = *reader.next(rest)) ++messages;
  EXPECT_TRUE(reader.is_empty());
  EXPECT_EQ(messages, 2u);
  const auto told = receive(bytes);
  ASSERT_TRUE(told && told->record);
  EXPECT_EQ(told->statement.protocols, protocols);
  EXPECT_EQ(told->record->record().addresses, told->statement.listen_addresses);
  EXPECT_GT(told->statement.listen_addresses.size(), 60u);
}

TEST(Sender, ToleratesTheReplyOfPyAndNoMore) {
  Sender sender(delimited({}), kStart);
  EXPECT_TRUE(sender.receive(as_bytes("OK"), kStart));
  EXPECT_EQ(sender.receive(Bytes(kReplyBytesMax), kStart).error(), Errc::identify_too_large);
}

TEST(Sender, APeerThatDoesNotEndItsSideTimesOut) {
  Sender sender(delimited({}), kStart);
  sender.output_sent(sender.pending_output().size(), kStart);
  EXPECT_TRUE(sender.wants_finish());
  EXPECT_EQ(sender.tick(kStart + kDeadline).error(), Errc::timed_out);
}

// --- statements in several messages, and pushes ---

TEST(Identify, SeveralMessagesAddUp) {
  Bytes bytes = delimited(field(3, as_bytes("/a")));
  append(bytes, delimited(field(3, as_bytes("/b"))));
  append(bytes, delimited({}));
  Bytes last = field(6, as_bytes("old"));
  append(last, field(6, as_bytes("new")));
  append(last, field(3, as_bytes("/a")));
  append(bytes, delimited(last));
  auto told = receive(bytes);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement.protocols, (std::set<std::string>{"/a", "/b"}));
  EXPECT_EQ(told->statement.agent_version, "new");
}

TEST(Identify, UnknownFieldsAreIgnored) {
  Bytes message = field(7, as_bytes("delta"));
  protobuf::append_field(message, 3, 17);  // a number where a text should be
  append(message, field(99, as_bytes("x")));
  auto told = receive(delimited(message));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement, Identify());
}

TEST(Identify, APushChangesOnlyWhatItSays) {
  PeerInfo known;
  learn(known, *receive(js_bytes("identify")), Exchange::identify);
  const auto addresses = known.addresses;
  EXPECT_EQ(addresses.size(), 2u);

  learn(known, *receive(delimited(field(3, as_bytes("/only/this")))), Exchange::push);
  EXPECT_EQ(known.protocols, std::set<std::string>{"/only/this"});
  EXPECT_EQ(known.agent_version, "js-libp2p/3.3.11 node/20.20.2");
  EXPECT_EQ(known.addresses, addresses);
  EXPECT_TRUE(known.record);
  EXPECT_TRUE(known.observed_address);

  const auto moved = address("/ip4/203.0.113.9/tcp/1");
  learn(known, *receive(delimited(field(2, moved.bytes()))), Exchange::push);
  EXPECT_EQ(known.addresses, Addresses{moved});
  EXPECT_FALSE(known.record);  // it says something else

  learn(known, *receive(delimited({})), Exchange::identify);
  EXPECT_TRUE(known.protocols.empty() && known.addresses.empty() && known.agent_version.empty());
}

TEST(Identify, AWrongRecordIsLeftOut) {
  const auto other = key_of(2);
  const auto place = address("/ip4/203.0.113.9/tcp/1");
  for (const Bytes& envelope :
       {copy_bytes(record::CertifiedRecord::sign(
                       {.peer = other.peer_id(), .sequence = 1, .addresses = {place}}, other)
                       .envelope()),
        copy_bytes(as_bytes("garbage"))}) {
    Bytes message = field(8, envelope);
    append(message, field(2, place.bytes()));
    auto told = receive(delimited(message));
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->has_wrong_record);
    EXPECT_FALSE(told->record);
    PeerInfo known;
    learn(known, *told, Exchange::identify);
    EXPECT_EQ(known.addresses, Addresses{place});
  }
}

// --- attacks ---

TEST(IdentifyAttack, CVE_2026_110789_APublicKeyIsComparedAndNeverParsed) {
  // DER whose length is beyond its end, as an RSA key; and the right key with a byte more, a byte less, none.
  const Bytes right = copy_bytes(key_of(1).public_key().serialized());
  Bytes longer = right;
  longer.push_back(std::byte{0});
  for (const Bytes& key : {*parse_hex("080012083084ffffffff0500"), longer,
                           copy_bytes(ByteView(right).first(right.size() - 1)), Bytes(),
                           copy_bytes(key_of(2).public_key().serialized())})
    EXPECT_EQ(receive(delimited(field(1, key))).error(), Errc::identify_wrong_key);
  EXPECT_TRUE(receive(delimited(field(1, right))));
}

TEST(IdentifyAttack, CVE_2026_110789_AWrongKeyInAnyMessageRefusesTheWholeStatement) {
  Bytes bytes = delimited(field(1, key_of(1).public_key().serialized()));
  append(bytes, delimited(field(1, key_of(2).public_key().serialized())));
  append(bytes, delimited(field(1, key_of(1).public_key().serialized())));
  EXPECT_EQ(receive(bytes).error(), Errc::identify_wrong_key);
}

TEST(IdentifyAttack, CVE_2026_57497_ThousandsOfProtocolsInChunksAreCutToTheLimit) {
  Bytes bytes;
  int number = 10'000;
  for (std::size_t i = 0; i < kMessagesMax; ++i) {
    Bytes message;
    while (message.size() < kMessageBytesMax - 16)
      append(message, field(3, as_bytes("/" + std::to_string(number++))));
    append(bytes, delimited(message));
  }
  auto told = receive(bytes);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement.protocols.size(), kProtocolsMax);
  EXPECT_EQ(told->dropped.protocols, static_cast<std::size_t>(number - 10'000) - kProtocolsMax);
}

TEST(IdentifyAttack, CVE_2026_57497_AMessageTooManyIsNotWaitedFor) {
  Bytes bytes;
  for (std::size_t i = 0; i < kMessagesMax; ++i) append(bytes, delimited({}));
  EXPECT_TRUE(receive(bytes));
  bytes.push_back(std::byte{0x05});
  EXPECT_EQ(receive(bytes).error(), Errc::identify_too_large);
  EXPECT_EQ(receive(bytes, 1).error(), Errc::identify_too_large);
}

TEST(IdentifyAttack, GHSA_xqvc_92cf_94j4_AMessageTooLargeIsRefusedByItsLength) {
  EXPECT_EQ(receive(*parse_hex("8140")).error(), Errc::identify_too_large);  // 8,193
  EXPECT_EQ(receive(*parse_hex("ffffffffffffffff7f")).error(), Errc::identify_too_large);
}

TEST(IdentifyAttack, Row16_AddressesAreCutToTheLimitAndBadOnesDropped) {
  Bytes message;
  for (int i = 0; i < 100; ++i) append(message, field(2, kRemote.bytes()));
  auto told = receive(delimited(message));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement.listen_addresses.size(), kAddressesMax);
  EXPECT_EQ(told->dropped.addresses, 100 - kAddressesMax);

  Bytes bad = field(2, {});
  append(bad, field(2, as_bytes("garbage")));
  append(bad, field(2, Bytes(multiformats::kMultiaddrBytesMax + 1)));
  told = receive(delimited(bad));
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->statement.listen_addresses.empty());
  EXPECT_EQ(told->dropped.addresses, 3u);
}

TEST(IdentifyAttack, Row16_OddProtocolsAreDropped) {
  Bytes message;
  for (const std::string& name :
       {std::string(), std::string("/a b"), std::string("/a\nb"), std::string("/\x1b[31m"),
        std::string("/\xc3\xa9"), std::string(kProtocolBytesMax + 1, 'x')})
    append(message, field(3, as_bytes(name)));
  append(message, field(3, as_bytes(std::string(kProtocolBytesMax, 'x'))));
  auto told = receive(delimited(message));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement.protocols.size(), 1u);
  EXPECT_EQ(told->dropped.protocols, 6u);
}

TEST(IdentifyAttack, VersionsAreCutAndCleanedForTheLog) {
  Bytes message = field(6, as_bytes("evil\n\x1b[2Jlevel=error"));
  append(message, field(5, Bytes(5000, std::byte{'v'})));
  auto told = receive(delimited(message));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->statement.agent_version, "evil??[2Jlevel=error");
  EXPECT_EQ(told->statement.protocol_version, std::string(kVersionBytesMax, 'v'));
}

TEST(IdentifyAttack, AStatementThatTricklesInTimesOut) {
  Receiver receiver(key_of(1).public_key(), kStart);
  for (int second = 0; second < 10; ++second) {
    ASSERT_TRUE(receiver.tick(kStart + second * 1s));
    ASSERT_TRUE(receiver.receive(delimited({}), kStart + second * 1s));
  }
  EXPECT_EQ(receiver.tick(kStart + kDeadline).error(), Errc::timed_out);
}

}  // namespace
}  // namespace ghmesh::identify
