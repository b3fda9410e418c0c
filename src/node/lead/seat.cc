// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/lead/seat.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/text.h"
#include "net/listener.h"

namespace ghmesh::node {
namespace {

Error last_error() { return {errno, boost::system::system_category()}; }

// The body of a whole answer of status 200; otherwise its status as malformed.
struct PlainAnswer {
  int status = 0;
  std::string body;
};

Result<PlainAnswer> parse_answer(std::string_view text) {
  constexpr std::string_view kBegin = "HTTP/1.1 ";
  const auto end = text.find("\r\n\r\n");
  if (!text.starts_with(kBegin) || end == std::string_view::npos) return Errc::malformed;
  const auto status = parse_decimal(text.substr(kBegin.size(), 3));
  if (!status) return Errc::malformed;
  return PlainAnswer{.status = static_cast<int>(*status),
                     .body = std::string(text.substr(end + 4))};
}

Result<PlainAnswer> call_leader(const LeadPlace& place, std::string_view method,
                                const std::string& target) {
  auto socket = watch_leader(place);
  if (!socket) return socket.error();
  const std::string request = std::string(method) + " " + target +
                              " HTTP/1.1\r\nHost: " + std::string(kLeaderHost) +
                              "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  const auto sent = ::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return last_error();
  std::string answer;
  for (;;) {
    char part[4096];
    const ssize_t got = ::recv(socket->get(), part, sizeof part, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_error();
    if (got == 0) break;
    answer.append(part, static_cast<std::size_t>(got));
    if (answer.size() > kLeaderAnswerBytesMax) return Errc::too_large;
  }
  return parse_answer(answer);
}

std::string number_line(std::string_view name, std::uint64_t value) {
  return std::string(name) + " " + std::to_string(value) + "\n";
}

}  // namespace

Result<std::optional<Seat>> Seat::try_take(const LeadPlace& place) {
  net::Descriptor lock(::open(place.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return last_error();
  struct stat status {};
  if (::fstat(lock.get(), &status) != 0) return last_error();
  if (status.st_uid != ::geteuid() || !S_ISREG(status.st_mode)) return Errc::store_unsafe;
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::optional<Seat>();
    return last_error();
  }
  return std::optional<Seat>(Seat(std::move(lock)));
}

std::string write_leader_status(const LeaderStatus& status) {
  std::string text = number_line("rank", static_cast<std::uint64_t>(status.rank)) +
                     number_line("process", static_cast<std::uint64_t>(status.process)) +
                     number_line("swarm_on", status.is_swarm_on ? 1 : 0) +
                     number_line("peers", status.peers_count);
  if (!status.swarm.empty()) text += "swarm " + status.swarm + "\n";
  if (!status.peer_id.empty()) text += "peer_id " + status.peer_id + "\n";
  for (const std::string& address : status.addresses) text += "address " + address + "\n";
  return text;
}

// Lines of names that we do not know are of a newer version.
Result<LeaderStatus> parse_leader_status(std::string_view text) {
  LeaderStatus status;
  while (!text.empty()) {
    std::string_view value = take_until(text, '\n');
    const std::string_view name = take_until(value, ' ');
    const auto number = parse_decimal(value);
    if (name == "swarm") status.swarm = value;
    else if (name == "peer_id") status.peer_id = value;
    else if (name == "address") status.addresses.emplace_back(value);
    else if (name == "rank" && number && *number >= 1 && *number <= 3)
      status.rank = static_cast<LeadRank>(*number);
    else if (name == "process" && number && *number <= INT32_MAX)
      status.process = static_cast<int>(*number);
    else if (name == "swarm_on" && number) status.is_swarm_on = *number == 1;
    else if (name == "peers" && number) status.peers_count = *number;
    else if (name == "rank" || name == "process" || name == "swarm_on" || name == "peers")
      return Errc::malformed;
  }
  return status;
}

Result<LeaderStatus> ask_leader_status(const LeadPlace& place) {
  auto answer = call_leader(place, "GET", "/v1/status");
  if (!answer) return answer.error();
  if (answer->status != 200) return Errc::malformed;
  return parse_leader_status(answer->body);
}

Result<bool> ask_leader_to_yield(const LeadPlace& place, LeadRank rank) {
  auto answer =
      call_leader(place, "POST", "/v1/yield?rank=" + std::to_string(static_cast<int>(rank)));
  if (!answer) return answer.error();
  return answer->status == 202;
}

Result<net::Descriptor> watch_leader(const LeadPlace& place) {
  const auto address = net::unix_address(place.socket);
  if (!address) return address.error();
  net::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return last_error();
  const timeval patience{.tv_sec = kLeaderAnswerMilliseconds / 1'000,
                         .tv_usec = kLeaderAnswerMilliseconds % 1'000 * 1'000};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
    if (::setsockopt(socket.get(), SOL_SOCKET, option, &patience, sizeof patience) != 0)
      return last_error();
  if (::connect(socket.get(), net::as_sockaddr(*address), sizeof *address) != 0)
    return last_error();
  if (!net::is_of_our_user(socket.get())) return Errc::store_unsafe;
  return socket;
}

}  // namespace ghmesh::node
