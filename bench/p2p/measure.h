// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the peer-to-peer benchmarks share: quantiles, where a process runs and what it holds, and the yardstick, plain
// TCP.
#pragma once

#include <sys/types.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/time.h"

namespace ghmesh::bench {

void pin_to(int core);
double milliseconds_since(Instant begun);
double quantile(std::vector<double> values, double part);  // NaN for none
inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }
// NAME_p50 and NAME_p99.
void put_quantiles(boost::json::object& out, const std::string& name,
                   const std::vector<double>& values);
std::size_t anonymous_bytes(pid_t process);  // RssAnon

// Plain TCP between two processes: tcp_connect_ms (and first byte back), tcp_round_trip_ms of 1 KiB, tcp_MBps, and
// tcp_chacha_MBps: the same with every 64 KiB sealed and opened by ChaCha20-Poly1305, the floor of what Noise can do.
void measure_tcp(boost::json::object& out);

}  // namespace ghmesh::bench
