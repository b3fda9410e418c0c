// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/identify/message.h"

#include <algorithm>

#include "libp2p/protobuf/fields.h"
#include "multiformats/delimited.h"

namespace ghmesh::identify {
namespace {

using multiformats::Multiaddr;

// Identify (identify/README.md; field 8 is younger than its first revision).
constexpr std::uint32_t kPublicKeyField = 1;
constexpr std::uint32_t kListenAddressesField = 2;
constexpr std::uint32_t kProtocolsField = 3;
constexpr std::uint32_t kObservedAddressField = 4;
constexpr std::uint32_t kProtocolVersionField = 5;
constexpr std::uint32_t kAgentVersionField = 6;
constexpr std::uint32_t kSignedRecordField = 8;

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

std::string clean_version(ByteView bytes) {
  std::string text(as_text(bytes.first(std::min(bytes.size(), kVersionBytesMax))));
  std::ranges::replace_if(
      text, [](char c) { return !is_printable(c); }, '?');
  return text;
}

void take_protocol(ByteView bytes, Identify& statement, Dropped& dropped) {
  const std::string_view name = as_text(bytes);
  const bool is_name =
      !name.empty() && name.size() <= kProtocolBytesMax &&
      std::ranges::all_of(name, [](char c) { return is_printable(c) && c != ' '; });
  if (!is_name) {
    ++dropped.protocols;
    return;
  }
  if (statement.protocols.size() < kProtocolsMax) statement.protocols.emplace(name);
  else if (!statement.protocols.contains(std::string(name))) ++dropped.protocols;
}

void take_address(ByteView bytes, Identify& statement, Dropped& dropped) {
  // Beyond the limit they are not even parsed.
  if (statement.listen_addresses.size() < kAddressesMax) {
    auto address = Multiaddr::parse(bytes);
    if (address && !address->empty()) {
      statement.listen_addresses.push_back(*std::move(address));
      return;
    }
  }
  ++dropped.addresses;
}

// One that we cannot read says nothing.
std::optional<Multiaddr> parse_observed(ByteView bytes) {
  auto address = Multiaddr::parse(bytes);
  if (!address) return std::nullopt;
  Multiaddr place = address->without_peer();
  if (place.empty()) return std::nullopt;
  return place;
}

}  // namespace

Bytes write_identify(const Identify& statement) {
  Bytes message;
  if (statement.public_key) protobuf::append_field(message, kPublicKeyField, *statement.public_key);
  for (const Multiaddr& address : statement.listen_addresses)
    protobuf::append_field(message, kListenAddressesField, address.bytes());
  for (const std::string& protocol : statement.protocols)
    protobuf::append_field(message, kProtocolsField, as_bytes(protocol));
  if (statement.observed_address)
    protobuf::append_field(message, kObservedAddressField, statement.observed_address->bytes());
  if (statement.protocol_version)
    protobuf::append_field(message, kProtocolVersionField, as_bytes(*statement.protocol_version));
  if (statement.agent_version)
    protobuf::append_field(message, kAgentVersionField, as_bytes(*statement.agent_version));
  GHMESH_CHECK(message.size() <= kOwnMessageBytesMax);

  Bytes record;
  if (!statement.signed_record.empty())
    protobuf::append_field(record, kSignedRecordField, statement.signed_record);
  GHMESH_CHECK(record.size() <= kMessageBytesMax);

  Bytes out;
  if (message.size() + record.size() <= kOwnMessageBytesMax) {
    append(message, record);
    record.clear();
  }
  multiformats::append_delimited(out, message);
  if (!record.empty()) multiformats::append_delimited(out, record);
  return out;
}

Result<void> parse_identify(ByteView message, Identify& statement, Dropped& dropped) {
  protobuf::FieldReader reader(message);
  for (;;) {
    auto next = reader.next();
    if (!next) return Errc::identify_malformed;
    if (!*next) return {};
    const protobuf::Field& field = **next;
    if (field.type != protobuf::WireType::bytes) continue;
    switch (field.number) {
      case kPublicKeyField: statement.public_key = copy_bytes(field.bytes); break;
      case kListenAddressesField: take_address(field.bytes, statement, dropped); break;
      case kProtocolsField: take_protocol(field.bytes, statement, dropped); break;
      case kObservedAddressField: statement.observed_address = parse_observed(field.bytes); break;
      case kProtocolVersionField: statement.protocol_version = clean_version(field.bytes); break;
      case kAgentVersionField: statement.agent_version = clean_version(field.bytes); break;
      case kSignedRecordField: statement.signed_record = copy_bytes(field.bytes); break;
      default: break;
    }
  }
}

}  // namespace ghmesh::identify
