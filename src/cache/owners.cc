// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/owners.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "base/time.h"

namespace ghmesh::cache {
namespace {

// Of 5 ms: 3 s, ten times what the check of a full store of 1 GiB takes.
constexpr int kLockTriesMax = 600;
constexpr Duration kLockPause = 5ms;
constexpr std::size_t kNoteBytesMax = 256;

std::uint64_t pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::string note_in_use() {
  return "in use, pid namespace " + std::to_string(pid_namespace()) + "\n";
}

// What the data file looks like when it was left in order; empty when there is none.
std::string note_in_order(const std::filesystem::path& data_file) {
  struct stat status {};
  if (::stat(data_file.c_str(), &status) != 0) return {};
  return "in order, inode " + std::to_string(status.st_ino) + " bytes " +
         std::to_string(status.st_size) + " changed " + std::to_string(status.st_mtim.tv_sec) +
         "." + std::to_string(status.st_mtim.tv_nsec) + "\n";
}

std::string read_note(int fd) {
  std::array<char, kNoteBytesMax> buffer{};
  const ssize_t bytes_count = ::pread(fd, buffer.data(), buffer.size(), 0);
  return bytes_count > 0 ? std::string(buffer.data(), static_cast<std::size_t>(bytes_count))
                         : std::string();
}

bool write_note(int fd, const std::string& note) {
  return ::ftruncate(fd, 0) == 0 &&
         ::pwrite(fd, note.data(), note.size(), 0) == static_cast<ssize_t>(note.size());
}

bool lock_shared(int fd) {
  for (int i = 0; i < kLockTriesMax; ++i) {
    if (::flock(fd, LOCK_SH | LOCK_NB) == 0) return true;
    std::this_thread::sleep_for(kLockPause);
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Owners>> Owners::attach(const std::filesystem::path& directory,
                                               const std::function<void()>& check) {
  const std::filesystem::path file = directory / "owners";
  const std::filesystem::path data_file = directory / "data.mdb";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Errc::store_failed;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
    const std::string now = note_in_order(data_file);
    if (!now.empty() && read_note(fd) != now) check();
    if (!write_note(fd, note_in_use()) || !lock_shared(fd)) {
      ::close(fd);
      return Errc::store_failed;
    }
  } else if (!lock_shared(fd)) {
    ::close(fd);
    return Errc::store_failed;
  } else if (const std::string note = read_note(fd);
             note.starts_with("in use") && note != note_in_use()) {
    ::close(fd);
    return Errc::store_unsafe;
  }
  return std::unique_ptr<Owners>(new Owners(fd, data_file));
}

Owners::~Owners() {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) write_note(fd_, note_in_order(data_file_));
  ::close(fd_);
}

}  // namespace ghmesh::cache
