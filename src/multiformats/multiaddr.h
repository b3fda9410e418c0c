// SPDX-License-Identifier: Apache-2.0 OR MIT
// Multiaddr: an address that says how to reach it, layer by layer: "/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW..." (libp2p
// specs, addressing/README; codes from multiformats/multiaddr, protocols.csv).
//
// We speak ip4, ip6, ip6zone, dns, dns4, dns6, dnsaddr, tcp, udp, p2p, p2p-circuit, unix, ws, wss, tls, noise, quic,
// quic-v1 and memory. An address with another protocol is not wrong, but not ours: `unsupported`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ghmesh::multiformats {

// A peer may tell many addresses; none that anybody uses is longer (a relayed one with two ids has about 120 bytes).
inline constexpr std::size_t kMultiaddrBytesMax = 256;
inline constexpr std::size_t kMultiaddrPartsMax = 16;
// What can be spelled in that many bytes is shorter: 15 times ip6 has 660 characters.
inline constexpr std::size_t kMultiaddrCharsMax = 4 * kMultiaddrBytesMax;

enum class Protocol : std::uint32_t {
  ip4 = 4,
  tcp = 6,
  ip6 = 41,
  ip6zone = 42,
  dns = 53,
  dns4 = 54,
  dns6 = 55,
  dnsaddr = 56,
  udp = 273,
  p2p_circuit = 290,
  unix_path = 400,
  p2p = 421,
  tls = 448,
  noise = 454,
  quic = 460,
  quic_v1 = 461,
  ws = 477,
  wss = 478,
  memory = 777,
};

class Multiaddr {
 public:
  struct Part {
    Protocol protocol;
    Bytes value;  // as on the wire, without its length; empty where the protocol has none
    bool operator==(const Part&) const = default;
  };

  // Errors: malformed, truncated, too_large, unsupported.
  static Result<Multiaddr> parse(ByteView bytes);
  static Result<Multiaddr> parse_text(std::string_view text);

  Bytes bytes() const;
  std::string text() const;

  const std::vector<Part>& parts() const { return parts_; }
  const Part* find(Protocol protocol) const;  // the first; null when there is none
  bool empty() const { return parts_.empty(); }

  // Adds a part at the end; `value` as on the wire. For values made by our own code.
  void push(Protocol protocol, ByteView value = {});
  // Without its last part if that is p2p: where to dial, once the expected id is known.
  Multiaddr without_peer() const;

  bool operator==(const Multiaddr&) const = default;

 private:
  std::vector<Part> parts_;
};

// What a TCP dialer needs of "/ip4/../tcp/..", "/ip6/../tcp/.." or "/dns*/../tcp/..": nullopt for everything else, also
// when more than a p2p part follows (ws, relays).
struct TcpTarget {
  Protocol host_protocol;  // ip4, ip6, dns, dns4 or dns6
  std::string host;
  std::uint16_t port;
};
std::optional<TcpTarget> tcp_target(const Multiaddr& address);

// "/ip4/127.0.0.1/tcp/4001" of an address and a port. `host` is numeric. Errors: malformed.
Result<Multiaddr> tcp_multiaddr(std::string_view host, std::uint16_t port);

}  // namespace ghmesh::multiformats
