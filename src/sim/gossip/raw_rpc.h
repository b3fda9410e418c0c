// SPDX-License-Identifier: Apache-2.0 OR MIT
// RPCs as an attacker writes them: field by field, with no router's limits or manners. Grammar: docs/wire/gossipsub.md.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "libp2p/protobuf/fields.h"

namespace ghmesh::sim::gossip {

class RawRpc {
 public:
  using Ids = std::vector<Bytes>;

  RawRpc& subscribe(std::string_view topic) {
    Bytes body;
    protobuf::append_field(body, 1, 1);
    protobuf::append_field(body, 2, as_bytes(topic));
    protobuf::append_field(bytes_, 1, body);
    return *this;
  }
  // Two bytes.
  RawRpc& empty_subscription() {
    protobuf::append_field(bytes_, 1, ByteView());
    return *this;
  }
  struct Message {
    ByteView from;
    ByteView data;
    std::uint64_t seqno = 0;
    std::string_view topic;
    ByteView signature;
  };
  RawRpc& message(const Message& message) {
    Bytes seqno;
    append_big_endian(seqno, message.seqno);
    Bytes body;
    protobuf::append_field(body, 1, message.from);
    protobuf::append_field(body, 2, message.data);
    protobuf::append_field(body, 3, seqno);
    protobuf::append_field(body, 4, as_bytes(message.topic));
    protobuf::append_field(body, 5, message.signature);
    protobuf::append_field(bytes_, 2, body);
    return *this;
  }
  RawRpc& ihave(std::string_view topic, const Ids& ids) {
    Bytes body;
    protobuf::append_field(body, 1, as_bytes(topic));
    for (const Bytes& id : ids) protobuf::append_field(body, 2, id);
    return control(1, body);
  }
  RawRpc& iwant(const Ids& ids) { return control(2, only_ids(ids)); }
  RawRpc& graft(std::string_view topic) { return control(3, only_topic(topic)); }
  RawRpc& prune(std::string_view topic, std::uint64_t backoff_seconds, const Ids& suggested = {}) {
    Bytes body = only_topic(topic);
    for (const Bytes& id : suggested) {
      Bytes suggestion;
      protobuf::append_field(suggestion, 1, id);
      protobuf::append_field(body, 2, suggestion);
    }
    protobuf::append_field(body, 3, backoff_seconds);
    return control(4, body);
  }
  RawRpc& idontwant(const Ids& ids) { return control(5, only_ids(ids)); }

  const Bytes& bytes() const { return bytes_; }

 private:
  static Bytes only_ids(const Ids& ids) {
    Bytes body;
    for (const Bytes& id : ids) protobuf::append_field(body, 1, id);
    return body;
  }
  static Bytes only_topic(std::string_view topic) {
    Bytes body;
    protobuf::append_field(body, 1, as_bytes(topic));
    return body;
  }
  RawRpc& control(std::uint32_t kind, const Bytes& body) {
    Bytes entry;
    protobuf::append_field(entry, kind, body);
    protobuf::append_field(bytes_, 3, entry);
    return *this;
  }

  Bytes bytes_;
};

}  // namespace ghmesh::sim::gossip
