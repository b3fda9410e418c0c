// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/public_repositories.h"

#include "base/text.h"

namespace ghmesh::proxy {
namespace {

std::string name_of(const github::Route& route) {
  return to_lower(route.owner) + '/' + to_lower(route.repository);
}

}  // namespace

void PublicRepositories::learn(const github::Route& route, WallTime until) {
  if (route.repository.empty()) return;
  const std::lock_guard lock(mutex_);
  if (until_.size() >= kCountMax) until_.clear();
  until_[name_of(route)] = until;
}

void PublicRepositories::forget(const github::Route& route) {
  if (route.repository.empty()) return;
  const std::lock_guard lock(mutex_);
  until_.erase(name_of(route));
}

bool PublicRepositories::is_public(const github::Route& route, WallTime now) const {
  if (route.repository.empty()) return false;
  const std::lock_guard lock(mutex_);
  const auto known = until_.find(name_of(route));
  return known != until_.end() && now < known->second;
}

bool PublicRepositories::is_same_for_everybody(const github::Route& route) {
  using enum github::RouteClass;
  if (!route.may_share) return false;
  switch (route.route_class) {
    case contents:
    case git_object:
    case reference:
    case commit:
    case commit_list:
    case checks:
    case pull_files:
    case run:
    case run_attempt:
    case run_list:
    case workflow:
    case deployment: return true;
    default: return false;  // names the viewer, or is about one
  }
}

}  // namespace ghmesh::proxy
