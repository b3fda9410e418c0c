// SPDX-License-Identifier: Apache-2.0 OR MIT
// The limit that an HTTP server on this machine can come near to: one thread, one epoll, fixed bytes, no parsing beyond
// the end of a head, nothing checked. Not a server to use; bench/ runs it beside the real ones so that their figures
// mean something.
//
//   epoll_server PORT BODY_BYTES
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

int listen_on(std::uint16_t port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  if (::listen(listener, 4096) != 0) return -1;
  return listener;
}

void watch(int poll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

void accept_all(int poll, int listener) {
  for (;;) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (client < 0) return;
    const int yes = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(poll, client);
  }
}

// Takes one read as whole requests, as a load generator sends them.
void answer(int client, const std::string& reply) {
  std::array<char, 65536> buffer;
  const ssize_t received = ::read(client, buffer.data(), buffer.size());
  if (received <= 0) {
    ::close(client);
    return;
  }
  std::string_view requests(buffer.data(), static_cast<std::size_t>(received));
  for (std::size_t end; (end = requests.find("\r\n\r\n")) != std::string_view::npos;
       requests.remove_prefix(end + 4)) {
    if (::send(client, reply.data(), reply.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(reply.size())) {
      ::close(client);
      return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: epoll_server PORT BODY_BYTES\n");
    return 2;
  }
  const std::size_t body_bytes = std::strtoul(argv[2], nullptr, 10);
  const std::string reply =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " +
      std::to_string(body_bytes) + "\r\n\r\n" + std::string(body_bytes, 'x');
  const int listener = listen_on(static_cast<std::uint16_t>(std::strtoul(argv[1], nullptr, 10)));
  const int poll = ::epoll_create1(0);
  if (listener < 0 || poll < 0) {
    std::perror("epoll_server");
    return 1;
  }
  watch(poll, listener);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<std::size_t>(i)].data.fd == listener) {
        accept_all(poll, listener);
      } else {
        answer(events[static_cast<std::size_t>(i)].data.fd, reply);
      }
    }
  }
}
