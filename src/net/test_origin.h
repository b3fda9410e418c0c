// SPDX-License-Identifier: Apache-2.0 OR MIT
// TestOrigin: an upstream on loopback that does what a test tells it, byte by byte; blocking sockets, a thread per
// connection.
//
// It keeps every request's head, so that a test can say what was sent and what was not.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "base/time.h"

namespace ghmesh::net::test {

// One accepted connection, as the script sees it.
class Peer {
 public:
  explicit Peer(int descriptor) : descriptor_(descriptor) {}

  // False when the other side is gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Through the blank line; nullopt when the connection ends first.
  std::optional<std::string> read_head() {
    for (;;) {
      const std::size_t end = buffer_.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string head = buffer_.substr(0, end + 4);
        buffer_.erase(0, end + 4);
        return head;
      }
      if (!fill()) return std::nullopt;
    }
  }
  // Exactly this many bytes, or what came before the end.
  std::string read(std::size_t bytes_count) {
    while (buffer_.size() < bytes_count && fill()) {
    }
    std::string taken = buffer_.substr(0, bytes_count);
    buffer_.erase(0, taken.size());
    return taken;
  }
  // A chunked body, decoded; what came of it when the connection ended.
  std::string read_chunked() {
    std::string body;
    for (;;) {
      std::size_t end = 0;
      while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (!fill()) return body;
      std::size_t size = 0;
      for (const char c : buffer_.substr(0, end)) size = size * 16 + hex_value(c);
      buffer_.erase(0, end + 2);
      body += read(size);
      read(2);
      if (size == 0) return body;
    }
  }
  // Waits until the other side has closed.
  void await_close() {
    while (fill()) buffer_.clear();
  }
  // A RST instead of a FIN.
  void reset() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    is_reset_ = true;
  }
  bool is_reset() const { return is_reset_; }
  int descriptor() const { return descriptor_; }

 private:
  static std::size_t hex_value(char c) {
    return static_cast<std::size_t>(c <= '9' ? c - '0' : ascii_lower(c) - 'a' + 10);
  }
  bool fill() {
    char bytes[65536];
    const ssize_t received = ::recv(descriptor_, bytes, sizeof(bytes), 0);
    if (received <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(received));
    return true;
  }

  int descriptor_;
  bool is_reset_ = false;
  std::string buffer_;
};

class TestOrigin {
 public:
  // Answers one request; false closes the connection.
  using Script = std::function<bool(Peer& peer, const std::string& head)>;

  explicit TestOrigin(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    GHMESH_CHECK(::bind(listener_, as_generic(&address), size) == 0);
    GHMESH_CHECK(::listen(listener_, 256) == 0);
    GHMESH_CHECK(::getsockname(listener_, as_generic(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~TestOrigin() {
    is_stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    accepting_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
    }
    for (auto& thread : serving_) thread.join();
  }

  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  int port() const { return port_; }
  int connections_count() const { return connections_count_; }
  std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  static sockaddr* as_generic(sockaddr_in* address) {
    return static_cast<sockaddr*>(static_cast<void*>(address));
  }

  void accept_all() {
    for (;;) {
      const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (descriptor < 0) {
        if (is_stopping_) return;
        continue;
      }
      const int yes = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
      ++connections_count_;
      const std::lock_guard lock(mutex_);
      open_.push_back(descriptor);
      serving_.emplace_back([this, descriptor] { serve(descriptor); });
    }
  }
  void serve(int descriptor) {
    Peer peer(descriptor);
    while (auto head = peer.read_head()) {
      {
        const std::lock_guard lock(mutex_);
        heads_.push_back(*head);
      }
      if (!script_(peer, *head)) break;
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, descriptor);
    if (!peer.is_reset()) ::shutdown(descriptor, SHUT_RDWR);
    ::close(descriptor);
  }

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_count_{0};
  std::atomic<bool> is_stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::vector<int> open_;
  std::vector<std::thread> serving_;
  std::thread accepting_;
};

// An address where connecting takes for ever: its queue of connections is full, so the kernel drops what comes.
class SilentAddress {
 public:
  SilentAddress() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    GHMESH_CHECK(::bind(listener_, generic, size) == 0);
    GHMESH_CHECK(::listen(listener_, 0) == 0);
    GHMESH_CHECK(::getsockname(listener_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      ::connect(filler, generic, size);
    }
  }
  ~SilentAddress() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int listener_;
  int port_ = 0;
  int fillers_[4];
};

inline std::string answer_with_length(std::string_view body, std::string_view more_head = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_head) + "\r\n" + std::string(body);
}

}  // namespace ghmesh::net::test
