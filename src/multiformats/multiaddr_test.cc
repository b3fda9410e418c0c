// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multiaddr.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "multiformats/peer_id.h"

namespace ghmesh::multiformats {
namespace {

constexpr std::string_view kId = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";

struct Vector {
  std::string text;
  std::string_view hex;
};

// From the test tables of go-multiaddr (TestStringToBytes and its neighbours).
const Vector kVectors[] = {
    {"/ip4/127.0.0.1/udp/1234", "047f000001910204d2"},
    {"/ip4/127.0.0.1/tcp/4321", "047f0000010610e1"},
    {"/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/4321", "047f000001910204d2047f0000010610e1"},
    {"/ip4/127.0.0.1/udp/1234/quic-v1", "047f000001910204d2cd03"},
    {"/ip6/2001:8a0:7ac5:4201:3ac9:86ff:fe31:7095/tcp/8000",
     "29200108a07ac542013ac986fffe317095061f40"},
    {"/ip6/fe80::1/tcp/80/ws", "29fe800000000000000000000000000001060050dd03"},
    {"/ip4/127.0.0.1/tcp/4321/p2p/" + std::string(kId),
     "047f0000010610e1a503221220d52ebb89d85b02a284948203a62ff28389c57c9f42beec4ec20db76a68911c0b"},
    {"/dns4/example.com/tcp/443/wss", "360b6578616d706c652e636f6d0601bbde03"},
    {"/dnsaddr/sjc-1.bootstrap.libp2p.io",
     "3819736a632d312e626f6f7473747261702e6c69627032702e696f"},
    {"/unix/a/b/c/d/e", "90030a2f612f622f632f642f65"},
    {"/memory/4", "89060000000000000004"},
};

TEST(Multiaddr, MatchesTheOthersBothWays) {
  for (const Vector& vector : kVectors) {
    const auto from_text = Multiaddr::parse_text(vector.text);
    ASSERT_TRUE(from_text) << vector.text;
    EXPECT_EQ(hex(from_text->bytes()), vector.hex) << vector.text;
    const auto from_bytes = Multiaddr::parse(*parse_hex(vector.hex));
    ASSERT_TRUE(from_bytes) << vector.text;
    EXPECT_EQ(from_bytes->text(), vector.text);
    EXPECT_EQ(*from_bytes, *from_text);
  }
}

TEST(Multiaddr, RefusesEveryTruncation) {
  for (const Vector& vector : kVectors) {
    const Bytes bytes = *parse_hex(vector.hex);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      const auto parsed = Multiaddr::parse(ByteView(bytes).first(size));
      if (parsed) {
        EXPECT_LT(parsed->parts().size(), Multiaddr::parse(bytes)->parts().size());
      }
    }
  }
}

TEST(Multiaddr, RefusesWhatIsNoAddress) {
  for (std::string_view text : {"",
                                "ip4/127.0.0.1",
                                "/ip4",
                                "/ip4/",
                                "/ip4/256.0.0.1",
                                "/ip4/::1",
                                "/ip6/127.0.0.1",
                                "/ip4/127.0.0.1/tcp",
                                "/ip4/127.0.0.1/tcp/65536",
                                "/ip4/127.0.0.1/tcp/-1",
                                "/ip4/127.0.0.1/tcp/",
                                "/ip4/127.0.0.1/tcp/080",
                                "/ip4/127.00.0.1",
                                "/ip4/127.0.0.1//tcp/1",
                                "/nosuch/1",
                                "/p2p/",
                                "/p2p/xyz",
                                "/dns4/",
                                "/dns4/a b",
                                "/unix/",
                                "/ip4/127.0.0.1/tcp/1/p2p-circuit/x"})
    EXPECT_FALSE(Multiaddr::parse_text(text)) << text;
}

TEST(Multiaddr, AnOldPeerPartIsTheSameAddress) {
  EXPECT_EQ(*Multiaddr::parse_text("/ipfs/" + std::string(kId)),
            *Multiaddr::parse_text("/p2p/" + std::string(kId)));
}

TEST(Multiaddr, HasItsBounds) {
  std::string text;
  for (std::size_t i = 0; i < kMultiaddrPartsMax; ++i) text += "/ws";
  EXPECT_TRUE(Multiaddr::parse_text(text));
  EXPECT_EQ(Multiaddr::parse_text(text + "/ws").error(), Errc::too_large);
  EXPECT_EQ(Multiaddr::parse_text("/dns4/" + std::string(300, 'a')).error(), Errc::too_large);
  EXPECT_EQ(Multiaddr::parse(Bytes(kMultiaddrBytesMax + 1)).error(), Errc::too_large);
}

TEST(Multiaddr, OfTheLongestTextIsReadBack) {
  Multiaddr address;
  for (int i = 0; i < 15; ++i) address.push(Protocol::ip6, Bytes(16, std::byte{0xff}));
  EXPECT_EQ(address.text().size(), 660u);
  EXPECT_EQ(*Multiaddr::parse_text(address.text()), address);
}

// Addresses come from strangers, many at a time: none may cost more than its bytes.
TEST(MultiaddrAttacks, Bombs_DeepNestingIsRefused) {
  Bytes circuits;
  for (std::size_t i = 0; i < kMultiaddrBytesMax / 2; ++i)
    append(circuits, *parse_hex("a202"));  // /p2p-circuit
  EXPECT_EQ(Multiaddr::parse(circuits).error(), Errc::too_large);
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "/p2p-circuit";
  EXPECT_EQ(Multiaddr::parse_text(text).error(), Errc::too_large);
}

TEST(MultiaddrAttacks, Bombs_AClaimedLengthIsNeitherAllocatedNorWaitedFor) {
  EXPECT_EQ(Multiaddr::parse(*parse_hex("36ffffffff0f61")).error(), Errc::too_large);
  EXPECT_EQ(Multiaddr::parse(*parse_hex("36ffffffffffffffff7f")).error(), Errc::too_large);
  EXPECT_EQ(Multiaddr::parse(*parse_hex("36ffffffffffffffffff01")).error(), Errc::malformed);
  EXPECT_EQ(Multiaddr::parse(*parse_hex("361061")).error(), Errc::truncated);
}

TEST(MultiaddrAttacks, Bombs_ALongBase58IsRefusedBeforeItIsConverted) {
  EXPECT_EQ(Multiaddr::parse_text("/p2p/1" + std::string(1'000'000, 'z')).error(), Errc::too_large);
  EXPECT_EQ(PeerId::parse_text("Qm" + std::string(1'000'000, 'z')).error(), Errc::too_large);
}

TEST(MultiaddrAttacks, Bombs_WhatDoesNotReadBackOrIsNotToBeSeenInALogIsRefused) {
  for (std::string_view bytes : {"3603612f62",     // dns4 with a slash
                                 "3604610a6162",   // with a line end
                                 "360261ff",       // beyond ASCII
                                 "3600",           // empty
                                 "90030361002f",   // unix with a zero
                                 "a503021200",     // p2p with a digest of no bytes
                                 "a503031201aa"})  // p2p with a digest of one byte
    EXPECT_EQ(Multiaddr::parse(*parse_hex(bytes)).error(), Errc::malformed) << bytes;
}

TEST(Multiaddr, TellsWhereToDial) {
  const auto target =
      tcp_target(*Multiaddr::parse_text("/ip4/10.0.0.1/tcp/4001/p2p/" + std::string(kId)));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->host, "10.0.0.1");
  EXPECT_EQ(target->port, 4001);
  EXPECT_FALSE(tcp_target(*Multiaddr::parse_text("/ip4/10.0.0.1/tcp/4001/ws")));
  EXPECT_FALSE(tcp_target(*Multiaddr::parse_text("/ip4/10.0.0.1/udp/4001/quic-v1")));
  EXPECT_FALSE(tcp_target(
      *Multiaddr::parse_text("/ip4/10.0.0.1/tcp/1/p2p/" + std::string(kId) + "/p2p-circuit")));
  EXPECT_EQ(tcp_multiaddr("::1", 80)->text(), "/ip6/::1/tcp/80");
}

// libp2p specs, peer-ids/peer-ids.md: the keys' test vectors.
TEST(PeerId, AnEd25519KeyIsItsOwnId) {
  const Bytes key =
      *parse_hex("080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e");
  const PeerId id = PeerId::of_public_key(key);
  EXPECT_EQ(id.inlined_key(), key);
  EXPECT_TRUE(id.text().starts_with("12D3KooW"));
  EXPECT_EQ(*PeerId::parse_text(id.text()), id);
  EXPECT_EQ(*PeerId::parse(id.bytes()), id);
}

TEST(PeerId, ALongKeyIsHashed) {
  const PeerId id = PeerId::of_public_key(Bytes(43));
  EXPECT_TRUE(id.text().starts_with("Qm"));
  EXPECT_TRUE(id.inlined_key().empty());
}

TEST(PeerId, ReadsTheCidForm) {
  // The example of peer-ids.md.
  const auto from_cid =
      PeerId::parse_text("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe");
  ASSERT_TRUE(from_cid);
  EXPECT_EQ(from_cid->text(), "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
}

TEST(PeerId, RefusesWhatIsNoId) {
  for (std::string_view text :
       {"", "1", "Qm", "12D3KooW", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5"})
    EXPECT_FALSE(PeerId::parse_text(text)) << text;
  EXPECT_FALSE(PeerId::parse(*parse_hex("0000")));
}

}  // namespace
}  // namespace ghmesh::multiformats
