// SPDX-License-Identifier: Apache-2.0 OR MIT
// The addresses of this machine's network interfaces.
#pragma once

#include <string>
#include <vector>

namespace ghmesh::net {

enum class Family { ipv4, ipv6 };

// Numeric, in the kernel's order, loopback included; of IPv6 no link-local ones, which mean nothing without a zone.
std::vector<std::string> interface_addresses(Family family);

}  // namespace ghmesh::net
