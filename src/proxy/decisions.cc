// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/decisions.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::proxy {

void Decision::set_target(std::string_view target) {
  target = target.substr(0, target_text.size());
  target_bytes = static_cast<std::uint16_t>(target.size());
  std::ranges::copy(target, target_text.begin());
}

std::string without_secrets(std::string_view target) {
  constexpr std::array<std::string_view, 6> kSuspects{"token",     "secret", "password",
                                                      "signature", "code",   "key"};
  std::string shown(take_until(target, '?'));
  char separator = '?';
  while (!target.empty()) {
    const std::string_view parameter = take_until(target, '&');
    const std::string name = to_lower(parameter.substr(0, parameter.find('=')));
    const bool is_suspect = std::ranges::any_of(
        kSuspects, [&](std::string_view word) { return name.find(word) != std::string::npos; });
    shown += separator;
    shown += is_suspect ? parameter.substr(0, name.size()) : parameter;
    if (is_suspect) shown += "=...";
    separator = '&';
  }
  return shown;
}

void Decisions::note(Decision& decision) {
  static std::atomic<std::size_t> threads_count{0};
  decision.number = count_.fetch_add(1, std::memory_order_relaxed);
  thread_local const std::size_t own = threads_count.fetch_add(1) % kShardsCount;
  Shard& shard = (*shards_)[own];
  const std::lock_guard lock(shard.mutex);
  shard.ring[shard.count++ % shard.ring.size()] = decision;
}

std::vector<Decision> Decisions::last(std::size_t count) const {
  std::vector<Decision> all;
  for (const Shard& shard : *shards_) {
    const std::lock_guard lock(shard.mutex);
    const std::uint64_t held = std::min<std::uint64_t>(shard.count, shard.ring.size());
    for (std::uint64_t back = 1; back <= held; ++back)
      all.push_back(shard.ring[(shard.count - back) % shard.ring.size()]);
  }
  std::ranges::stable_sort(all, std::ranges::greater(), &Decision::number);
  if (all.size() > count) all.resize(count);
  return all;
}

}  // namespace ghmesh::proxy
