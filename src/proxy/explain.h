// SPDX-License-Identifier: Apache-2.0 OR MIT
// Why a request is answered as it is: what `ghmesh why` shows. Nothing is asked of anybody for it, and nothing changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "github/key.h"
#include "proxy/decide.h"
#include "proxy/decisions.h"
#include "proxy/question.h"

namespace ghmesh::proxy {

// A request as somebody would make it now.
struct Asked {
  std::string_view authorization, target, accept, api_version;
};

// An entry under another key, and in what that key differs.
struct NearEntry {
  std::string target, accept, api_version;
  bool is_of_another_principal = false;
  std::vector<std::string_view> differences;  // "query", "media type", "API version", "principal"
};
inline constexpr std::size_t kNearEntriesMax = 5;

struct Explanation {
  // The key.
  std::string host, path, query, media_type, api_version;
  std::string_view route, route_class;
  github::Bypass bypass = github::Bypass::none;
  // The partition.
  bool is_anonymous = false, is_refused = false;
  std::string group;
  std::array<std::byte, 4> whose{};
  // What is held under that key for that principal.
  struct Held {
    int status = 0;
    Seconds age{0}, time_left{0}, ttl{0};
    std::uint64_t bytes = 0;
    bool has_etag = false, is_public = false, is_outdated = false, is_of_peer = false;
  };
  std::optional<Held> held;
  Action action = Action::ask;
  Validator validator =
      Validator::none;            // where action is ask: what would go along with the question
  std::vector<NearEntry> near;    // the nearest first
  std::vector<Decision> history;  // of this path and this principal, the latest first
};
inline constexpr std::size_t kHistoryMax = 10;

// In what two keys differ; empty: in nothing.
std::vector<std::string_view> differences_of(std::string_view target, std::string_view accept,
                                             std::string_view api_version, bool is_own,
                                             const Explanation& asked);

// One sentence about what happens now, and one about what would have made it a hit; the second may be empty.
std::string say_what_happens(const Explanation& why);
std::string say_what_would_help(const Explanation& why);

}  // namespace ghmesh::proxy
