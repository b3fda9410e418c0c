// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/values.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>

#include "multiformats/multiaddr.h"

namespace ghmesh::node {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view reason) {
  throw ConfigError(as_toml(text) + " " + std::string(reason));
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A DNS name or an address literal, as it may stand in a URL.
bool is_host(std::string_view host) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    in6_addr parsed;
    return inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &parsed) == 1;
  }
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.front() == '-' ||
      host.back() == '.')
    return false;
  return std::ranges::all_of(host,
                             [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                      (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
                             }) &&
         host.find("..") == std::string_view::npos;
}

struct Authority {
  std::string host;  // lower case
  std::string port;  // empty: none
};

bool split_authority(std::string_view text, Authority& out) {
  const auto bracket = text.rfind(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = to_lower(text.substr(0, colon));
  if (!is_host(out.host)) return false;
  if (colon == std::string_view::npos) return true;
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return false;
  out.port = std::to_string(*port);
  return true;
}

std::string join(const Authority& authority) {
  return authority.port.empty() ? authority.host : authority.host + ":" + authority.port;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") &&
          std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); }));
}

// "https://name:port" of a URL that is nothing more than an origin.
std::string normalise_origin(std::string_view text) {
  const bool is_plain = starts_with_ignoring_case(text, "http://");
  if (!is_plain && !starts_with_ignoring_case(text, "https://"))
    refuse(text, "is not a URL that begins with https://");
  std::string_view rest = text.substr(is_plain ? 7 : 8);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos)
    throw ConfigError(
        "a URL here must not hold a user or a password");  // and must not be repeated on a screen
  if (rest.find_first_of("/?#") != std::string_view::npos)
    refuse(text, "must end after the host: no path, no query");
  Authority authority;
  if (!split_authority(rest, authority)) refuse(text, "has no valid host");
  if (is_plain && !is_loopback_host(authority.host))
    refuse(text, "would send tokens unencrypted: plain http:// is for loopback only");
  return (is_plain ? "http://" : "https://") + join(authority);
}

using multiformats::Multiaddr;
using multiformats::Protocol;

Multiaddr parse_multiaddr(std::string_view text, std::string_view example) {
  auto address = Multiaddr::parse_text(text);
  if (!address) refuse(text, "is not a multiaddr, such as " + std::string(example));
  return *std::move(address);
}

// Only numbers can be listened on, and only names and numbers that say a port can be dialed.
bool is_dialable(const Multiaddr& address) {
  const auto target = multiformats::tcp_target(address);
  if (target) return target->port != 0;
  const auto& parts = address.parts();
  return !parts.empty() && parts[0].protocol == Protocol::dnsaddr &&
         (parts.size() == 1 || (parts.size() == 2 && parts[1].protocol == Protocol::p2p));
}

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array kUnits{Unit{"TiB", 1ull << 40},
                            Unit{"GiB", 1ull << 30},
                            Unit{"MiB", 1ull << 20},
                            Unit{"KiB", 1ull << 10},
                            Unit{"T", 1ull << 40},
                            Unit{"G", 1ull << 30},
                            Unit{"M", 1ull << 20},
                            Unit{"K", 1ull << 10},
                            Unit{"TB", 1'000'000'000'000},
                            Unit{"GB", 1'000'000'000},
                            Unit{"MB", 1'000'000},
                            Unit{"KB", 1'000},
                            Unit{"B", 1},
                            Unit{"", 1}};

}  // namespace

std::string normalise_path(std::string_view text, const ValueContext& context) {
  if (text.empty()) throw ConfigError("the path is empty");
  if (has_control_characters(text)) throw ConfigError("the path holds control characters");
  std::filesystem::path path(text);
  if (text == "~" || text.starts_with("~/")) {
    if (context.home.empty()) refuse(text, "cannot be expanded: there is no home directory");
    path = std::filesystem::path(context.home) /
           std::string(text.substr(std::min<std::size_t>(2, text.size())));
  } else if (text.front() == '~') {
    refuse(text, "names another user's home; write the whole path");
  } else if (path.is_relative()) {
    path = std::filesystem::path(context.directory) / path;
  }
  std::string normal = path.lexically_normal().string();
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string normalise_socket(std::string_view text, const ValueContext& context) {
  std::string path = normalise_path(text, context);
  const std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > path_bytes_max)
    refuse(path,
           "is too long for a unix socket (at most " + std::to_string(path_bytes_max) + " bytes)");
  if (path.back() == '/' || text.ends_with('/'))
    refuse(text, "is a directory, not a socket's path");
  return path;
}

std::string normalise_address(std::string_view text, const ValueContext&) {
  Authority authority;
  in_addr parsed;
  if (split_authority(text, authority) && !authority.port.empty()) {
    if (authority.host == "localhost") authority.host = "127.0.0.1";
    if (authority.host.front() == '[' || inet_pton(AF_INET, authority.host.c_str(), &parsed) == 1)
      return join(authority);
  }
  refuse(text, "is not an address with a port, such as 127.0.0.1:8418 or [::1]:8418");
}

std::string normalise_admin(std::string_view text, const ValueContext& context) {
  if (text.find('/') != std::string_view::npos || text.find(':') == std::string_view::npos)
    return normalise_socket(text, context);
  std::string address = normalise_address(text, context);
  if (!is_loopback(address))
    refuse(text, "is not on loopback: the admin side has no credentials of its own");
  return address;
}

std::string normalise_authority(std::string_view text, const ValueContext&) {
  Authority authority;
  if (!split_authority(text, authority)) refuse(text, "is not a host name with or without a port");
  return join(authority);
}

std::string normalise_upstream(std::string_view text, const ValueContext&) {
  return normalise_origin(text);
}

std::string normalise_proxy(std::string_view text, const ValueContext&) {
  if (text.empty()) return {};
  const auto scheme_end = text.find("://");
  constexpr std::array<std::string_view, 5> kSchemes{"http", "https", "socks5", "socks5h",
                                                     "socks4a"};
  if (scheme_end == std::string_view::npos ||
      std::ranges::find(kSchemes, text.substr(0, scheme_end)) == kSchemes.end())
    throw ConfigError(
        "a proxy is a URL that begins with http://, https://, socks5://, socks5h:// or socks4a://");
  std::string_view rest = text.substr(scheme_end + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos)
    throw ConfigError("a URL here must not hold a user or a password");
  Authority authority;
  if (!split_authority(rest, authority)) refuse(text, "has no valid host");
  return std::string(text.substr(0, scheme_end)) + "://" + join(authority);
}

std::string normalise_allowed_host(std::string_view text, const ValueContext&) {
  std::string_view origin = text;
  std::string_view name = take_until(origin, '=');
  std::string_view bare = name;
  const bool has_wildcard = bare.starts_with("*.");
  if (has_wildcard) bare.remove_prefix(2);
  Authority authority;
  if (!split_authority(bare, authority) || !authority.port.empty())
    refuse(text, "is not a host: write name, *.name or name=https://origin");
  if (has_wildcard && bare.find('.') == std::string_view::npos)
    refuse(text, "allows a whole top-level domain");
  const std::string prefix = (has_wildcard ? "*." : "") + authority.host;
  if (text.find('=') == std::string_view::npos) return prefix;
  if (has_wildcard) refuse(text, "gives one origin to many hosts: name them one by one");
  return prefix + "=" + normalise_origin(origin);
}

std::string normalise_listen_multiaddr(std::string_view text, const ValueContext&) {
  constexpr std::string_view kExample = "/ip4/0.0.0.0/tcp/4001";
  const Multiaddr address = parse_multiaddr(text, kExample);
  if (address.find(Protocol::p2p))
    refuse(text, "names a peer: where to listen ends after the port");
  const auto target = multiformats::tcp_target(address);
  if (!target || (target->host_protocol != Protocol::ip4 && target->host_protocol != Protocol::ip6))
    refuse(text, "is not a numeric address with a TCP port, such as " + std::string(kExample));
  return address.text();
}

std::string normalise_peer_multiaddr(std::string_view text, const ValueContext&) {
  constexpr std::string_view kExample = "/ip4/192.0.2.1/tcp/4001";
  const Multiaddr address = parse_multiaddr(text, kExample);
  if (!is_dialable(address))
    refuse(text, "cannot be dialed: peers are reached over TCP, such as " + std::string(kExample));
  return address.text();
}

std::string normalise_size(std::string_view text, const ValueContext&) {
  const std::uint64_t bytes_count = parse_size(text);
  // Below this nothing useful fits: the store needs a few pages of its own, and one entry may be 8 MiB.
  constexpr std::uint64_t kSizeMin = 16ull << 20;
  if (bytes_count < kSizeMin) refuse(text, "is too small: at least 16MiB");
  return std::to_string(bytes_count);
}

bool parse_switch(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  refuse(text, "is not true or false");
}

std::uint64_t parse_size(std::string_view text) {
  const auto unit_begin = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = parse_decimal(text.substr(0, unit_begin));
  std::string_view unit_name = text.substr(unit_begin);
  if (unit_name.starts_with(' ')) unit_name.remove_prefix(1);
  const auto unit = std::ranges::find_if(
      kUnits, [&](const Unit& u) { return equal_ignoring_case(u.name, unit_name); });
  if (!number || unit == kUnits.end()) refuse(text, "is not a size, such as 512MiB or 2GiB");
  if (*number > std::numeric_limits<std::int64_t>::max() / unit->bytes)
    refuse(text, "is too large");
  return *number * unit->bytes;
}

std::string write_size(std::uint64_t bytes_count) {
  for (const Unit& unit : kUnits)
    if (unit.name.ends_with("iB") && bytes_count > 0 && bytes_count % unit.bytes == 0)
      return std::to_string(bytes_count / unit.bytes) + std::string(unit.name);
  return std::to_string(bytes_count) + "B";
}

void check_audit_label(std::string_view text) {
  const auto digest = parse_base64(text);
  if (!digest || digest->size() != 32)
    throw ConfigError(
        "an audit label is the base64 of 32 bytes, as GitHub's audit log shows it (hashed_token)");
}

bool is_loopback(std::string_view address) {
  Authority authority;
  return split_authority(address, authority) && is_loopback_host(authority.host);
}

std::string as_toml(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string as_toml(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& text : list) out += (out.size() > 1 ? ", " : "") + as_toml(text);
  return out + "]";
}

}  // namespace ghmesh::node
