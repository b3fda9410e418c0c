// SPDX-License-Identifier: Apache-2.0 OR MIT
// A UDP port for a test, which nobody else has now. A multicast port is shared, so it cannot be left to the kernel.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>

#include "base/check.h"
#include "net/descriptor.h"

namespace ghmesh::net::test {

inline std::uint16_t free_udp_port() {
  const Descriptor probe(::socket(AF_INET, SOCK_DGRAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t length = sizeof address;
  auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
  GHMESH_CHECK(::bind(probe.get(), generic, length) == 0);
  GHMESH_CHECK(::getsockname(probe.get(), generic, &length) == 0);
  return ntohs(address.sin_port);
}

}  // namespace ghmesh::net::test
