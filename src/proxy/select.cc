// SPDX-License-Identifier: Apache-2.0 OR MIT
// Many answers at once, by what an operator names: forgotten, or asked for again.
#include "base/log.h"
#include "proxy/proxy.h"

namespace ghmesh::proxy {

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
