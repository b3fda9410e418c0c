// SPDX-License-Identifier: Apache-2.0 OR MIT
// The statements that are held, by key and tag, within a quota of bytes: the longest unused go first, those of an
// author that has more than its share before all others. Private to the room.
#pragma once

#include <list>
#include <span>
#include <unordered_map>
#include <vector>

#include "mesh/ledger/author.h"
#include "mesh/ledger/date_marks.h"
#include "mesh/ledger/statement.h"

namespace ghmesh::mesh {

struct Slot {
  Statement statement;
  // What the author said, or we proved: in force again when another member, who said that it is still current, is
  // expelled.
  struct Vouch {
    WallTime current_at{}, fresh_until{};
    PeerId by{};
  };
  Vouch base;
  Bytes raw;  // the author's signed message: evidence
  WallTime doubted_at =
      WallTime::min();       // the last time at which somebody said that it is stale or gone
  bool is_disputed = false;  // two members, one second, two bodies
  AuthorRef author;          // null: this node
  AuthorRef vouched_by;      // null: the author

 private:
  friend class Held;
  std::size_t bytes_ = 0;
  std::list<Slot>::iterator place_;
  std::list<Slot*>::iterator author_place_, vouched_place_;
};

class Held {
 public:
  explicit Held(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  const Slot* find(const KeyAndTag& subject) const;
  Slot* find(const KeyAndTag& subject) {
    return const_cast<Slot*>(std::as_const(*this).find(subject));
  }
  std::span<Slot* const> of_key(const KeyId& key) const;

  // Replaces what there is of its subject; null as `author`: this node. Null is returned when it is larger than what
  // one author may hold; nothing has changed then.
  struct Content {
    Statement statement;
    Bytes raw;
    AuthorRef author;
  };
  Slot* put(Content content);
  // False: no room.
  bool put_body(Slot& slot, http::Body body);
  // Somebody says that it is current, and answers for that from now on; null: this node.
  void vouch(Slot& slot, const AuthorRef& by, Slot::Vouch vouch);
  void use(Slot& slot);
  void erase(Slot& slot);
  // All that it said, and its word for what others said.
  void erase_all_of(Author& author);

  std::size_t bytes() const { return bytes_; }
  std::size_t bytes_max() const { return bytes_max_; }
  std::size_t size() const { return slots_.size(); }
  // The last used first.
  const std::list<Slot>& all() const { return slots_; }

  std::uint64_t evicted = 0, evicted_share = 0, evicted_tags = 0;

 private:
  void link(Slot& slot, const AuthorRef& author);
  void unlink(Slot& slot);
  void unvouch(Slot& slot);
  void recount(Slot& slot);
  void make_room(const Slot& kept);
  void limit_tags(const Slot& kept);

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::list<Slot> slots_;
  std::unordered_map<KeyId, std::vector<Slot*>, NameHash> by_key_;
};

}  // namespace ghmesh::mesh
