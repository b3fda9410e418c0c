// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ghmesh::cache {
namespace {

constexpr mode_t kOthersMask = 077;

// LMDB needs fcntl locks and a memory map that all processes see alike; these promise neither between machines.
constexpr std::array<std::uint64_t, 8> kRemoteMagics{
    0x6969,      // NFS
    0x517b,      // SMB
    0xff534d42,  // CIFS
    0xfe534d42,  // SMB2
    0x5346414f,  // AFS
    0x00c36400,  // Ceph
    0x01021997,  // 9P
    0x73757245,  // Coda
};

// mkdir -p with 0700. A parent that exists is left as it is: only the last one is ours.
bool make_directories(const std::filesystem::path& directory) {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : directory) {
    so_far /= part;
    if (::mkdir(so_far.c_str(), 0700) != 0 && errno != EEXIST && errno != EISDIR) {
      struct stat status {};
      if (::stat(so_far.c_str(), &status) != 0)
        return false;  // a parent we may not write to, but that exists, is fine
    }
  }
  return true;
}

}  // namespace

bool is_remote_file_system(std::uint64_t magic) {
  return std::ranges::find(kRemoteMagics, magic) != kRemoteMagics.end();
}

Result<void> prepare_directory(const std::filesystem::path& directory) {
  if (!make_directories(directory)) return Errc::store_failed;
  struct stat status {};
  if (::lstat(directory.c_str(), &status) != 0) return Errc::store_failed;
  if (!S_ISDIR(status.st_mode)) return Errc::store_unsafe;
  if (status.st_uid != ::geteuid() || (status.st_mode & kOthersMask) != 0)
    return Errc::store_unsafe;
  struct statfs file_system {};
  if (::statfs(directory.c_str(), &file_system) != 0) return Errc::store_failed;
  if (is_remote_file_system(static_cast<std::uint32_t>(file_system.f_type)))
    return Errc::store_unsafe;
  if (::access(directory.c_str(), W_OK) != 0) return Errc::store_failed;
  return {};
}

Result<void> check_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return Errc::store_failed;
  }
  const bool is_ours =
      S_ISREG(status.st_mode) && status.st_uid == ::geteuid() && status.st_nlink == 1;
  if (!is_ours || (status.st_mode & kOthersMask) != 0) return Errc::store_unsafe;
  return {};
}

}  // namespace ghmesh::cache
