// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "crypto/counter_cipher.h"

namespace ghmesh::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kPieceBytes = 65'519;  // the plaintext of a full Noise message
constexpr std::uint64_t kTransferBytes = 512ull << 20;
enum class What : char { echo = 'e', sink = 's', sealed_sink = 'c' };

bool read_all(int socket, std::byte* out, std::size_t bytes_count) {
  for (std::size_t got = 0; got < bytes_count;) {
    const ssize_t n = ::recv(socket, out + got, bytes_count - got, 0);
    if (n <= 0) return false;
    got += static_cast<std::size_t>(n);
  }
  return true;
}

bool write_all(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

crypto::Secret key() { return crypto::Secret(Bytes(crypto::kCounterKeyBytes, std::byte{9})); }

void answer(int socket) {
  char what = 0;
  if (::recv(socket, &what, 1, 0) != 1) return;
  std::vector<std::byte> buffer(256 * 1024);
  if (what == static_cast<char>(What::echo)) {
    if (!write_all(socket, ByteView(buffer).first(1))) return;  // the first byte
    while (read_all(socket, buffer.data(), kMessageBytes))
      if (!write_all(socket, ByteView(buffer).first(kMessageBytes))) return;
    return;
  }
  std::uint64_t taken = 0;
  if (what == static_cast<char>(What::sink)) {
    while (taken < kTransferBytes) {
      const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), 0);
      if (n <= 0) return;
      taken += static_cast<std::uint64_t>(n);
    }
  } else {
    crypto::CounterOpener opener(key());
    Bytes plain(kPieceBytes);
    while (taken < kTransferBytes &&
           read_all(socket, buffer.data(), kPieceBytes + crypto::kCounterTagBytes)) {
      if (!opener.open({}, ByteView(buffer).first(kPieceBytes + crypto::kCounterTagBytes), plain))
        return;
      taken += kPieceBytes;
    }
  }
  static_cast<void>(write_all(socket, ByteView(buffer).first(1)));
}

[[noreturn]] void serve(int listener) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to(1);
  for (;;) {
    const int socket = ::accept(listener, nullptr, nullptr);
    if (socket < 0) _exit(0);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    answer(socket);
    ::close(socket);
  }
}

int connect_to(const sockaddr_in& address, What what) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return -1;
  const char byte = static_cast<char>(what);
  static_cast<void>(::send(socket, &byte, 1, MSG_NOSIGNAL));
  return socket;
}

double transfer(const sockaddr_in& address, What what) {
  const int socket = connect_to(address, what);
  const Bytes piece(kPieceBytes, std::byte{7});
  Bytes sealed(kPieceBytes + crypto::kCounterTagBytes);
  crypto::CounterSealer sealer(key());
  const Instant begun = MonotonicClock::now();
  for (std::uint64_t sent = 0; sent < kTransferBytes; sent += kPieceBytes) {
    if (what == What::sealed_sink && !sealer.seal({}, piece, sealed)) break;
    if (!write_all(socket, what == What::sealed_sink ? ByteView(sealed) : ByteView(piece))) break;
  }
  std::byte done;
  read_all(socket, &done, 1);
  const double rate = static_cast<double>(kTransferBytes) / 1e3 / milliseconds_since(begun);
  ::close(socket);
  return rate;
}

}  // namespace

void pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

double milliseconds_since(Instant begun) {
  return std::chrono::duration<double, std::milli>(MonotonicClock::now() - begun).count();
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size()));
  return values[std::min(values.size() - 1, index)];
}

void put_quantiles(boost::json::object& out, const std::string& name,
                   const std::vector<double>& values) {
  out[name + "_p50"] = quantile(values, 0.5);
  out[name + "_p99"] = quantile(values, 0.99);
}

std::size_t anonymous_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;)
    if (word == "RssAnon:") {
      std::size_t kilobytes = 0;
      status >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

void measure_tcp(boost::json::object& out) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener, reinterpret_cast<const sockaddr*>(&address), size);
  ::listen(listener, 16);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const pid_t server = ::fork();
  if (server == 0) serve(listener);
  ::close(listener);
  std::vector<double> connects, round_trips, rates, sealed_rates;
  Bytes message(kMessageBytes, std::byte{7});
  for (int i = 0; i < 200; ++i) {
    const Instant begun = MonotonicClock::now();
    const int socket = connect_to(address, What::echo);
    std::byte first;
    read_all(socket, &first, 1);
    connects.push_back(milliseconds_since(begun));
    ::close(socket);
  }
  const int socket = connect_to(address, What::echo);
  read_all(socket, message.data(), 1);
  for (int i = 0; i < 4000; ++i) {
    const Instant begun = MonotonicClock::now();
    write_all(socket, message);
    read_all(socket, message.data(), message.size());
    round_trips.push_back(milliseconds_since(begun));
  }
  ::close(socket);
  for (int i = 0; i < 3; ++i) {
    rates.push_back(transfer(address, What::sink));
    sealed_rates.push_back(transfer(address, What::sealed_sink));
  }
  put_quantiles(out, "tcp_connect_ms", connects);
  put_quantiles(out, "tcp_round_trip_ms", round_trips);
  out["tcp_MBps"] = median(rates);
  out["tcp_chacha_MBps"] = median(sealed_rates);
  ::kill(server, SIGTERM);
  ::waitpid(server, nullptr, 0);
}

}  // namespace ghmesh::bench
