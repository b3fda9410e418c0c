// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "command.h"

namespace ghmesh::p2p_peer {

std::string text_of(const json::object& command, std::string_view field) {
  const json::value* value = command.if_contains(field);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_of(const json::object& command, std::string_view field,
                       std::int64_t otherwise) {
  const json::value* value = command.if_contains(field);
  return value && value->is_int64() ? value->get_int64() : otherwise;
}

bool flag_of(const json::object& command, std::string_view field, bool otherwise) {
  const json::value* value = command.if_contains(field);
  return value && value->is_bool() ? value->get_bool() : otherwise;
}

json::object refusal(const Error& error) { return {{"error", error.message()}}; }

json::object describe(const identify::PeerInfo& info) {
  json::array addresses;
  for (const auto& address : info.addresses) addresses.emplace_back(address.text());
  return {{"agent", info.agent_version},
          {"protocol_version", info.protocol_version},
          {"protocols", json::array(info.protocols.begin(), info.protocols.end())},
          {"addresses", std::move(addresses)},
          {"signed_record", info.record ? "verified" : "none"}};
}

}  // namespace ghmesh::p2p_peer
