// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any address, and any answers in any order: the machine ends, within its limits, with addresses that can be dialed.
//
// The input is lines. The first is the address; each other one begins with a character that picks one of the open
// lookups, and goes on with its answer: texts between blanks, or the bytes of IP addresses, or nothing for a failure.
#include <cstdint>

#include "base/check.h"
#include "base/text.h"
#include "libp2p/resolve/resolution.h"

using namespace ghmesh;
using namespace ghmesh::resolve;

namespace {

template <class Ip>
std::vector<Ip> ips_of(std::string_view text) {
  std::vector<Ip> ips;
  for (; text.size() >= sizeof(Ip); text.remove_prefix(sizeof(Ip))) {
    Ip ip;
    std::ranges::copy(as_bytes(text.substr(0, sizeof(Ip))), ip.begin());
    ips.push_back(ip);
  }
  return ips;
}

void answer(Resolution& resolution, const Lookup& lookup, std::string_view text) {
  if (text.empty()) {
    resolution.receive_failure(lookup.id);
    return;
  }
  Answer answer{.ip4 = ips_of<dns::Ip4>(text), .ip6 = ips_of<dns::Ip6>(text), .texts = {}};
  while (!text.empty()) answer.texts.emplace_back(take_until(text, ' '));
  resolution.receive(lookup.id, answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto address = Multiaddr::parse_text(take_until(input, '\n'));
  if (!address) return 0;
  Resolution resolution(*address, {}, Instant(1h));
  std::vector<Lookup> open;
  std::size_t lookups_count = 0;
  const auto take_lookups = [&] {
    while (auto lookup = resolution.next_lookup()) {
      open.push_back(*lookup);
      ++lookups_count;
    }
  };
  for (take_lookups(); !input.empty() && !open.empty(); take_lookups()) {
    const std::string_view line = take_until(input, '\n');
    const std::size_t pick = line.empty() ? 0 : static_cast<unsigned char>(line.front());
    const auto chosen = open.begin() + static_cast<std::ptrdiff_t>(pick % open.size());
    const Lookup lookup = *chosen;
    open.erase(chosen);
    answer(resolution, lookup, line.empty() ? line : line.substr(1));
  }
  GHMESH_CHECK(lookups_count <= kLookupsMax);
  resolution.tick(Instant(2h));
  GHMESH_CHECK(resolution.is_done());
  const auto result = resolution.result();
  if (!result) return 0;
  GHMESH_CHECK(!result->empty() && result->size() <= kAddressesMax);
  for (const Multiaddr& one : *result) {
    const auto target = multiformats::tcp_target(one);
    GHMESH_CHECK(target.has_value());
    GHMESH_CHECK(one.parts().front().protocol == multiformats::Protocol::ip4 ||
                 one.parts().front().protocol == multiformats::Protocol::ip6);
    GHMESH_CHECK(std::ranges::count(*result, one) == 1);
  }
  return 0;
}
