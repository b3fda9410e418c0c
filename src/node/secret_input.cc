// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "node/secret_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "node/config.h"

namespace ghmesh::node {
namespace {

class File {
 public:
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string reason(int code) { return std::generic_category().message(code); }

std::string mode_text(mode_t mode) {
  std::string digits = "0000";
  for (std::size_t at = digits.size(); at-- > 1; mode >>= 3)
    digits[at] = static_cast<char>('0' + (mode & 7));
  return digits;
}

void check_privacy(const std::string& path, const struct stat& status) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    throw ConfigError(path + " belongs to another user, who could change it");
  if ((status.st_mode & 077) != 0)
    throw ConfigError(path + " can be read by others (mode " + mode_text(status.st_mode) +
                      "): run `chmod 600 " + path + "`");
}

}  // namespace

crypto::Secret read_secret_stream(int descriptor, std::size_t bytes_max, const std::string& name) {
  std::size_t bytes_count = 0;
  int error = 0;
  // One byte more than allowed tells what is too long.
  const crypto::Secret buffer = crypto::Secret::filled(bytes_max + 1, [&](MutableByteView out) {
    while (bytes_count < out.size()) {
      const auto rest = out.subspan(bytes_count);
      const ssize_t got = ::read(descriptor, rest.data(), rest.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) error = errno;
      if (got <= 0) return;
      bytes_count += static_cast<std::size_t>(got);
    }
  });
  if (error != 0) throw ConfigError("cannot read " + name + ": " + reason(error));
  if (bytes_count == 0) throw ConfigError(name + " is empty");
  if (bytes_count > bytes_max)
    throw ConfigError(name + " has more than " + std::to_string(bytes_max) +
                      " bytes: that is no secret");
  return crypto::Secret(buffer.reveal().first(bytes_count));
}

crypto::Secret read_secret_file(const std::string& path, std::size_t bytes_max, Privacy privacy) {
  const File file(path);
  if (file.fd() < 0) throw ConfigError("cannot read " + path + ": " + reason(errno));
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0)
    throw ConfigError("cannot read " + path + ": " + reason(errno));
  if (!S_ISREG(status.st_mode)) throw ConfigError(path + " is not a plain file");
  if (privacy == Privacy::ours_alone) check_privacy(path, status);
  return read_secret_stream(file.fd(), bytes_max, path);
}

}  // namespace ghmesh::node
