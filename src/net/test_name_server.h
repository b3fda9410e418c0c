// SPDX-License-Identifier: Apache-2.0 OR MIT
// A name server for tests: UDP on loopback, a thread, and a table of what it answers.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <string>
#include <thread>

#include "base/check.h"
#include "libp2p/dns/message.h"
#include "net/descriptor.h"

namespace ghmesh::net::test {

class NameServer {
 public:
  // What is answered to a question for this name: records, nothing at all, or bytes behind the question.
  struct Reply {
    std::vector<dns::Record> records = {};
    std::uint8_t response_code = 0;
    bool is_silent = false;
    Bytes garbage = {};
  };
  // A name that is not in the table does not exist.
  explicit NameServer(std::map<std::string, Reply> table)
      : table_(std::move(table)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    GHMESH_CHECK(::bind(socket_.get(), generic(address), length) == 0);
    GHMESH_CHECK(::getsockname(socket_.get(), generic(address), &length) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    is_stopping_ = true;
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  int questions_count() const { return questions_count_; }

 private:
  static sockaddr* generic(sockaddr_in& address) {
    return static_cast<sockaddr*>(static_cast<void*>(&address));
  }

  void serve() {
    while (!is_stopping_) {
      pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      std::array<std::byte, 2048> buffer;
      sockaddr_in from{};
      socklen_t length = sizeof from;
      const auto bytes_count =
          ::recvfrom(socket_.get(), buffer.data(), buffer.size(), 0, generic(from), &length);
      if (bytes_count <= 0) continue;
      const auto reply = answer(ByteView(buffer).first(static_cast<std::size_t>(bytes_count)));
      if (!reply.empty())
        ::sendto(socket_.get(), reply.data(), reply.size(), 0, generic(from), length);
    }
  }

  Bytes answer(ByteView query) {
    const auto message = dns::parse_message(query);
    if (!message || message->questions.size() != 1) return {};
    ++questions_count_;
    const auto found = table_.find(message->questions[0].name.text());
    dns::Message out{
        .id = message->id, .is_response = true, .wants_recursion = true, .has_recursion = true};
    out.questions = message->questions;
    if (found == table_.end()) {
      out.response_code = 3;
    } else {
      if (found->second.is_silent) return {};
      out.response_code = found->second.response_code;
      out.answers = found->second.records;
    }
    Bytes bytes = *dns::write_message(out);
    if (found != table_.end() && !found->second.garbage.empty()) {
      append(bytes, found->second.garbage);
      store_big_endian<std::uint16_t>(MutableByteView(bytes).subspan(6, 2), 1);  // one answer
    }
    return bytes;
  }

  std::map<std::string, Reply> table_;
  Descriptor socket_;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::atomic<int> questions_count_{0};
  std::thread thread_;
};

}  // namespace ghmesh::net::test
