// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "mesh/ledger/author.h"

#include <algorithm>
#include <cmath>

namespace ghmesh::mesh {
namespace {

// A liar that paces itself has two of three lies forgiven in twice this.
constexpr double kSuspicionHalfLifeSeconds = 6 * 60 * 60;

// The bounds of dates are far from those of the type: differences do not overflow.
double seconds_between(WallTime from, WallTime to) {
  return static_cast<double>(to_seconds(to)) - static_cast<double>(to_seconds(from));
}

}  // namespace

bool Allowance::take(double count, WallTime now) {
  if (filled_at_ == WallTime::min()) filled_at_ = now;
  if (now > filled_at_) {
    left_ = std::min(size_.most, left_ + seconds_between(filled_at_, now) * size_.per_second);
    filled_at_ = now;
  } else if (seconds_between(now, filled_at_) > 60) {
    filled_at_ = now;  // the clock was set back
  }
  if (left_ < count) return false;
  left_ -= count;
  return true;
}

void Suspicion::add(double points, WallTime now) {
  points_ = at(now) + points;
  points_at_ = now;
}

double Suspicion::at(WallTime now) const {
  if (points_ == 0 || now <= points_at_) return points_;
  return points_ * std::exp2(-seconds_between(points_at_, now) / kSuspicionHalfLifeSeconds);
}

Suspicion Suspicion::of(double points, WallTime points_at) {
  Suspicion made;
  made.points_ = points;
  made.points_at_ = points_at;
  return made;
}

AuthorRef Authors::get(const PeerId& id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) {
    all_.splice(all_.end(), all_, found->second->place_);
    return found->second;
  }
  if (by_id_.size() >= authors_max_) forget_one();
  AuthorRef author = std::make_shared<Author>(id);
  author->date_floor = forgotten_date_;
  const auto expelled = expelled_.find(id);
  if (expelled != expelled_.end()) author->expelled_until = expelled->second;
  all_.push_back(author);
  author->place_ = std::prev(all_.end());
  by_id_.emplace(id, author);
  return author;
}

AuthorRef Authors::find(const PeerId& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void Authors::expel(const PeerId& id, WallTime until) {
  if (const AuthorRef author = find(id)) author->expelled_until = until;
  expelled_[id] = until;
  if (expelled_.size() <= kExpelledMax) return;
  expelled_.erase(std::ranges::min_element(
      expelled_, {}, [](const auto& entry) { return std::pair(entry.second, entry.first); }));
}

void Authors::forget_one() {
  const AuthorRef author = all_.front();
  author->is_forgotten = true;
  raise_forgotten_date(std::max(author->newest_date, author->date_floor));
  ++forgotten_count_;
  by_id_.erase(author->id);
  all_.pop_front();
}

}  // namespace ghmesh::mesh
