// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/resolve/resolution.h"

#include <algorithm>

#include "base/text.h"
#include "libp2p/dns/name.h"

namespace ghmesh::resolve {
namespace {

using multiformats::Protocol;

constexpr std::string_view kAttribute = "dnsaddr=";
// The text of an address is at most twice as long as its bytes.
constexpr std::size_t kTextBytesMax = kAttribute.size() + 2 * multiformats::kMultiaddrBytesMax;
constexpr std::string_view kNamePrefix = "_dnsaddr.";

bool has_ip(const multiformats::TcpTarget& target) {
  return target.host_protocol == Protocol::ip4 || target.host_protocol == Protocol::ip6;
}

// Whether `address` ends in what stands behind the first part of `wanted`.
bool ends_like(const Multiaddr& address, const Multiaddr& wanted) {
  const auto& parts = address.parts();
  const auto& suffix = wanted.parts();
  const auto suffix_count = static_cast<std::ptrdiff_t>(suffix.size()) - 1;
  return std::ssize(parts) >= suffix_count &&
         std::equal(suffix.begin() + 1, suffix.end(), parts.end() - suffix_count);
}

// The same address with an IP in the place of its first part.
Multiaddr with_ip(const Multiaddr& address, Protocol protocol, ByteView ip) {
  Multiaddr out;
  out.push(protocol, ip);
  for (std::size_t i = 1; i < address.parts().size(); ++i)
    out.push(address.parts()[i].protocol, address.parts()[i].value);
  return out;
}

}  // namespace

Resolution::Path Resolution::child(Path path, std::size_t index) {
  path.push_back(static_cast<std::uint16_t>(index));
  return path;
}

Resolution::Resolution(const Multiaddr& address, Options options, Instant now)
    : deadline_at_(now + options.deadline) {
  expand(address, {}, 0);
  is_supported_ = counters_.addresses_ignored == 0;
}

void Resolution::expand(const Multiaddr& address, const Path& path, std::size_t depth) {
  if (address.empty()) {
    ++counters_.addresses_ignored;
    return;
  }
  const auto target = multiformats::tcp_target(address);
  if (target && has_ip(*target)) {
    keep(address, path);
    return;
  }
  const Multiaddr::Part& first = address.parts().front();
  const bool is_list = first.protocol == Protocol::dnsaddr;
  if (!is_list && !target) {
    ++counters_.addresses_ignored;
    return;
  }
  if (is_list && depth == kDepthMax) {
    ++counters_.too_deep;
    return;
  }
  if (std::ranges::find(expanded_, address) != expanded_.end()) return;
  if (expanded_.size() == kExpansionsMax) {
    ++counters_.lookups_refused;
    return;
  }
  expanded_.push_back(address);
  const std::string host(as_text(first.value));
  if (is_list) {
    ask(Kind::txt, std::string(kNamePrefix) + host, {address, path, depth + 1});
    return;
  }
  if (first.protocol != Protocol::dns6) ask(Kind::a, host, {address, child(path, 0), depth});
  if (first.protocol != Protocol::dns4) ask(Kind::aaaa, host, {address, child(path, 1), depth});
}

void Resolution::ask(Kind kind, const std::string& name, Waiting waiting) {
  const auto parsed = dns::Name::parse_text(name);
  if (!parsed || parsed->is_root()) {
    ++counters_.addresses_ignored;
    return;
  }
  const auto known = std::ranges::find_if(asked_, [&](const Asked& asked) {
    return asked.lookup.kind == kind && equal_ignoring_case(asked.lookup.name, name);
  });
  if (known != asked_.end()) {
    if (known->is_open) known->waiting.push_back(std::move(waiting));
    else if (known->answer) use(waiting, *known->answer);
    return;
  }
  if (asked_.size() == kLookupsMax) {
    ++counters_.lookups_refused;
    return;
  }
  const auto id = static_cast<std::uint32_t>(asked_.size());
  asked_.push_back({.lookup = {.id = id, .name = name, .kind = kind}, .waiting = {}, .answer = {}});
  asked_.back().waiting.push_back(std::move(waiting));
  ++open_count_;
}

std::optional<Lookup> Resolution::next_lookup() {
  if (is_timed_out_ || taken_count_ == asked_.size()) return std::nullopt;
  return asked_[taken_count_++].lookup;
}

void Resolution::receive(std::uint32_t lookup, const Answer& answer) {
  if (is_timed_out_ || lookup >= taken_count_ || !asked_[lookup].is_open) return;
  Asked& asked = asked_[lookup];
  asked.answer = kept_part(asked.lookup.kind, answer);
  close(asked);
}

// An answer is kept for those who will ask the same, so no more of it than can be used.
Answer Resolution::kept_part(Kind kind, const Answer& answer) {
  Answer kept;
  const auto keep_some = [this](const auto& all, auto& some, auto is_usable) {
    for (const auto& one : all) {
      if (!is_usable(one)) continue;
      if (some.size() == kAnswersPerLookupMax) {
        ++counters_.answers_cut;
        return;
      }
      some.push_back(one);
    }
  };
  const auto is_any = [](const auto&) { return true; };
  const auto is_attribute = [](const std::string& text) {
    return text.starts_with(kAttribute) && text.size() <= kTextBytesMax;
  };
  if (kind == Kind::a) keep_some(answer.ip4, kept.ip4, is_any);
  if (kind == Kind::aaaa) keep_some(answer.ip6, kept.ip6, is_any);
  if (kind == Kind::txt) keep_some(answer.texts, kept.texts, is_attribute);
  return kept;
}

void Resolution::receive_failure(std::uint32_t lookup) {
  if (is_timed_out_ || lookup >= taken_count_ || !asked_[lookup].is_open) return;
  ++counters_.lookups_failed;
  close(asked_[lookup]);
}

void Resolution::close(Asked& asked) {
  asked.is_open = false;
  --open_count_;
  for (const Waiting& waiting : std::exchange(asked.waiting, {})) {
    if (asked.answer) use(waiting, *asked.answer);
  }
}

void Resolution::use(const Waiting& waiting, const Answer& answer) {
  use_ips(waiting, answer.ip4);
  use_ips(waiting, answer.ip6);
  use_texts(waiting, answer.texts);
}

template <class Ip>
void Resolution::use_ips(const Waiting& waiting, const std::vector<Ip>& ips) {
  constexpr Protocol kProtocol = sizeof(Ip) == sizeof(dns::Ip4) ? Protocol::ip4 : Protocol::ip6;
  for (std::size_t i = 0; i < ips.size(); ++i)
    keep(with_ip(waiting.address, kProtocol, ips[i]), child(waiting.path, i));
}

void Resolution::use_texts(const Waiting& waiting, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view text = texts[i];
    const auto address = Multiaddr::parse_text(text.substr(kAttribute.size()));
    if (!address || !ends_like(*address, waiting.address)) {
      ++counters_.addresses_ignored;
      continue;
    }
    expand(*address, child(waiting.path, i), waiting.depth);
  }
}

void Resolution::keep(const Multiaddr& address, const Path& path) {
  const auto known =
      std::ranges::find_if(found_, [&](const auto& entry) { return entry.second == address; });
  if (known != found_.end()) {
    // The first place counts, whichever answer came first.
    if (path < known->first) {
      auto node = found_.extract(known);
      node.key() = path;
      found_.insert(std::move(node));
    }
    return;
  }
  if (found_.size() == kAddressesMax) {
    ++counters_.addresses_refused;
    return;
  }
  found_.emplace(path, address);
}

void Resolution::tick(Instant now) {
  if (!is_done() && deadline_at_ <= now) is_timed_out_ = true;
}

Instant Resolution::next_deadline() const { return is_done() ? Instant::max() : deadline_at_; }

Result<std::vector<Multiaddr>> Resolution::result() const {
  GHMESH_CHECK(is_done());
  std::vector<Multiaddr> addresses;
  for (const auto& [path, address] : found_) addresses.push_back(address);
  if (!addresses.empty()) return addresses;
  if (!is_supported_) return Errc::unsupported;
  if (is_timed_out_) return Errc::timed_out;
  return counters_.lookups_failed > 0 ? Errc::dns_failed : Errc::not_found;
}

}  // namespace ghmesh::resolve
