// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace ghmesh::app {

void notify_manager(std::string_view state) {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  if (!variable) return;
  const std::string_view path(variable);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() > sizeof address.sun_path ||
      (path[0] != '/' && path[0] != '@'))
    return;
  std::ranges::copy(path, address.sun_path);
  if (path[0] == '@') address.sun_path[0] = '\0';  // Linux's abstract names
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto address_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
         static_cast<const sockaddr*>(static_cast<const void*>(&address)), address_bytes);
  close(descriptor);
}

}  // namespace ghmesh::app
