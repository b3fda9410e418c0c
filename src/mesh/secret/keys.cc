// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/secret/keys.h"

#include "base/text.h"

namespace ghmesh::mesh {
namespace {

constexpr std::size_t kKeyBytes = 32;
// 64 bits: that two swarms choose one is a curiosity, and would do no harm. It stands in every message.
constexpr std::size_t kTopicBytes = 8;
constexpr std::int64_t kEpochSeconds = 24 * 60 * 60;

crypto::Secret derive(const crypto::Secret& root, std::string_view label) {
  return crypto::hkdf_expand(root, as_bytes(label), kKeyBytes);
}

crypto::Secret derive(const crypto::Secret& root, std::string_view label, Epoch epoch,
                      std::size_t bytes_count) {
  Bytes info = copy_bytes(as_bytes(label));
  append_big_endian<std::uint64_t>(info, static_cast<std::uint64_t>(epoch));
  return crypto::hkdf_expand(root, info, bytes_count);
}

template <class Name>
Name name_of(const crypto::Digest& mac) {
  Name name;
  std::ranges::copy(ByteView(mac).first(name.size()), name.begin());
  return name;
}

}  // namespace

Epoch epoch_of(WallTime now) {
  const std::int64_t seconds = to_seconds(now);
  return seconds / kEpochSeconds - (seconds % kEpochSeconds < 0 ? 1 : 0);
}

SwarmKeys::SwarmKeys(const SwarmSecret& secret)
    : root_(secret.root()),
      key_id_key_(derive(root_, "key-id")),
      principal_key_(derive(root_, "principal")),
      member_key_(derive(root_, "member")),
      peer_list_key_(derive(root_, "peer-list")) {}

KeyId SwarmKeys::key_id(std::string_view canonical_key) const {
  return name_of<KeyId>(crypto::hmac_sha256(key_id_key_.reveal(), as_bytes(canonical_key)));
}

KeyId SwarmKeys::shared_key_id(std::string_view name) const {
  // Canonical keys of requests begin with their version.
  return key_id("shared\n" + std::string(name));
}

PrincipalTag SwarmKeys::principal_tag(std::string_view kind, ByteView identity) const {
  const std::size_t text_bytes = kind.size() + 1 + identity.size();
  const crypto::Secret text = crypto::Secret::filled(text_bytes, [&](MutableByteView out) {
    std::ranges::copy(as_bytes(kind), out.begin());
    out[kind.size()] = std::byte{':'};
    std::ranges::copy(identity, out.last(identity.size()).begin());
  });
  return name_of<PrincipalTag>(crypto::hmac_sha256(principal_key_.reveal(), text.reveal()));
}

EpochKeys SwarmKeys::epoch_keys(Epoch epoch) const {
  const crypto::Secret topic = derive(root_, "topic", epoch, kTopicBytes);
  return {.epoch = epoch,
          .topic = base64url(topic.reveal()),
          .entry_key = derive(root_, "entry", epoch, kKeyBytes)};
}

}  // namespace ghmesh::mesh
