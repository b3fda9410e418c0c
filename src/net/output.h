// SPDX-License-Identifier: Apache-2.0 OR MIT
// What waits to be sent on one connection: replies in order, sent with as few system calls as possible and without
// copying.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "net/http_server.h"

namespace ghmesh::net {

class Output {
 public:
  enum class Progress { done, blocked, failed };

  // A cleared reply at the end of the queue, to be filled. Slots are used again, so their text keeps its room.
  Reply& add();
  // Takes the slot of the last add() back.
  void drop_last() { --count_; }
  std::size_t replies_count() const { return count_; }
  bool is_empty() const { return count_ == 0; }

  // Sends what the socket takes. After done the queue is empty and its owners are released.
  Progress flush(int descriptor);
  void clear();
  // Moves what is left into another, empty queue.
  void move_rest_to(Output& other);

 private:
  std::vector<Reply> slots_;
  std::size_t first_ = 0;       // slots before it are sent
  std::size_t count_ = 0;       // slots in use, the sent ones too
  std::size_t sent_bytes_ = 0;  // of the first one
};

// Ends the reply's head: says whether the connection stays, and the blank line. A body that must not be sent (HEAD,
// 204, 304) is dropped.
void seal_reply(Reply& reply, const http::RequestHead& request, bool is_closing);

// The status of a reply's head; 0 when it has none.
int reply_status(std::string_view head);
bool may_have_body(std::string_view method, int status);

}  // namespace ghmesh::net
