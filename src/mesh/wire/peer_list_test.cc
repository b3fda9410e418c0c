// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/peer_list.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace ghmesh::mesh {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

const crypto::Secret kKey(Bytes(32, std::byte{1}));
const WallTime kNow = wall_time(1'770'000'000);

PeerId peer(int number) {
  Bytes key{std::byte{8}, std::byte{1}, std::byte{0x12}, std::byte{0x20}};
  key.resize(36, static_cast<std::byte>(number));
  return PeerId::of_public_key(key);
}

ListedPeer listed(int number) {
  return {
      .id = peer(number),
      .addresses = {*Multiaddr::parse_text("/ip4/10.0.0." + std::to_string(number) + "/tcp/4001"),
                    *Multiaddr::parse_text("/dns4/runner.example/tcp/4001")},
      .seen_at = kNow - Seconds(60 * number)};
}

TEST(PeerList, IsTheSameAfterItWasWritten) {
  const PeerList list{.written_at = kNow, .peers = {listed(1), listed(2), listed(3)}};
  const Bytes file = *seal_peer_list(list, kKey);
  auto opened = open_peer_list(file, kKey);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, list);
  EXPECT_EQ(*open_peer_list(*seal_peer_list({}, kKey), kKey), PeerList());
}

TEST(PeerList, ShowsNothingToWhoHasNotTheSecret) {
  const PeerList list{.written_at = kNow, .peers = {listed(1)}};
  const Bytes file = *seal_peer_list(list, kKey);
  EXPECT_EQ(open_peer_list(file, crypto::Secret(Bytes(32, std::byte{2}))).error(),
            Errc::seal_rejected);
  const std::string text(as_text(file));
  EXPECT_EQ(text.find("runner.example"), std::string::npos);
  EXPECT_EQ(text.find(as_text(peer(1).bytes())), std::string::npos);
}

TEST(PeerList, IsRefusedWhenItIsCutOrChanged) {
  Bytes file = *seal_peer_list({.written_at = kNow, .peers = {listed(1)}}, kKey);
  for (std::size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(open_peer_list(ByteView(file).first(size), kKey)) << size;
  for (std::size_t at = 0; at < file.size(); ++at) {
    file[at] ^= std::byte{1};
    EXPECT_FALSE(open_peer_list(file, kKey)) << at;
    file[at] ^= std::byte{1};
  }
}

TEST(PeerList, LeavesOutWhatIsBeyondItsLimits) {
  PeerList list{.written_at = kNow, .peers = {}};
  ListedPeer wide = listed(1);
  wide.addresses.resize(kListedAddressesMax + 5, wide.addresses[0]);
  list.peers.resize(kListedPeersMax + 5, wide);
  const Bytes file = *seal_peer_list(list, kKey);
  EXPECT_LE(file.size(), kPeerListBytesMax);
  auto opened = open_peer_list(file, kKey);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->peers.size(), kListedPeersMax);
  EXPECT_EQ(opened->peers[0].addresses.size(), kListedAddressesMax);
}

TEST(PeerList, IsNotWrittenWhenCryptoFails) {
  const Sealer broken([](const crypto::Secret&, ByteView, ByteView, ByteView,
                         MutableByteView) -> Result<void> { return Errc::crypto_failed; });
  EXPECT_EQ(seal_peer_list({.written_at = kNow, .peers = {listed(1)}}, kKey, broken).error(),
            Errc::crypto_failed);
}

}  // namespace
}  // namespace ghmesh::mesh
