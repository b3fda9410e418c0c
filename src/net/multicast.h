// SPDX-License-Identifier: Apache-2.0 OR MIT
// A UDP socket of the group of multicast DNS, on every link of this machine that takes part in it.
//
// Plain system calls, none of which block; whoever owns it waits for its descriptor to be readable. Other programs (a
// browser, avahi, a second node) have the same port at the same time, and each of us hears every datagram, our own
// included. What was sent to this machine alone is not for the group and is dropped: it may come from beyond the link.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "net/descriptor.h"

namespace ghmesh::net {

// Port 5353 of 224.0.0.251 and of ff02::fb (RFC 6762, 3).
inline constexpr std::uint16_t kMulticastDnsPort = 5353;
// Linux lets one socket join so many (net.ipv4.igmp_max_memberships); machines with more links run containers on them.
inline constexpr std::size_t kLinksMax = 20;

enum class IpFamily { ip4, ip6 };
// The loopback link takes part only where there is no other, or alone: it reaches nobody else.
enum class Links { network, loopback };

struct MulticastOptions {
  IpFamily family = IpFamily::ip4;
  Links links = Links::network;
  std::uint16_t port = kMulticastDnsPort;
};

struct MulticastCounters {
  std::uint64_t datagrams_lost = 0;  // the kernel did not take them
  std::uint64_t datagrams_ignored =
      0;  // not to the group, from no link of ours, or larger than the buffer
};

class MulticastSocket {
 public:
  // Errors: of the system.
  static Result<MulticastSocket> open(const MulticastOptions& options);

  int descriptor() const { return socket_.get(); }
  // Joins the group on links that have come and forgets those that have gone. open() did it once.
  void update_links();
  std::size_t links_count() const { return links_.size(); }

  // To the group, on every link.
  void send(ByteView datagram);
  struct Datagram {
    ByteView bytes;  // valid until the next call of receive()
    std::string source;
  };
  // What has arrived, one after the other; nullopt when nothing for us waits.
  std::optional<Datagram> receive();

  const MulticastCounters& counters() const { return counters_; }

 private:
  MulticastSocket() = default;
  void change_membership(unsigned link, int option);

  MulticastOptions options_;
  Descriptor socket_;
  std::map<unsigned, std::uint32_t>
      links_;  // by the kernel's index; the IPv4 address to send from, in network order
  Bytes buffer_;
  MulticastCounters counters_;
};

}  // namespace ghmesh::net
