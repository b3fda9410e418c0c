// SPDX-License-Identifier: Apache-2.0 OR MIT
// One lookup of a name by the system's resolver, on the calling thread, which it blocks: for name_lookup.cc.
//
// Host names go the way of every other program (/etc/hosts, name service switch, DNS); TXT records are asked of the
// name servers of /etc/resolv.conf. Both are read anew each time: a laptop changes its network.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "libp2p/resolve/resolution.h"

namespace ghmesh::net {

struct NameQueryOptions {
  // A name server on 127.0.0.1 instead of the system's: for tests.
  std::optional<std::uint16_t> server_port;
  // How long one name server is waited for, and how often each is asked. glibc's own 5 s, twice, outlast every dial.
  int server_seconds = 2;
  int attempts_count = 2;
};

// Errors: dns_failed (nobody answers, or there is an answer that is none), dns_malformed. A name that does not exist,
// or has no such record, has an empty answer.
Result<resolve::Answer> query_name(const resolve::Lookup& lookup, const NameQueryOptions& options);

}  // namespace ghmesh::net
