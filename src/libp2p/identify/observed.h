// SPDX-License-Identifier: Apache-2.0 OR MIT
// Our own addresses as others see them: how a node behind a forwarded port learns where it can be dialed. Rules and
// reasons: docs/wire/identify.md.
//
// A single peer can say anything, and would be believed by everybody whom we tell. So an address counts when peers in
// several unrelated networks have seen it, and each network has one vote, its last. What is asked is the peer that
// dialed us: it saw the address that it dialed. One that we dialed saw the port that our end of that connection
// happened to have, which nobody can dial.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "multiformats/multiaddr.h"

namespace ghmesh::identify {

class ObservedAddresses {
 public:
  struct Options {
    std::size_t votes_min = 4;   // as go
    std::size_t votes_max = 64;  // networks that are remembered; beyond, the oldest vote goes
    Duration kept_for = 30min;   // as go
  };

  explicit ObservedAddresses(Options options) : options_(options) {}
  ObservedAddresses() : ObservedAddresses(Options()) {}

  // A peer that dialed us from `observer` has seen us at `seen`. Only addresses of the internet count, and only those
  // seen from there: those of our network we know ourselves.
  void observe(const multiformats::Multiaddr& seen, const multiformats::Multiaddr& observer,
               Instant now);
  // In the order of their bytes.
  std::vector<multiformats::Multiaddr> confirmed(Instant now) const;

  std::size_t votes_count() const { return votes_.size(); }

 private:
  struct Vote {
    Bytes address;
    Instant at;
  };

  const Options options_;
  std::map<Bytes, Vote> votes_;  // by network
};

}  // namespace ghmesh::identify
