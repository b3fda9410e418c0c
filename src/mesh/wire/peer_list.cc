// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/wire/peer_list.h"

#include "mesh/wire/fields.h"

namespace ghmesh::mesh {
namespace {

using multiformats::Multiaddr;
using multiformats::PeerId;

constexpr std::string_view kMagic = "ghmesh peers 1\n";
constexpr std::size_t kPeerIdBytesMax = 64;
// Alone in its place, and of nobody: who wrote it does not matter, and is not known when it is read.
const SealContext kContext{.place = "peer-list", .sender = {}, .seqno = 0};

Bytes write_peer(const ListedPeer& peer, WallTime written_at) {
  Bytes out;
  append_sized(out, peer.id.bytes());
  append_seconds(out, cut_date(written_at) - cut_date(peer.seen_at));
  const std::size_t addresses_count = std::min(peer.addresses.size(), kListedAddressesMax);
  packing::append_varint(out, addresses_count);
  for (std::size_t i = 0; i < addresses_count; ++i) append_sized(out, peer.addresses[i].bytes());
  return out;
}

// One peer as it stands there: nothing is built of it yet.
struct PeerView {
  ByteView id;
  std::int64_t seen_before = 0;
  std::array<ByteView, kListedAddressesMax> addresses;
  std::size_t addresses_count = 0;
};

std::optional<PeerView> scan_peer(Reader& in) {
  PeerView peer;
  const auto id = take_sized(in, kPeerIdBytesMax);
  const auto seen_before = take_seconds(in);
  const auto addresses_count = take_number(in, kListedAddressesMax);
  if (!id || !seen_before || !addresses_count) return std::nullopt;
  peer.id = *id;
  peer.seen_before = *seen_before;
  peer.addresses_count = *addresses_count;
  for (std::size_t i = 0; i < peer.addresses_count; ++i) {
    const auto address = take_sized(in, multiformats::kMultiaddrBytesMax);
    if (!address) return std::nullopt;
    peer.addresses[i] = *address;
  }
  return peer;
}

// nullopt: an id that is none. Addresses of kinds that we do not speak are passed over.
std::optional<ListedPeer> build_peer(const PeerView& view, WallTime written_at) {
  auto id = PeerId::parse(view.id);
  if (!id) return std::nullopt;
  ListedPeer peer{.id = *std::move(id),
                  .addresses = {},
                  .seen_at = wall_time(to_seconds(written_at) - view.seen_before)};
  for (std::size_t i = 0; i < view.addresses_count; ++i)
    if (auto address = Multiaddr::parse(view.addresses[i]))
      peer.addresses.push_back(*std::move(address));
  return peer;
}

}  // namespace

Result<Bytes> seal_peer_list(const PeerList& list, const crypto::Secret& peer_list_key,
                             const Sealer& sealer) {
  Bytes plain;
  append_date(plain, list.written_at);
  for (std::size_t i = 0; i < std::min(list.peers.size(), kListedPeersMax); ++i) {
    const Bytes peer = write_peer(list.peers[i], list.written_at);
    if (plain.size() + peer.size() > kSealPlainBytesMax) break;
    append(plain, peer);
  }
  auto sealed = sealer.seal(peer_list_key, kContext, plain);
  if (!sealed) return sealed.error();
  Bytes file = copy_bytes(as_bytes(kMagic));
  append(file, *sealed);
  return file;
}

Result<PeerList> open_peer_list(ByteView file, const crypto::Secret& peer_list_key) {
  if (!as_text(file).starts_with(kMagic)) return Errc::seal_rejected;
  auto plain = open_sealed(peer_list_key, kContext, file.subspan(kMagic.size()));
  if (!plain) return plain.error();
  Reader in(*plain);
  const auto written_at = take_date(in);
  if (!written_at) return Errc::malformed;
  std::vector<PeerView> views;
  while (!in.is_empty()) {
    if (views.size() == kListedPeersMax) return Errc::too_large;
    const auto peer = scan_peer(in);
    if (!peer) return Errc::malformed;
    views.push_back(*peer);
  }
  PeerList list{.written_at = *written_at, .peers = {}};
  for (const PeerView& view : views) {
    auto peer = build_peer(view, *written_at);
    if (!peer) return Errc::malformed;
    list.peers.push_back(*std::move(peer));
  }
  return list;
}

}  // namespace ghmesh::mesh
