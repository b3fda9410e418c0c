// SPDX-License-Identifier: Apache-2.0 OR MIT
// The keys that a node holds just now: of its secret and, for a day after a rotation, of the one before; for each of
// them of today, yesterday and tomorrow, because clocks differ and messages are under way at midnight.
//
//   a secret        announced under   read                       leaves
//   newest          yes               yes                        when the next one comes: then it is the previous
//   previous        no                until 24 h after rotation  then; or at once when yet another one comes
//
// The keys of days gone by are erased. `now` is the best estimate of civil time there is; the node's own clock will do.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "mesh/secret/keys.h"

namespace ghmesh::mesh {

inline constexpr Seconds kRotationOverlap{24 * 60 * 60};
// Days on each side of today that are read.
inline constexpr Epoch kEpochSlack = 1;

class Keyring {
 public:
  struct Previous {
    SwarmSecret secret;
    WallTime until;
  };

  explicit Keyring(const SwarmSecret& newest, WallTime now,
                   std::optional<Previous> previous = std::nullopt);

  // Rotating to the secret that is the newest already does nothing.
  void rotate(const SwarmSecret& next, WallTime now);
  // True when the topics are others now: another day, or the previous secret is gone.
  bool tick(WallTime now);

  const SwarmKeys& newest() const { return newest_; }
  const SwarmKeys* previous() const { return previous_ ? &*previous_ : nullptr; }
  WallTime previous_until() const { return previous_until_; }

  // What we announce under: the newest secret, today.
  const EpochKeys& announce_keys() const { return readable_.front(); }
  // All that are read, the newest secret first: today, yesterday, tomorrow.
  std::span<const EpochKeys> readable() const { return readable_; }
  // Null: not a topic of ours, or no longer.
  const EpochKeys* find(std::string_view topic) const;

 private:
  void derive();

  SwarmKeys newest_;
  std::optional<SwarmKeys> previous_;
  WallTime previous_until_{};
  Epoch today_;
  std::vector<EpochKeys> readable_;
};

}  // namespace ghmesh::mesh
