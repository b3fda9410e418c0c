// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the tests of the ledger are made of.
#pragma once

#include <map>
#include <string>

#include "mesh/ledger/ledger.h"

namespace ghmesh::mesh {

using multiformats::PeerId;

inline constexpr std::int64_t kStart = 1'770'000'000;
inline WallTime at(std::int64_t seconds) { return wall_time(kStart + seconds); }

inline PeerId peer(int number) {
  Bytes key(36);
  key[0] = std::byte{8}, key[1] = std::byte{1}, key[2] = std::byte{18}, key[3] = std::byte{32};
  store_big_endian(MutableByteView(key).last(4), static_cast<std::uint32_t>(number));
  return PeerId::of_public_key(key);
}
template <class Id>
Id id_of(int number) {
  Id id{};
  store_big_endian(MutableByteView(id).last(4), static_cast<std::uint32_t>(number));
  return id;
}
inline KeyId key(int number) { return id_of<KeyId>(number); }
inline PrincipalTag tag(int number) { return id_of<PrincipalTag>(number); }
inline KeyAndTag subject(int key_number, int tag_number = 1) {
  return {.key = key(key_number), .tag = tag(tag_number)};
}
inline crypto::Digest digest_of(const std::string& body) { return crypto::sha256(as_bytes(body)); }

inline const PeerId kSelf = peer(1'000'000);

inline Fetched fetched(const KeyAndTag& subject, std::int64_t date, const std::string& body) {
  Fetched said{.key = subject.key,
               .tag = subject.tag,
               .headers = {{"content-type", "application/json; charset=utf-8"}}};
  said.upstream_date = at(date);
  said.ttl = Seconds(60);
  said.body_digest = digest_of(body);
  said.body_bytes = body.size();
  said.body = http::make_body(body);
  return said;
}
inline Valid valid(const KeyAndTag& subject, std::int64_t date, const std::string& body) {
  return {.key = subject.key,
          .tag = subject.tag,
          .body_digest = digest_of(body),
          .upstream_date = at(date)};
}
inline Gone gone(const KeyAndTag& subject, std::int64_t date) {
  return {.key = subject.key, .tag = subject.tag, .upstream_date = at(date)};
}
inline Stale stale(std::vector<KeyId> keys, std::int64_t date) {
  return {.upstream_date = at(date), .keys = std::move(keys)};
}
inline Budget budget(int tag_number, std::uint32_t remaining, std::int64_t date) {
  return {.tag = tag(tag_number),
          .resource = "core",
          .limit = 5'000,
          .remaining = remaining,
          .reset = at(3'000),
          .upstream_date = at(date)};
}

// Numbers the messages of each member.
struct Members {
  std::map<PeerId, std::uint64_t> seqnos;

  Result<Heard> say(Ledger& ledger, int author, Announcement announcement, std::int64_t now) {
    const std::uint64_t seqno = ++seqnos[peer(author)];
    const std::string raw = "message " + std::to_string(author) + " " + std::to_string(seqno);
    return ledger.hear({.author = peer(author), .seqno = seqno, .raw = as_bytes(raw)},
                       std::move(announcement), at(now));
  }
};

inline std::string body_of(const Statement* statement) {
  return statement != nullptr && statement->said.body ? *statement->said.body : "";
}
template <class Event>
std::optional<Event> next(Ledger& ledger) {
  auto event = ledger.next_event();
  if (!event || !std::holds_alternative<Event>(*event)) return std::nullopt;
  return std::get<Event>(*event);
}

}  // namespace ghmesh::mesh
