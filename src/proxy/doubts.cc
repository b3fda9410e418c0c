// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/doubts.h"

#include <algorithm>
#include <mutex>

namespace ghmesh::proxy {

void Doubts::note(std::span<const github::Doubt> doubts, WallTime now) {
  if (doubts.empty()) return;
  const std::unique_lock lock(mutex_);
  for (const github::Doubt& doubt : doubts) {
    if (doubt.place.scope.empty()) {
      floor_ = std::max(floor_, now);  // everything
      continue;
    }
    note_one(doubt, now);
    const auto name = names_.find(doubt.place.scope);
    if (name == names_.end()) continue;
    github::Doubt named = doubt;
    named.place.scope = name->second;
    note_one(named, now);
  }
  has_any_.store(true, std::memory_order_release);
}

void Doubts::note_one(const github::Doubt& doubt, WallTime now) {
  auto found = by_scope_.find(doubt.place.scope);
  if (found == by_scope_.end()) {
    make_room(now);
    found = by_scope_.try_emplace(doubt.place.scope).first;
    in_order_.emplace_back(now, doubt.place.scope);
  }
  Marks& marks = found->second;
  const auto same = std::ranges::find(marks, doubt, &Mark::doubt);
  if (same != marks.end()) {
    same->at = std::max(same->at, now);
    return;
  }
  if (marks.size() < kDoubtsPerScopeMax) {
    marks.push_back({.doubt = doubt, .at = now});
    return;
  }
  marks.clear();
  marks.push_back({.doubt = {.place = {.scope = doubt.place.scope, .rest = {}}}, .at = now});
}

// The scope that changed first goes. A clock that was set back makes it look younger, and it goes all the same.
void Doubts::make_room(WallTime now) {
  while (!in_order_.empty() &&
         (by_scope_.size() >= kDoubtScopesMax || in_order_.front().first + kDoubtLifetime < now)) {
    const std::string scope = std::move(in_order_.front().second);
    in_order_.pop_front();
    const auto found = by_scope_.find(scope);
    if (found == by_scope_.end()) continue;
    const WallTime newest = std::ranges::max(found->second, {}, &Mark::at).at;
    if (newest + kDoubtLifetime >= now) {
      if (by_scope_.size() < kDoubtScopesMax) {
        in_order_.emplace_back(newest, scope);  // it has changed again since
        return;
      }
      floor_ = std::max(floor_, newest);
    }
    by_scope_.erase(found);
  }
}

WallTime Doubts::last_change(std::string_view path) const {
  if (!has_any_.load(std::memory_order_acquire)) return WallTime::min();
  const github::Place place = github::place_of(path);
  const std::shared_lock lock(mutex_);
  WallTime last = floor_;
  const auto look_at = [&](const std::string& scope) {
    const auto found = by_scope_.find(scope);
    if (found == by_scope_.end()) return;
    for (const Mark& mark : found->second)
      if (mark.at > last && github::concerns(mark.doubt, scope, place.rest)) last = mark.at;
  };
  const auto look_at_all_of = [&](const std::string& scope) {
    look_at(scope);
    last = std::max(last, last_of_owner(scope));
  };
  look_at_all_of(place.scope);
  const auto name = names_.find(place.scope);
  if (name != names_.end()) look_at_all_of(name->second);
  return last;
}

// Under the lock.
WallTime Doubts::last_of_owner(std::string_view scope) const {
  const std::string_view owner = github::owner_scope(scope);
  if (owner.empty()) return WallTime::min();
  const auto found = by_scope_.find(std::string(owner));
  return found == by_scope_.end() ? WallTime::min()
                                  : std::ranges::max(found->second, {}, &Mark::at).at;
}

WallTime Doubts::last_change_within(const std::string& scope) const {
  if (!has_any_.load(std::memory_order_acquire)) return WallTime::min();
  const std::shared_lock lock(mutex_);
  const auto found = by_scope_.find(scope);
  const WallTime before = std::max(floor_, last_of_owner(scope));
  if (found == by_scope_.end()) return before;
  return std::max(before, std::ranges::max(found->second, {}, &Mark::at).at);
}

void Doubts::learn_alias(std::string id_scope, std::string name_scope) {
  {
    const std::shared_lock lock(mutex_);
    const auto known = names_.find(id_scope);
    if (known != names_.end() && known->second == name_scope) return;
  }
  const std::unique_lock lock(mutex_);
  // Without an alias a doubt reaches one spelling only, until its time is over: forgetting all of them is rare, and no
  // more than that.
  if (names_.size() >= kDoubtScopesMax) names_.clear();
  names_.insert_or_assign(std::move(id_scope), std::move(name_scope));
}

}  // namespace ghmesh::proxy
