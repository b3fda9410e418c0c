// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/generations.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace ghmesh::cache {
namespace {

constexpr std::size_t kFileBytes = (65'536 + 1) * sizeof(std::uint32_t);

}  // namespace

Result<std::unique_ptr<Generations>> Generations::open(const std::filesystem::path& file) {
  static_assert(kFileBytes == (kSlotsCount + 1) * sizeof(Counter));
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return Errc::store_failed;
  const int allocated = ::posix_fallocate(fd, 0, kFileBytes);
  void* memory = allocated == 0
                     ? ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                     : MAP_FAILED;
  ::close(fd);
  if (allocated == ENOSPC || allocated == EDQUOT) return Errc::store_full;
  if (memory == MAP_FAILED) return Errc::store_failed;
  return std::unique_ptr<Generations>(new Generations(static_cast<Counter*>(memory)));
}

Generations::~Generations() { ::munmap(static_cast<void*>(counters_), kFileBytes); }

}  // namespace ghmesh::cache
