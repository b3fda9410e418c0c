// SPDX-License-Identifier: Apache-2.0 OR MIT
// p2p_link: two processes on two cores, one connection at a time: how long a dial takes, a stream, a round trip; how
// fast one stream carries bytes; what an idle connection holds. Prints one JSON object. link.mjs measures js-libp2p in
// the same steps, and its yardstick, plain TCP, stands here too.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "base/log.h"
#include "crypto/counter_cipher.h"
#include "measure.h"
#include "net/p2p/session.h"

namespace ghmesh::bench {
namespace {

namespace json = boost::json;
using multiformats::PeerId;
using Kind = swarm::Event::Kind;

constexpr std::string_view kEcho = "/bench/echo/1.0.0";
constexpr std::size_t kMessageBytes = 1024;
constexpr std::uint64_t kTransferBytes = 512ull << 20;
constexpr Duration kPatience = 60s;

host::Options options() {
  host::Options made;
  made.protocols = {std::string(kEcho)};
  made.offers_perf = true;
  made.swarm.limits.connections_max = 4096;
  made.swarm.limits.group_connections_max = 4096;
  made.swarm.limits.pending_inbound_max = 1024;
  return made;
}

// Sends back what comes, until it is told to end.
[[noreturn]] void serve(int address_pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to(1);
  net::Session session(keys::PrivateKey::generate(), options());
  const std::string address = session.listen("/ip4/127.0.0.1/tcp/0").value().front() + "\n";
  if (::write(address_pipe, address.data(), address.size()) < 0) _exit(1);
  ::close(address_pipe);
  swarm::Swarm& swarm = session.host().swarm();
  session.run([&](const host::Event& event) {
    const auto* stream = std::get_if<host::StreamEvent>(&event);
    if (!stream) return;
    const Instant now = MonotonicClock::now();
    const ByteView readable = swarm.readable(stream->stream);
    if (!readable.empty()) {
      auto written = swarm.write(stream->stream, readable, now);
      if (written) swarm.consume(stream->stream, *written, now);
    }
    if (stream->kind == Kind::finished) swarm.finish(stream->stream, now);
  });
  _exit(0);
}

class Client {
 public:
  explicit Client(std::string address)
      : address_(std::move(address)), session_(keys::PrivateKey::generate(), options()) {}

  // Dial, Noise, yamux; and until the peer has said who it is.
  void measure_dials(json::object& out, int count) {
    std::vector<double> dials, identifies;
    for (int i = 0; i < count; ++i) {
      const Instant begun = MonotonicClock::now();
      peer_ = session_.connect(address_).value();
      dials.push_back(milliseconds_since(begun));
      const auto is_known = [this](const host::Event&) {
        return session_.host().info_of(peer_) != nullptr;
      };
      if (!session_.host().info_of(peer_)) session_.run_until(is_known, kPatience);
      identifies.push_back(milliseconds_since(begun));
      if (i + 1 == count) break;
      session_.host().disconnect(peer_, MonotonicClock::now());
      session_.run([](const host::Event&) {}, 2ms);
    }
    put_quantiles(out, "dial_ms", dials);
    put_quantiles(out, "dial_identify_ms", identifies);
  }

  void measure_streams(json::object& out, int count) {
    std::vector<double> opened, round_trips;
    for (int i = 0; i < count; ++i) {
      const Instant begun = MonotonicClock::now();
      const swarm::StreamRef stream = open();
      round_trip(stream);
      opened.push_back(milliseconds_since(begun));
      session_.host().swarm().finish(stream, MonotonicClock::now());
    }
    const swarm::StreamRef stream = open();
    for (int i = 0; i < 4 * count; ++i) {
      const Instant begun = MonotonicClock::now();
      round_trip(stream);
      round_trips.push_back(milliseconds_since(begun));
    }
    put_quantiles(out, "stream_open_echo_ms", opened);
    put_quantiles(out, "round_trip_ms", round_trips);
  }

  void measure_throughput(json::object& out, int count) {
    std::vector<double> rates;
    for (int i = 0; i < count; ++i) {
      const Instant begun = MonotonicClock::now();
      if (!session_.host().perf(peer_, kTransferBytes, 0, begun)) break;
      const auto is_done = [](const host::Event& event) {
        return std::holds_alternative<host::PerfDone>(event);
      };
      if (!session_.run_until(is_done, kPatience)) break;
      rates.push_back(static_cast<double>(kTransferBytes) / 1e3 / milliseconds_since(begun));
    }
    out["stream_MBps"] = median(rates);
  }

 private:
  swarm::StreamRef open() {
    return session_.host().open_stream(peer_, std::string(kEcho), MonotonicClock::now()).value();
  }
  void round_trip(swarm::StreamRef stream) {
    swarm::Swarm& swarm = session_.host().swarm();
    static const Bytes message(kMessageBytes, std::byte{7});
    static_cast<void>(swarm.write(stream, message, MonotonicClock::now()).value());
    std::size_t received = 0;
    const auto is_back = [&](const host::Event& event) {
      const auto* one = std::get_if<host::StreamEvent>(&event);
      if (!one || one->stream != stream || one->kind != Kind::readable) return false;
      const std::size_t bytes_count = swarm.readable(stream).size();
      swarm.consume(stream, bytes_count, MonotonicClock::now());
      received += bytes_count;
      return received >= kMessageBytes;
    };
    session_.run_until(is_back, kPatience);
  }

  const std::string address_;
  net::Session session_;
  PeerId peer_;
};

// Resident bytes of the server per connection that does nothing.
double idle_connection_bytes(const std::string& address, pid_t server, int count) {
  const auto warm = std::make_unique<net::Session>(keys::PrivateKey::generate(), options());
  static_cast<void>(warm->connect(address).value());
  const std::size_t before = anonymous_bytes(server);
  std::vector<std::unique_ptr<net::Session>> sessions;
  for (int i = 0; i < count; ++i) {
    sessions.push_back(std::make_unique<net::Session>(keys::PrivateKey::generate(), options()));
    const PeerId peer = sessions.back()->connect(address).value();
    const auto is_known = [&](const host::Event&) {
      return sessions.back()->host().info_of(peer) != nullptr;
    };
    if (!sessions.back()->host().info_of(peer)) sessions.back()->run_until(is_known, kPatience);
  }
  std::this_thread::sleep_for(200ms);
  return static_cast<double>(anonymous_bytes(server) - before) / count;
}

int run() {
  int address_pipe[2];
  if (::pipe(address_pipe) != 0) return 1;
  const pid_t server = ::fork();
  if (server == 0) serve(address_pipe[1]);
  ::close(address_pipe[1]);
  pin_to(0);
  std::string address(256, '\0');
  address.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, ::read(address_pipe[0], address.data(), address.size()))));
  address.erase(address.find('\n'));
  json::object out;
  {
    Client client(address);
    client.measure_dials(out, 130);
    client.measure_streams(out, 1000);
    client.measure_throughput(out, 4);
  }
  out["idle_connection_bytes"] = idle_connection_bytes(address, server, 200);
  ::kill(server, SIGTERM);
  ::waitpid(server, nullptr, 0);
  measure_tcp(out);
  std::cout << json::serialize(out) << '\n';
  return 0;
}

}  // namespace
}  // namespace ghmesh::bench

int main() {
  ghmesh::log::set_level(ghmesh::log::Level::off);
  return ghmesh::bench::run();
}
