// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "crypto/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "base/text.h"
#include "crypto/random.h"

namespace ghmesh::crypto {
namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool is_private(const struct stat& status) {
  return S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && (status.st_mode & 077) == 0;
}

// Written aside, synced, and then given its name by `name(aside)`.
template <class Name>
Result<void> write_aside(const std::filesystem::path& path, const Secret& secret, Name name) {
  std::array<std::byte, 8> suffix{};
  fill_random(suffix);
  const std::string aside = path.string() + "." + hex(suffix);
  const File file(aside, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return Errc::store_failed;
  const bool is_written = ::write(file.fd(), secret.reveal().data(), secret.size()) ==
                              static_cast<ssize_t>(secret.size()) &&
                          ::fsync(file.fd()) == 0;
  const bool is_named = is_written && name(aside);
  ::unlink(aside.c_str());  // gone already when it was renamed
  if (!is_named) return Errc::store_failed;
  // The name, too: what depends on this secret must not outlive it in a power cut.
  const std::filesystem::path parent = path.parent_path();
  const File folder(parent.empty() ? "." : parent, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || ::fsync(folder.fd()) != 0) return Errc::store_failed;
  return {};
}

}  // namespace

Result<std::optional<Secret>> load_secret_file(const std::filesystem::path& path,
                                               std::size_t bytes_max) {
  // O_NONBLOCK: a pipe in its place must not hold us.
  const File file(path, O_RDONLY | O_NONBLOCK);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<Secret>();
    return errno == ELOOP ? Errc::store_unsafe : Errc::store_failed;
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return Errc::store_failed;
  if (!is_private(status)) return Errc::store_unsafe;
  ssize_t bytes_count = 0;
  const Secret buffer = Secret::filled(bytes_max + 1, [&](MutableByteView out) {
    bytes_count = ::read(file.fd(), out.data(), out.size());
  });
  if (bytes_count < 0) return Errc::store_failed;
  const auto size = static_cast<std::size_t>(bytes_count);
  if (size == 0 || size > bytes_max) return Errc::store_corrupt;
  return std::optional<Secret>(Secret(buffer.reveal().first(size)));
}

Result<void> create_secret_file(const std::filesystem::path& path, const Secret& secret) {
  // link(2) fails when somebody else was first, where rename(2) would replace.
  return write_aside(path, secret, [&](const std::string& aside) {
    return ::link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST;
  });
}

Result<void> replace_secret_file(const std::filesystem::path& path, const Secret& secret) {
  return write_aside(path, secret, [&](const std::string& aside) {
    return ::rename(aside.c_str(), path.c_str()) == 0;
  });
}

}  // namespace ghmesh::crypto
