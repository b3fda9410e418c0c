// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which repositories have been proven public, and until when.
//
// A repository object that says "private": false proves that anybody may read the repository's code and its history; it
// does not make answers equal for everybody, since some name the viewer's own permissions. So only routes whose answers
// do not depend on who asks are shared on its word. Thread-safe; bounded.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "github/route.h"

namespace ghmesh::proxy {

class PublicRepositories {
 public:
  // More than one node asks about in a quarter of an hour; a forgotten one only costs a proof.
  static constexpr std::size_t kCountMax = 10'000;

  void learn(const github::Route& route, WallTime until);
  void forget(const github::Route& route);  // it was denied, or says "private": true
  bool is_public(const github::Route& route, WallTime now) const;

  // The same answer for every caller who may read the repository?
  static bool is_same_for_everybody(const github::Route& route);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, WallTime> until_;
};

}  // namespace ghmesh::proxy
