// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "base/text.h"
#include "cache/directory.h"
#include "crypto/random.h"

namespace ghmesh::cache {
namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
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

// nullopt: there is no such file.
Result<std::optional<crypto::Secret>> load(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<crypto::Secret>();
    return errno == ELOOP ? Errc::store_unsafe : Errc::store_failed;
  }
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return Errc::store_failed;
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid() || (status.st_mode & 077) != 0)
    return Errc::store_unsafe;
  std::array<std::byte, kSecretFileBytes + 1> buffer{};
  const ssize_t bytes_count = ::read(file.fd(), buffer.data(), buffer.size());
  if (bytes_count < 0) return Errc::store_failed;
  if (static_cast<std::size_t>(bytes_count) != kSecretFileBytes) return Errc::store_corrupt;
  crypto::Secret secret(ByteView(buffer).first(kSecretFileBytes));
  return std::optional<crypto::Secret>(std::move(secret));
}

// Written aside, synced, and linked to its name: link(2) fails when somebody else was first, where rename(2) would
// replace.
Result<void> create(const std::filesystem::path& path) {
  std::array<std::byte, 8> suffix{};
  crypto::fill_random(suffix);
  const std::string aside = path.string() + "." + hex(suffix);
  const File file(
      ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return Errc::store_failed;
  const crypto::Secret secret = crypto::random_secret(kSecretFileBytes);
  const bool is_written = ::write(file.fd(), secret.reveal().data(), secret.size()) ==
                              static_cast<ssize_t>(secret.size()) &&
                          ::fsync(file.fd()) == 0;
  const bool is_linked =
      is_written && (::link(aside.c_str(), path.c_str()) == 0 || errno == EEXIST);
  ::unlink(aside.c_str());
  if (!is_linked) return Errc::store_failed;
  // The name, too: what is sealed under this secret must not outlive it in a power cut.
  const File folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open() || ::fsync(folder.fd()) != 0) return Errc::store_failed;
  return {};
}

}  // namespace

Result<crypto::Secret> load_or_create_secret(const std::filesystem::path& file) {
  auto loaded = load(file);
  if (!loaded) return loaded.error();
  if (!loaded->has_value()) {
    auto prepared = prepare_directory(file.parent_path());
    if (!prepared) return prepared.error();
    auto created = create(file);
    if (!created) return created.error();
    loaded = load(file);
    if (!loaded) return loaded.error();
    if (!loaded->has_value()) return Errc::store_failed;  // removed in between
  }
  return std::move(**loaded);
}

}  // namespace ghmesh::cache
