// SPDX-License-Identifier: Apache-2.0 OR MIT
// The newest date that was said of each of many things, bounded: when there is no room, the oldest mark goes, and the
// floor rises to its date. Whatever is not above the floor may have had a later mark that is forgotten. Private to the
// room.
#pragma once

#include <set>
#include <unordered_map>
#include <utility>

#include "base/time.h"
#include "crypto/hash.h"
#include "mesh/wire/exchange.h"
#include "multiformats/peer_id.h"

namespace ghmesh::mesh {

// Members choose key ids as they like: a keyed hash keeps them from choosing ids that meet in one bucket.
struct NameHash {
  std::size_t operator()(const KeyId& key) const { return crypto::table_hash(key)[0]; }
  std::size_t operator()(const KeyAndTag& subject) const {
    std::array<std::byte, sizeof(KeyId) + sizeof(PrincipalTag)> bytes;
    copy_to(MutableByteView(bytes), subject.key);
    copy_to(MutableByteView(bytes).subspan(sizeof(KeyId)), subject.tag);
    return crypto::table_hash(bytes)[0];
  }
};

inline std::uint64_t mark_of(const crypto::Digest& body_digest) {
  return load_big_endian<std::uint64_t>(ByteView(body_digest).first(8));
}

template <class Name>
class DateMarks {
 public:
  struct Mark {
    WallTime date{};
    multiformats::PeerId by{};  // who said so, where that is asked
    std::uint64_t body = 0;     // the beginning of its digest
  };

  explicit DateMarks(std::size_t marks_max) : marks_max_(marks_max) {}

  // An older date than the one there is does nothing.
  void set(const Name& name, Mark mark) {
    if (mark.date < floor_) return;
    auto [found, is_new] = marks_.try_emplace(name, mark);
    if (!is_new) {
      // Of one second the first counts, unless whoever says so has a name.
      if (mark.date == found->second.date && !mark.by.empty()) found->second = std::move(mark);
      else if (mark.date > found->second.date) {
        by_date_.erase({found->second.date, name});
        found->second = std::move(mark);
        by_date_.insert({found->second.date, name});
      }
      return;
    }
    by_date_.insert({found->second.date, name});
    if (marks_.size() <= marks_max_) return;
    const auto oldest = *by_date_.begin();
    floor_ = oldest.first;
    by_date_.erase(by_date_.begin());
    marks_.erase(oldest.second);
  }
  void erase(const Name& name) {
    const auto found = marks_.find(name);
    if (found == marks_.end()) return;
    by_date_.erase({found->second.date, name});
    marks_.erase(found);
  }
  void raise_floor(WallTime date) { floor_ = std::max(floor_, date); }

  // Null: none, or forgotten. Changing the date is not for callers.
  Mark* find(const Name& name) {
    const auto found = marks_.find(name);
    return found == marks_.end() ? nullptr : &found->second;
  }
  const Mark* find(const Name& name) const { return const_cast<DateMarks*>(this)->find(name); }
  // The newest date that may have been said.
  WallTime date_of(const Name& name) const {
    const auto found = marks_.find(name);
    return found == marks_.end() ? floor_ : std::max(floor_, found->second.date);
  }
  WallTime floor() const { return floor_; }
  std::size_t size() const { return marks_.size(); }
  // Oldest first.
  const std::set<std::pair<WallTime, Name>>& by_date() const { return by_date_; }

 private:
  const std::size_t marks_max_;
  std::unordered_map<Name, Mark, NameHash> marks_;
  std::set<std::pair<WallTime, Name>> by_date_;
  WallTime floor_ = WallTime::min();
};

}  // namespace ghmesh::mesh
