// SPDX-License-Identifier: Apache-2.0 OR MIT
// What this node knows of those who speak: what they may still say, how much they are suspected. Private to the room.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "mesh/ledger/figures.h"
#include "mesh/ledger/replay_window.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

using multiformats::PeerId;

// A tank of permissions that fills again with civil time. A clock that is set back fills nothing.
class Allowance {
 public:
  struct Size {
    double most, per_second;
  };
  explicit Allowance(Size size) : size_(size), left_(size.most) {}

  bool take(double count, WallTime now);

 private:
  Size size_;
  double left_;
  WallTime filled_at_ = WallTime::min();
};

// A member that fetches all the time says 20 things a second; a warm start or a partition that heals brings more.
inline constexpr Allowance::Size kStatements{.most = 4'096, .per_second = 256};
// Keys that it makes us ask GitHub about again: some pushes at once, and one every few seconds.
inline constexpr Allowance::Size kDoubts{.most = 4'096, .per_second = 64};

// Points that fade.
class Suspicion {
 public:
  void add(double points, WallTime now);
  double at(WallTime now) const;

  double points() const { return points_; }
  WallTime points_at() const { return points_at_; }
  static Suspicion of(double points, WallTime points_at);

 private:
  double points_ = 0;
  WallTime points_at_ = WallTime::min();
};

// One of a thousand honest members looks like that by chance, for a while.
inline constexpr double kDoubtMax = 7;

struct Slot;

struct Author {
  explicit Author(PeerId peer) : id(std::move(peer)) {}

  bool is_expelled(WallTime now) const { return now < expelled_until; }

  const PeerId id;
  ReplayWindow window;
  WallTime date_floor = WallTime::min();  // what it said before we knew it, or knew it again
  WallTime newest_date = WallTime::min();
  Allowance statements{kStatements}, doubts{kDoubts};
  Suspicion suspicion;
  // Of late: its claims that GitHub confirmed, and those that had changed; what they say together is `doubt`, the
  // logarithm of how much likelier a liar is than an honest member. From kDoubtMax on it is believed nothing unproven.
  double confirmed = 0, changed = 0, doubt = 0;
  int expulsions_count = 0;  // for suspicion: each is longer than the one before
  WallTime expelled_until = WallTime::min();
  bool is_forgotten = false;  // its record is gone; what it said waits for a proof
  Figures figures;

  std::size_t bytes_held = 0;
  std::list<Slot*> slots;    // the last used first
  std::list<Slot*> vouched;  // of others, that it says are current

 private:
  friend class Authors;
  std::list<std::shared_ptr<Author>>::iterator place_;
};
using AuthorRef = std::shared_ptr<Author>;

// Expelled ones that are remembered: identities cost nothing, so the first to be forgiven makes room.
inline constexpr std::size_t kExpelledMax = 1'024;

// All that are remembered: the longest silent one is forgotten when there is no room, and then nothing that is not
// newer than its last word is taken from anybody who is unknown. So forgetting does not open the past again.
class Authors {
 public:
  explicit Authors(std::size_t authors_max) : authors_max_(authors_max) {}

  // Known from now on, and the last to be forgotten.
  AuthorRef get(const PeerId& id);
  AuthorRef find(const PeerId& id) const;
  // Kept apart, and longer than all else about it.
  void expel(const PeerId& id, WallTime until);
  const std::map<PeerId, WallTime>& expelled() const { return expelled_; }

  WallTime forgotten_date() const { return forgotten_date_; }
  void raise_forgotten_date(WallTime date) { forgotten_date_ = std::max(forgotten_date_, date); }
  std::uint64_t forgotten_count() const { return forgotten_count_; }
  // The longest silent first.
  const std::list<AuthorRef>& all() const { return all_; }

 private:
  void forget_one();

  const std::size_t authors_max_;
  std::map<PeerId, AuthorRef> by_id_;
  std::list<AuthorRef> all_;
  std::map<PeerId, WallTime> expelled_;
  WallTime forgotten_date_ = WallTime::min();
  std::uint64_t forgotten_count_ = 0;
};

}  // namespace ghmesh::mesh
