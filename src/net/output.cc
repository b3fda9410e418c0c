// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/output.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ghmesh::net {
namespace {

constexpr std::size_t kSegmentsCountMax = 48;  // of one system call: sixteen replies

struct Segments {
  std::array<iovec, kSegmentsCountMax> list;
  std::size_t count = 0;
  std::size_t bytes_count = 0;

  // Leaves out the first `skip` bytes, and takes them from `skip`.
  void add(std::string_view bytes, std::size_t& skip) {
    const std::size_t skipped = std::min(skip, bytes.size());
    skip -= skipped;
    bytes.remove_prefix(skipped);
    if (bytes.empty()) return;
    list[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
    bytes_count += bytes.size();
  }
};

}  // namespace

Reply& Output::add() {
  if (count_ == slots_.size()) slots_.emplace_back();
  return slots_[count_++];
}

Output::Progress Output::flush(int descriptor) {
  while (first_ < count_) {
    Segments segments;
    std::size_t skip = sent_bytes_;
    for (std::size_t i = first_; i < count_ && segments.count + 3 <= kSegmentsCountMax; ++i) {
      segments.add(slots_[i].head, skip);
      segments.add(slots_[i].more_head, skip);
      segments.add(slots_[i].body, skip);
    }
    ssize_t sent = 0;
    if (segments.count > 0) {
      msghdr message{};
      message.msg_iov = segments.list.data();
      message.msg_iovlen = segments.count;
      sent = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? Progress::blocked : Progress::failed;
    }
    auto left = static_cast<std::size_t>(sent) + sent_bytes_;
    while (first_ < count_) {
      const Reply& reply = slots_[first_];
      const std::size_t reply_bytes =
          reply.head.size() + reply.more_head.size() + reply.body.size();
      if (left < reply_bytes) break;
      left -= reply_bytes;
      slots_[first_++].owner.reset();
    }
    sent_bytes_ = left;
  }
  clear();
  return Progress::done;
}

void Output::clear() {
  for (std::size_t i = 0; i < count_; ++i) {
    Reply& slot = slots_[i];
    slot.head = {};
    slot.more_head.clear();
    slot.body = {};
    slot.owner.reset();
    slot.close = false;
  }
  first_ = count_ = sent_bytes_ = 0;
}

void Output::move_rest_to(Output& other) {
  other.clear();
  for (std::size_t i = first_; i < count_; ++i) std::swap(other.add(), slots_[i]);
  other.sent_bytes_ = sent_bytes_;
  clear();
}

int reply_status(std::string_view head) {
  // "HTTP/1.1 200 OK"
  if (head.size() < 12) return 0;
  int status = 0;
  for (const char c : head.substr(9, 3)) status = status * 10 + (c - '0');
  return status;
}

bool may_have_body(std::string_view method, int status) {
  return method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

void seal_reply(Reply& reply, const http::RequestHead& request, bool is_closing) {
  if (!may_have_body(request.method, reply_status(reply.head))) reply.body = {};
  if (is_closing) {
    reply.more_head += "Connection: close\r\n";
  } else if (request.version_minor == 0) {
    reply.more_head += "Connection: keep-alive\r\n";
  }
  reply.more_head += "\r\n";
}

}  // namespace ghmesh::net
