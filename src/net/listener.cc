// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/fork_guard.h"
#include "base/text.h"
#include "net/descriptor.h"

namespace ghmesh::net {
namespace {

// A burst of callers waits in the kernel; it cuts this to net.core.somaxconn.
constexpr int kBacklogCount = 4096;
constexpr int kSystemdFirstDescriptor = 3;  // SD_LISTEN_FDS_START, sd_listen_fds(3)

Error last_error() { return {errno, boost::system::system_category()}; }

int new_socket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// The directory decides who may replace the socket's name: it must be ours (or root's) and writable for its owner only.
// A directory with the sticky bit, such as /tmp, protects names too, but not from being taken first: refused as well.
Result<void> secure_directory(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory.parent_path(), ignored)) {
    auto above = secure_directory(directory.parent_path());
    if (!above) return above;
  }
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return last_error();
  // The directory itself, not what a link names: a link could be changed after this look.
  const Descriptor opened(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!opened) return errno == ELOOP || errno == ENOTDIR ? Error(Errc::store_unsafe) : last_error();
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) return last_error();
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Errc::store_unsafe;
  return {};
}

// What stands where the socket shall be: nothing, a socket that nobody serves any more (removed), or a reason to give
// up.
Result<void> reclaim(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return last_error();
  }
  if (!S_ISSOCK(status.st_mode) || status.st_uid != ::geteuid()) return Errc::store_unsafe;
  const Descriptor probe(new_socket(AF_UNIX));
  if (!probe) return last_error();
  const int connected =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // EAGAIN says that somebody listens and is busy.
  if (connected == 0 || errno != ECONNREFUSED)
    return Error(EADDRINUSE, boost::system::system_category());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return last_error();
  return {};
}

std::string tcp_address_text(const sockaddr_storage& address, socklen_t length) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  const std::string text(host);
  return (text.find(':') == std::string::npos ? text : "[" + text + "]") + ":" + port;
}

struct BoundName {
  bool is_tcp = false;
  std::string address;
};

Result<BoundName> bound_name(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return last_error();
  if (address.ss_family != AF_UNIX) return BoundName{true, tcp_address_text(address, length)};
  const auto* name = reinterpret_cast<const sockaddr_un*>(&address);
  return BoundName{false, std::string("unix:") + name->sun_path};
}

// Which file a name stands for; zeros when there is none.
std::pair<dev_t, ino_t> file_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

}  // namespace

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Error(ENAMETOOLONG, boost::system::system_category());
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool is_of_our_user(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
         peer.uid == ::geteuid();
}

Result<Listener> Listener::unix_socket(std::string path) {
  auto address = unix_address(path);
  if (!address) return address.error();
  const auto directory = std::filesystem::absolute(path).parent_path();
  auto secured = secure_directory(directory);
  if (!secured) return secured.error();
  auto reclaimed = reclaim(path, *address);
  if (!reclaimed) return reclaimed.error();

  Descriptor socket(new_socket(AF_UNIX));
  if (!socket) return last_error();
  // The mode of a socket file is the one of the descriptor, cut by the umask: set before bind(), the file is never
  // wider, and no umask is changed for the other threads.
  if (::fchmod(socket.get(), 0600) != 0) return last_error();
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(sockaddr_un)) != 0)
    return last_error();
  Listener listener;
  listener.descriptor_ = socket.release();
  mark_ours(listener.descriptor_);
  listener.unlink_path_ = path;
  listener.address_ = "unix:" + path;
  listener.bound_file_ = file_at(path);
  // A strict umask (0777) may have taken even the owner's bits.
  if (::chmod(path.c_str(), 0600) != 0) return last_error();
  if (::listen(listener.descriptor_, kBacklogCount) != 0) return last_error();
  return listener;
}

Result<Listener> Listener::tcp(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return Errc::malformed;
  std::string host(address.substr(0, colon));
  const std::string port(address.substr(colon + 1));
  const auto port_number = parse_decimal(port);
  if (!port_number || *port_number > 65535) return Errc::malformed;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty()) return Errc::malformed;

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return Errc::not_found;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);

  Listener listener;
  listener.is_tcp_ = true;
  listener.descriptor_ = new_socket(found->ai_family);
  if (listener.descriptor_ < 0) return last_error();
  const int yes = 1;
  ::setsockopt(listener.descriptor_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(listener.descriptor_, found->ai_addr, found->ai_addrlen) != 0) return last_error();
  if (::listen(listener.descriptor_, kBacklogCount) != 0) return last_error();
  auto name = bound_name(listener.descriptor_);
  if (!name) return name.error();
  listener.address_ = name->address;
  return listener;
}

std::vector<Listener> Listener::from_systemd() {
  std::vector<Listener> listeners;
  const char* process = std::getenv("LISTEN_PID");
  const char* count_text = std::getenv("LISTEN_FDS");
  const auto process_id = parse_decimal(process != nullptr ? process : "");
  const auto count = parse_decimal(count_text != nullptr ? count_text : "");
  // Not for our children: they would take our descriptors for theirs.
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  if (!process_id || !count || *process_id != static_cast<std::uint64_t>(::getpid()))
    return listeners;

  for (std::uint64_t i = 0; i < *count && i < 64; ++i) {
    const int descriptor = kSystemdFirstDescriptor + static_cast<int>(i);
    int is_listening = 0;
    socklen_t length = sizeof is_listening;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0 ||
        is_listening == 0)
      continue;
    auto name = bound_name(descriptor);
    if (!name) continue;
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    Listener listener;  // its file belongs to systemd and stays
    listener.descriptor_ = descriptor;
    listener.is_tcp_ = name->is_tcp;
    listener.address_ = name->address;
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      is_tcp_(other.is_tcp_),
      address_(std::move(other.address_)),
      unlink_path_(std::exchange(other.unlink_path_, {})),
      bound_file_(other.bound_file_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(is_tcp_, other.is_tcp_);
  std::swap(address_, other.address_);
  std::swap(unlink_path_, other.unlink_path_);
  std::swap(bound_file_, other.bound_file_);
  return *this;
}

Listener::~Listener() {
  // The name first: a successor that binds it now must not lose it to us; nor one that has bound it already, after
  // somebody removed our file.
  if (!unlink_path_.empty() && file_at(unlink_path_) == bound_file_) ::unlink(unlink_path_.c_str());
  if (descriptor_ < 0) return;
  unmark_ours(descriptor_);
  ::close(descriptor_);
}

int Listener::descriptor() const { return descriptor_; }
bool Listener::is_tcp() const { return is_tcp_; }
std::string Listener::address() const { return address_; }

}  // namespace ghmesh::net
