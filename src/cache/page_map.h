// SPDX-License-Identifier: Apache-2.0 OR MIT
// PageMap: the pages of a data file, and what was found on each. For the probe, which runs it in a process that may
// die.
//
// LMDB checks next to nothing of what it reads from its pages, and nothing of what it will trust when it next writes:
// how full a page is, how long a run of pages, which pages are free. So the map checks that, for every page that
// belongs to a table. The layout is that of LMDB 0.9 on 64-bit machines (MDB_page and MDB_node of its source).
#pragma once

#include <lmdb.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ghmesh::cache {

std::size_t page_number_at(const char* inside, std::size_t page_bytes);

class PageMap {
 public:
  PageMap(const char* base, std::size_t page_bytes, std::size_t pages_count)
      : base_(base), page_bytes_(page_bytes), uses_(pages_count, Use::unknown) {}

  // What a cursor stands on. False when it is not where it can be, or its page is not sound.
  bool add_entry(const MDB_val& key, const MDB_val& value);
  bool add_free(std::size_t page);
  // Whatever was neither an entry's page nor free leads to other pages, and there are so many of those; two are the
  // heads.
  bool are_the_rest_branches(std::size_t branches_count) const;

 private:
  enum class Use : std::uint8_t { unknown, leaf, run, free };

  bool is_inside(const MDB_val& bytes, std::size_t& offset) const;
  bool is_sound_node_page(std::size_t page, std::uint16_t kind) const;
  bool add_run(std::size_t page, std::size_t value_bytes);
  template <class T>
  T load(std::size_t offset) const;

  const char* base_;
  std::size_t page_bytes_;
  std::vector<Use> uses_;
};

}  // namespace ghmesh::cache
