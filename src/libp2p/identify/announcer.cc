// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/identify/announcer.h"

#include "libp2p/identify/receiver.h"
#include "libp2p/record/peer_record.h"
#include "libp2p/stream/machine.h"
#include "multiformats/address_scope.h"

namespace ghmesh::identify {

static_assert(stream::StreamMachine<Sender>);

namespace {

using multiformats::Multiaddr;
using multiformats::Protocol;
using multiformats::Scope;

// What the fields around an address take, in the list and in the record.
constexpr std::size_t kAddressFrameBytes = 8;

bool may_tell(const Multiaddr& address, Scope remote) {
  switch (multiformats::scope_of(address)) {
    case Scope::global: return true;
    case Scope::local: return remote == Scope::local || remote == Scope::loopback;
    case Scope::loopback: return remote == Scope::loopback;
    case Scope::none: return !address.find(Protocol::ip4) && !address.find(Protocol::ip6);  // names
  }
  return false;
}

std::vector<Multiaddr> addresses_for(const std::vector<Multiaddr>& ours, Scope remote) {
  std::vector<Multiaddr> told;
  std::size_t bytes = 0;
  for (const Multiaddr& address : ours) {
    if (!may_tell(address, remote)) continue;
    bytes += address.bytes().size() + kAddressFrameBytes;
    if (bytes > kOwnAddressesBytesMax || told.size() == kAddressesMax) break;
    told.push_back(address);
  }
  return told;
}

}  // namespace

Announcer::Announcer(const keys::PrivateKey& identity, std::string_view version)
    : identity_(identity), agent_version_("ghmesh/" + std::string(version)) {
  GHMESH_CHECK(agent_version_.size() <= kVersionBytesMax);
}

void Announcer::set_protocols(std::set<std::string> protocols) {
  if (protocols == protocols_) return;
  std::size_t bytes = 0;
  for (const std::string& protocol : protocols) bytes += protocol.size() + kAddressFrameBytes;
  GHMESH_CHECK(bytes <= kOwnProtocolsBytesMax);
  protocols_ = std::move(protocols);
  ++revision_;
}

void Announcer::set_addresses(std::vector<Multiaddr> addresses) {
  if (addresses == addresses_) return;
  addresses_ = std::move(addresses);
  ++revision_;
}

Bytes Announcer::announce(const Multiaddr& remote, WallTime now) {
  Identify statement;
  statement.public_key = copy_bytes(identity_.public_key().serialized());
  statement.listen_addresses = addresses_for(addresses_, multiformats::scope_of(remote));
  statement.protocols = protocols_;
  if (const Multiaddr place = remote.without_peer(); !place.empty())
    statement.observed_address = place;
  statement.protocol_version = kProtocolVersion;
  statement.agent_version = agent_version_;
  if (!statement.listen_addresses.empty()) {
    sequence_ = record::next_sequence(sequence_, now);
    const auto record = record::CertifiedRecord::sign({.peer = identity_.peer_id(),
                                                       .sequence = sequence_,
                                                       .addresses = statement.listen_addresses},
                                                      identity_);
    statement.signed_record = copy_bytes(record.envelope());
  }
  return write_identify(statement);
}

Sender::Sender(Bytes statement, Instant now)
    : statement_(std::move(statement)), deadline_(now + kDeadline) {}

Result<std::size_t> Sender::receive(ByteView bytes, Instant /*now*/) {
  if (bytes.size() > kReplyBytesMax - reply_bytes_) return Errc::identify_too_large;
  reply_bytes_ += bytes.size();
  return bytes.size();
}

Result<void> Sender::peer_finished(Instant /*now*/) {
  is_finished_there_ = true;
  return {};
}

void Sender::output_sent(std::size_t bytes_count, Instant /*now*/) {
  GHMESH_CHECK(bytes_count <= statement_.size() - sent_);
  sent_ += bytes_count;
}

Result<void> Sender::tick(Instant now) {
  if (now >= deadline_ && !is_done()) return Errc::timed_out;
  return {};
}

}  // namespace ghmesh::identify
