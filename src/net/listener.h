// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where a daemon listens: a unix socket with mode 0600, a TCP address, or a socket that systemd hands over
// (sd_listen_fds(3)).
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ghmesh::net {

// Errors: ENAMETOOLONG; the path of a socket has at most 107 bytes.
Result<sockaddr_un> unix_address(const std::string& path);
const sockaddr* as_sockaddr(const sockaddr_un& address);
// Whether the process at the other end of a unix socket is this user's (SO_PEERCRED).
bool is_of_our_user(int socket);

// A listening socket, non-blocking and close-on-exec. Owns the descriptor; a unix socket's file is removed when it is
// dropped.
class Listener {
 public:
  // Creates the parent directory (0700) when it is missing. Refuses a directory of another owner or one that others may
  // write to (store_unsafe). A socket file that nobody listens on any more is reclaimed; one that answers is an error
  // (EADDRINUSE).
  static Result<Listener> unix_socket(std::string path);
  // "127.0.0.1:8418", "[::1]:0". A port of 0 lets the kernel choose: address() tells.
  static Result<Listener> tcp(std::string_view address);
  // LISTEN_FDS of systemd, in order; empty when not activated.
  static std::vector<Listener> from_systemd();

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  int descriptor() const;
  bool is_tcp() const;
  // "unix:/run/user/0/ghmesh/gh.sock" or "127.0.0.1:8418": what start-up prints.
  std::string address() const;

 private:
  Listener() = default;
  int descriptor_ = -1;
  bool is_tcp_ = false;
  std::string address_;
  std::string unlink_path_;
  std::pair<dev_t, ino_t> bound_file_{};  // what unlink_path_ was when it was bound
};

}  // namespace ghmesh::net
