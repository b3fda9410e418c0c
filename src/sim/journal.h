// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the model saw: counts for assertions, and the last requests for people. Tokens are masked unless a test asks for
// them.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "sim/github.h"
#include "sim/limits.h"

namespace ghmesh::sim {

class Journal {
 public:
  // One answered call. `charged` is what it cost of the primary budget.
  void note(const Request& request, const Caller& caller, Resource resource, int status,
            std::int64_t charged, int points);
  void note_refusal(Refusal refusal);

  boost::json::object stats(std::uint64_t punishable_calls) const;
  boost::json::array log() const;
  void show_tokens(bool is_shown) { shows_tokens_ = is_shown; }
  void clear();

 private:
  struct Line {
    std::string method;
    std::string target;
    std::string principal;
    boost::json::array fields;
    std::string body;
    int status;
    std::int64_t charged;
  };
  std::uint64_t calls_total_ = 0;
  std::int64_t charged_total_ = 0;
  std::int64_t points_total_ = 0;
  std::uint64_t refused_primary_ = 0;
  std::uint64_t refused_secondary_ = 0;
  std::map<int, std::uint64_t> by_status_;
  std::map<std::string, std::uint64_t, std::less<>> by_path_;
  std::map<std::string, std::map<Resource, std::int64_t>> charged_;  // by principal
  std::map<std::string, std::uint64_t> calls_by_principal_;
  std::deque<Line> lines_;
  bool shows_tokens_ = false;
};

}  // namespace ghmesh::sim
