// SPDX-License-Identifier: Apache-2.0 OR MIT
// The board: what members of a swarm said lately of values that programs share (announcement.h, Shared).
//
// No proof exists of such a value, so none of the ledger's rules of belief applies: every member may put and remove, as
// every process on one machine may. What is newer wins, by the clock of whoever put it; of two of one millisecond the
// larger digest, so that all boards end alike. Older never replaces newer, also where the newer is a removal.
//
// Bounded in entries and bytes. When it is full, whoever takes the most of it loses its oldest: a member that floods
// the board pushes out its own. Not thread-safe; knows no names and nothing of what a record says.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mesh/wire/announcement.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

// What a swarm of machines put within some minutes: a newcomer is told it, and a late body is asked for here.
inline constexpr std::size_t kBoardBytesMax = 32 * 1024 * 1024;
inline constexpr std::size_t kBoardEntriesMax = 16 * 1024;
// Clocks of machines that ask an NTP server differ by less; whoever is ahead by more would win for as long.
inline constexpr Seconds kSharedAheadMax{30};

struct BoardOptions {
  std::size_t bytes_max = kBoardBytesMax;
  std::size_t entries_max = kBoardEntriesMax;
};

struct BoardCounters {
  std::uint64_t put = 0;  // that were news
  std::uint64_t outdated = 0, from_future = 0, evicted = 0;
};

class Board {
 public:
  using PeerId = multiformats::PeerId;
  struct Posted {
    Shared said;  // its record may be missing still
    PeerId author;
  };

  explicit Board(BoardOptions options = {}) : options_(options) {}

  // True: it is news. False: it was known. Errors: mesh_outdated, mesh_from_future; too_large, for one that alone is
  // more than the board may hold.
  Result<bool> put(const PeerId& author, Shared said, WallTime now);
  // The record of what was posted without one. False: it is not here any more, or has one.
  bool fill(const KeyId& key, const crypto::Digest& digest, http::Body record);
  // Null: it is not here. Valid until the next call that is not const.
  const Posted* find(const KeyId& key) const;
  http::Body find_record(const crypto::Digest& digest) const;  // null: none
  void forget(const PeerId& author);                           // all that it put

  // The newest first, at most so many.
  std::vector<KeyId> newest(std::size_t count_max) const;

  std::size_t size() const { return posted_.size(); }
  std::size_t bytes() const { return bytes_; }
  const BoardCounters& counters() const { return counters_; }

 private:
  struct Author {
    std::map<std::pair<SharedAt, KeyId>, const Posted*> by_age;
    std::size_t bytes = 0;
  };
  void link(const KeyId& key, const Posted& posted);
  void unlink(const KeyId& key, const Posted& posted);
  void erase(KeyId key);  // a copy: the key may stand in what is erased
  void make_room();

  const BoardOptions options_;
  std::map<KeyId, Posted> posted_;
  std::map<PeerId, Author> authors_;
  std::multimap<crypto::Digest, KeyId> by_digest_;
  std::size_t bytes_ = 0;
  BoardCounters counters_;
};

}  // namespace ghmesh::mesh
