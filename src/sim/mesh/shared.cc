// SPDX-License-Identifier: Apache-2.0 OR MIT
// The nodes' stores of shared values: newest wins, as in a directory that processes share.
#include "sim/mesh/state.h"

namespace ghmesh::sim {
namespace {

mesh::KeyId shared_key(const mesh::SwarmSecret& secret, const std::string& name) {
  return mesh::SwarmKeys(secret).shared_key_id(name);
}

}  // namespace

void MeshSwarm::adopt(Node& node, const mesh::Shared& said) {
  const auto found = node.shared.find(said.key);
  if (found != node.shared.end() && found->second.said_at >= said.said_at) return;
  node.shared[said.key] = said;
}

void MeshSwarm::pump_shared(Node& node, const mesh::MemberEvent& event) {
  if (const auto* heard = std::get_if<mesh::SharedHeard>(&event)) {
    adopt(node, heard->said);
  } else if (const auto* ended = std::get_if<mesh::RecallEnded>(&event)) {
    if (ended->found) adopt(node, *ended->found);
    node.recalled[ended->id] = ended->found.has_value();
  } else if (const auto* asked = std::get_if<mesh::RecallAsked>(&event)) {
    const auto found = node.shared.find(shared_key(secret_, asked->name));
    const bool is_here = found != node.shared.end() && !found->second.is_removal;
    node.member->answer_recall(asked->asker, is_here ? std::optional(found->second) : std::nullopt,
                               now());
  }
}

void MeshSwarm::share_at(NodeId number, const std::string& name, const std::string& record,
                         mesh::SharedAt said_at) {
  Node& node = *nodes_[number];
  mesh::Shared said{.key = shared_key(secret_, name), .said_at = said_at};
  said.is_removal = record.empty();
  said.record = http::make_body(record.empty() ? name : record);
  adopt(node, said);
  static_cast<void>(node.member->share(said, now()));
  hosts_.settle(number);
}

void MeshSwarm::share(NodeId node, const std::string& name, const std::string& record) {
  // Each is a millisecond younger than the one before, wherever it is put.
  share_at(node, name, record, now().wall + std::chrono::milliseconds(++shared_count_));
}

void MeshSwarm::remove_shared(NodeId node, const std::string& name) { share(node, name, ""); }

std::string MeshSwarm::shared_of(NodeId number, const std::string& name) const {
  const auto& shared = nodes_[number]->shared;
  const auto found = shared.find(shared_key(secret_, name));
  if (found == shared.end() || found->second.is_removal) return {};
  return *found->second.record;
}

void MeshSwarm::forget_shared(NodeId node, const std::string& name) {
  nodes_[node]->shared.erase(shared_key(secret_, name));
}

mesh::RecallId MeshSwarm::recall(NodeId node, const std::string& name) {
  const mesh::RecallId id = nodes_[node]->member->recall(name, now());
  hosts_.settle(node);
  return id;
}

std::optional<bool> MeshSwarm::recalled(NodeId number, mesh::RecallId id) const {
  const auto found = nodes_[number]->recalled.find(id);
  if (found == nodes_[number]->recalled.end()) return std::nullopt;
  return found->second;
}

}  // namespace ghmesh::sim
