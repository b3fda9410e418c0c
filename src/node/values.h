// SPDX-License-Identifier: Apache-2.0 OR MIT
// How the text of one setting becomes its canonical spelling: paths, addresses, hosts, URLs, sizes.
//
// Not a door. Every function throws ConfigError with what is wrong and what would be right, without the place: the
// caller knows that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "node/settings.h"

namespace ghmesh::node {

inline constexpr std::size_t kValueBytesMax = 4096;  // PATH_MAX; nothing that we are told is longer

std::string normalise_path(std::string_view text,
                           const ValueContext& context);  // absolute; "~" is expanded
std::string normalise_socket(std::string_view text,
                             const ValueContext& context);  // a path that fits in sockaddr_un
std::string normalise_address(std::string_view text,
                              const ValueContext& context);  // "127.0.0.1:80", "[::1]:80"
std::string normalise_admin(std::string_view text,
                            const ValueContext& context);  // a path, or an address on loopback
std::string normalise_authority(std::string_view text,
                                const ValueContext& context);  // "name", "name:80"
std::string normalise_upstream(std::string_view text,
                               const ValueContext& context);  // "https://name:443"
std::string normalise_proxy(std::string_view text, const ValueContext& context);
std::string normalise_allowed_host(std::string_view text, const ValueContext& context);
// "/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/0"
std::string normalise_listen_multiaddr(std::string_view text, const ValueContext& context);
// As above or with a name (/dns, /dns4, /dns6), or /dnsaddr/NAME; with or without /p2p/ID.
std::string normalise_peer_multiaddr(std::string_view text, const ValueContext& context);
std::string normalise_size(std::string_view text, const ValueContext& context);

bool parse_switch(std::string_view text);
// "512", "64KiB", "1GiB", "500MB"; K, M and G alone mean KiB, MiB and GiB.
std::uint64_t parse_size(std::string_view text);
std::string write_size(std::uint64_t bytes_count);  // the largest unit that is exact
void check_audit_label(std::string_view text);
bool is_loopback(std::string_view address);  // of a normalised address

// As a TOML value.
std::string as_toml(std::string_view text);
std::string as_toml(const std::vector<std::string>& list);

template <std::uint64_t kMin, std::uint64_t kMax>
std::string normalise_count(std::string_view text, const ValueContext&) {
  const auto number = parse_decimal(text);
  if (!number || *number < kMin || *number > kMax)
    throw ConfigError("\"" + std::string(text) + "\" is not a number from " + std::to_string(kMin) +
                      " to " + std::to_string(kMax));
  return std::to_string(*number);
}

}  // namespace ghmesh::node
