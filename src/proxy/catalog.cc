// SPDX-License-Identifier: Apache-2.0 OR MIT
// The names of what was kept; and many answers at once, by what an operator names: forgotten, or asked for again.
#include "proxy/catalog.h"

#include "base/log.h"
#include "proxy/proxy.h"

namespace ghmesh::proxy {

crypto::TableHash Catalog::hash_of(const KnownEntry& entry) {
  const auto& id = entry.caller->principal.id;
  std::string text(as_text(id));
  text += entry.key;
  return crypto::table_hash(as_bytes(text));
}

void Catalog::note(KnownEntry entry) {
  const crypto::TableHash hash = hash_of(entry);
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found != by_hash_.end()) {
    recent_first_.splice(recent_first_.begin(), recent_first_, found->second);
    return;
  }
  bytes_ += entry.bytes();
  recent_first_.push_front(std::move(entry));
  by_hash_.emplace(hash, recent_first_.begin());
  while (recent_first_.size() > kCatalogEntriesMax || bytes_ > kCatalogBytesMax)
    drop(std::prev(recent_first_.end()));
}

void Catalog::drop(std::list<KnownEntry>::iterator at) {
  bytes_ -= at->bytes();
  by_hash_.erase(hash_of(*at));
  recent_first_.erase(at);
}

void Catalog::forget(const KnownEntry& entry) {
  const std::lock_guard lock(mutex_);
  const auto found = by_hash_.find(hash_of(entry));
  if (found == by_hash_.end()) return;
  drop(found->second);
}

void Catalog::clear() {
  const std::lock_guard lock(mutex_);
  recent_first_.clear();
  by_hash_.clear();
  bytes_ = 0;
}

std::vector<KnownEntry> Catalog::find(const Test& test) const {
  std::vector<KnownEntry> found;
  const std::lock_guard lock(mutex_);
  for (const KnownEntry& entry : recent_first_)
    if (test(entry)) found.push_back(entry);
  return found;
}

Proxy::Selected Proxy::select(const Selection& selection, Effect effect) {
  Selected selected;
  const auto known = catalog_.find([&](const KnownEntry& entry) {
    if (selection.pattern && !selection.pattern->matches(entry.target)) return false;
    if (!selection.route.empty() && entry.route != selection.route) return false;
    return !selection.caller || entry.caller->principal.id == selection.caller->principal.id;
  });
  selected.known_count = known.size();
  for (const KnownEntry& entry : known) {
    if (selected.targets.size() == kSelectedTargetsMax) break;
    selected.targets.push_back(without_secrets(entry.target));
  }
  if (effect == Effect::none) return selected;

  const WallTime now = read_clocks().wall;
  doubt_selection(selection, known, now);
  if (effect == Effect::ask_again) return selected;
  std::vector<std::string> keys;
  for (const KnownEntry& entry : known) {
    cache_.erase(entry.caller->principal, entry.key);
    cache_.erase(callers_.everybody(), entry.key);
    catalog_.forget(entry);
    keys.push_back(entry.key);
  }
  if (peers_ && !keys.empty()) peers_->note_stale(keys);
  auto flushed = cache_.flush();
  if (!flushed) log::warn("erase_not_synced", {{"error", flushed.error()}});
  return selected;
}

// What is on disk and has no name here is asked for again as well, by whoever asks for it.
void Proxy::doubt_selection(const Selection& selection, const std::vector<KnownEntry>& known,
                            WallTime now) {
  if (selection.caller) {
    selection.caller->standing->note_write(now, Standing::Scope::anything);
    return;
  }
  std::vector<github::Doubt> doubts;
  if (selection.route.empty()) {
    doubts.push_back(selection.pattern->doubt());
  } else {
    for (const KnownEntry& entry : known) {
      std::string_view path = entry.target;
      doubts.push_back({.place = github::place_of(path.substr(0, path.find('?'))),
                        .reach = github::Doubt::Reach::itself});
    }
  }
  doubts_.note(doubts, now);
}

}  // namespace ghmesh::proxy
