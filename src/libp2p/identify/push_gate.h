// SPDX-License-Identifier: Apache-2.0 OR MIT
// How often peers may push. A push is small for whoever sends it and costs us eighty kilobytes of parsing and a
// signature, so each peer has a few and so has each neighbourhood: many peers behind one address may be one attacker,
// or a fleet of runners that boots at once. What is refused is lost, and costs no more than stale addresses.
//
// Two token buckets per push, in bounded tables: a bucket that is full again is forgotten; while a table has no room,
// newcomers are refused.
#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "multiformats/peer_id.h"

namespace ghmesh::identify {

class PushGate {
 public:
  struct Options {
    Duration peer_interval = 5s;  // one push each, as go (which counts by neighbourhood only)
    int peer_burst = 4;  // addresses and protocols change one after another when a node starts
    Duration group_interval = 100ms;
    int group_burst = 64;  // a fleet that boots at once
    std::size_t peers_max = 1024;
    std::size_t groups_max = 256;
  };
  struct Counters {
    std::uint64_t refused_peer = 0;
    std::uint64_t refused_group = 0;
    std::uint64_t refused_full = 0;  // no room to remember another one
  };

  explicit PushGate(Options options) : options_(options) {}
  PushGate() : PushGate(Options()) {}

  // `group`: the neighbourhood of the peer's address, an IPv4 /24 or the like. Loopback is one like any other. Whether
  // this push may be read; if not, reset its stream.
  bool admit(const multiformats::PeerId& peer, const std::string& group, Instant now);

  std::size_t size() const { return peers_.size() + groups_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  const Options options_;
  // When each bucket will be full again; it has a token less for every interval until then.
  std::map<multiformats::PeerId, Instant> peers_;
  std::map<std::string, Instant> groups_;
  Counters counters_;
};

}  // namespace ghmesh::identify
