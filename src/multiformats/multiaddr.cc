// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "multiformats/multiaddr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "multiformats/multibase.h"
#include "multiformats/peer_id.h"
#include "multiformats/varint.h"

namespace ghmesh::multiformats {
namespace {

// How a protocol's value is laid out on the wire.
enum class Layout { none, fixed, prefixed };

// How it is written as text.
enum class Spelling { none, ip4, ip6, port, name, path, peer_id, number };

struct ProtocolInfo {
  Protocol protocol;
  std::string_view name;
  Layout layout;
  std::size_t bytes_count;  // for Layout::fixed
  Spelling spelling;
};

constexpr std::array<ProtocolInfo, 19> kProtocols{{
    {Protocol::ip4, "ip4", Layout::fixed, 4, Spelling::ip4},
    {Protocol::tcp, "tcp", Layout::fixed, 2, Spelling::port},
    {Protocol::ip6, "ip6", Layout::fixed, 16, Spelling::ip6},
    {Protocol::ip6zone, "ip6zone", Layout::prefixed, 0, Spelling::name},
    {Protocol::dns, "dns", Layout::prefixed, 0, Spelling::name},
    {Protocol::dns4, "dns4", Layout::prefixed, 0, Spelling::name},
    {Protocol::dns6, "dns6", Layout::prefixed, 0, Spelling::name},
    {Protocol::dnsaddr, "dnsaddr", Layout::prefixed, 0, Spelling::name},
    {Protocol::udp, "udp", Layout::fixed, 2, Spelling::port},
    {Protocol::p2p_circuit, "p2p-circuit", Layout::none, 0, Spelling::none},
    {Protocol::unix_path, "unix", Layout::prefixed, 0, Spelling::path},
    {Protocol::p2p, "p2p", Layout::prefixed, 0, Spelling::peer_id},
    {Protocol::tls, "tls", Layout::none, 0, Spelling::none},
    {Protocol::noise, "noise", Layout::none, 0, Spelling::none},
    {Protocol::quic, "quic", Layout::none, 0, Spelling::none},
    {Protocol::quic_v1, "quic-v1", Layout::none, 0, Spelling::none},
    {Protocol::ws, "ws", Layout::none, 0, Spelling::none},
    {Protocol::wss, "wss", Layout::none, 0, Spelling::none},
    {Protocol::memory, "memory", Layout::fixed, 8, Spelling::number},
}};

const ProtocolInfo* find_protocol(std::uint64_t code) {
  const auto found = std::ranges::find_if(kProtocols, [&](const auto& info) {
    return static_cast<std::uint64_t>(info.protocol) == code;
  });
  return found == kProtocols.end() ? nullptr : &*found;
}

const ProtocolInfo* find_protocol(std::string_view name) {
  if (name == "ipfs") name = "p2p";  // the old name
  const auto found =
      std::ranges::find_if(kProtocols, [&](const auto& info) { return info.name == name; });
  return found == kProtocols.end() ? nullptr : &*found;
}

template <std::size_t Size>
Result<Bytes> parse_ip(int family, std::string_view text) {
  std::array<std::byte, Size> address;
  if (inet_pton(family, std::string(text).c_str(), address.data()) != 1) return Errc::malformed;
  return copy_bytes(address);
}

std::string write_ip(int family, ByteView value) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  GHMESH_CHECK(inet_ntop(family, value.data(), text.data(), text.size()) != nullptr);
  return text.data();
}

template <std::unsigned_integral T>
Result<Bytes> parse_number(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number || *number > std::numeric_limits<T>::max()) return Errc::malformed;
  if (text.size() > 1 && text.front() == '0') return Errc::malformed;  // another spelling
  Bytes out;
  append_big_endian<T>(out, static_cast<T>(*number));
  return out;
}

Result<Bytes> parse_id(std::string_view text) {
  auto id = PeerId::parse_text(text);
  if (!id) return id.error();
  return copy_bytes(id->bytes());
}

Result<Bytes> parse_value(const ProtocolInfo& info, std::string_view text) {
  switch (info.spelling) {
    case Spelling::none: return Bytes();
    case Spelling::ip4: return parse_ip<4>(AF_INET, text);
    case Spelling::ip6: return parse_ip<16>(AF_INET6, text);
    case Spelling::port: return parse_number<std::uint16_t>(text);
    case Spelling::number: return parse_number<std::uint64_t>(text);
    case Spelling::peer_id: return parse_id(text);
    case Spelling::name:
    case Spelling::path: return copy_bytes(as_bytes(text));
  }
  return Errc::unsupported;
}

std::string write_value(const ProtocolInfo& info, ByteView value) {
  switch (info.spelling) {
    case Spelling::none: return {};
    case Spelling::ip4: return write_ip(AF_INET, value);
    case Spelling::ip6: return write_ip(AF_INET6, value);
    case Spelling::port: return std::to_string(load_big_endian<std::uint16_t>(value));
    case Spelling::number: return std::to_string(load_big_endian<std::uint64_t>(value));
    case Spelling::peer_id: return write_base58btc(value);
    case Spelling::name:
    case Spelling::path: return std::string(as_text(value));
  }
  return {};
}

// What the wire's length alone does not say.
Result<void> check_value(const ProtocolInfo& info, ByteView value) {
  if (info.layout == Layout::fixed && value.size() != info.bytes_count) return Errc::malformed;
  if (info.layout == Layout::none && !value.empty()) return Errc::malformed;
  if (info.layout == Layout::prefixed && value.empty()) return Errc::malformed;
  if (info.spelling == Spelling::name || info.spelling == Spelling::path) {
    // Text form must read back as the same address, and be harmless in a log.
    for (std::byte byte : value) {
      const auto c = std::to_integer<unsigned char>(byte);
      if (c <= ' ' || c >= 0x7f || (c == '/' && info.spelling == Spelling::name))
        return Errc::malformed;
    }
  }
  if (info.spelling == Spelling::path && value.back() == std::byte{'/'}) return Errc::malformed;
  if (info.spelling == Spelling::peer_id) {
    auto id = PeerId::parse(value);
    if (!id) return id.error();
  }
  return {};
}

}  // namespace

Result<Multiaddr> Multiaddr::parse(ByteView bytes) {
  if (bytes.size() > kMultiaddrBytesMax) return Errc::too_large;
  Multiaddr address;
  Reader reader(bytes);
  while (!reader.is_empty()) {
    if (address.parts_.size() == kMultiaddrPartsMax) return Errc::too_large;
    auto code = take_varint(reader);
    if (!code) return code.error();
    const ProtocolInfo* info = find_protocol(*code);
    if (!info) return Errc::unsupported;
    std::size_t value_bytes = info->bytes_count;
    if (info->layout == Layout::prefixed) {
      auto claimed = take_varint(reader);
      if (!claimed) return claimed.error();
      if (*claimed > kMultiaddrBytesMax) return Errc::too_large;
      value_bytes = static_cast<std::size_t>(*claimed);
    }
    const auto value = reader.take(value_bytes);
    if (!value) return Errc::truncated;
    auto checked = check_value(*info, *value);
    if (!checked) return checked.error();
    address.parts_.push_back({.protocol = info->protocol, .value = copy_bytes(*value)});
  }
  return address;
}

Result<Multiaddr> Multiaddr::parse_text(std::string_view text) {
  if (text.size() > kMultiaddrCharsMax) return Errc::too_large;
  if (!text.starts_with('/')) return Errc::malformed;
  if (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  text.remove_prefix(1);
  Multiaddr address;
  while (!text.empty()) {
    if (address.parts_.size() == kMultiaddrPartsMax) return Errc::too_large;
    const ProtocolInfo* info = find_protocol(take_until(text, '/'));
    if (!info) return Errc::unsupported;
    std::string path;
    std::string_view spelled;
    if (info->spelling == Spelling::path) {  // a path takes all the rest, slashes included
      path = '/' + std::string(std::exchange(text, {}));
      spelled = path;
    } else if (info->layout != Layout::none) {
      spelled = take_until(text, '/');
    }
    auto value = parse_value(*info, spelled);
    if (!value) return value.error();
    auto checked = check_value(*info, *value);
    if (!checked) return checked.error();
    address.parts_.push_back({.protocol = info->protocol, .value = *std::move(value)});
  }
  if (address.bytes().size() > kMultiaddrBytesMax) return Errc::too_large;
  return address;
}

Bytes Multiaddr::bytes() const {
  Bytes out;
  for (const Part& part : parts_) {
    append_varint(out, static_cast<std::uint64_t>(part.protocol));
    if (find_protocol(static_cast<std::uint64_t>(part.protocol))->layout == Layout::prefixed)
      append_varint(out, part.value.size());
    append(out, part.value);
  }
  return out;
}

std::string Multiaddr::text() const {
  std::string out;
  for (const Part& part : parts_) {
    const ProtocolInfo& info = *find_protocol(static_cast<std::uint64_t>(part.protocol));
    out += '/';
    out += info.name;
    if (info.layout == Layout::none) continue;
    if (info.spelling != Spelling::path) out += '/';
    out += write_value(info, part.value);
  }
  return out.empty() ? "/" : out;
}

const Multiaddr::Part* Multiaddr::find(Protocol protocol) const {
  const auto found = std::ranges::find(parts_, protocol, &Part::protocol);
  return found == parts_.end() ? nullptr : &*found;
}

void Multiaddr::push(Protocol protocol, ByteView value) {
  const ProtocolInfo* info = find_protocol(static_cast<std::uint64_t>(protocol));
  GHMESH_CHECK(info != nullptr && check_value(*info, value));
  parts_.push_back({.protocol = protocol, .value = copy_bytes(value)});
}

Multiaddr Multiaddr::without_peer() const {
  Multiaddr shorter = *this;
  if (!shorter.parts_.empty() && shorter.parts_.back().protocol == Protocol::p2p)
    shorter.parts_.pop_back();
  return shorter;
}

std::optional<TcpTarget> tcp_target(const Multiaddr& address) {
  const Multiaddr place = address.without_peer();
  const auto& parts = place.parts();
  if (parts.size() != 2 || parts[1].protocol != Protocol::tcp) return std::nullopt;
  switch (parts[0].protocol) {
    case Protocol::ip4:
    case Protocol::ip6:
    case Protocol::dns:
    case Protocol::dns4:
    case Protocol::dns6: break;
    default: return std::nullopt;
  }
  const ProtocolInfo& info = *find_protocol(static_cast<std::uint64_t>(parts[0].protocol));
  return TcpTarget{.host_protocol = parts[0].protocol,
                   .host = write_value(info, parts[0].value),
                   .port = load_big_endian<std::uint16_t>(parts[1].value)};
}

Result<Multiaddr> tcp_multiaddr(std::string_view host, std::uint16_t port) {
  const bool is_ip6 = host.find(':') != std::string_view::npos;
  return Multiaddr::parse_text((is_ip6 ? "/ip6/" : "/ip4/") + std::string(host) + "/tcp/" +
                               std::to_string(port));
}

}  // namespace ghmesh::multiformats
