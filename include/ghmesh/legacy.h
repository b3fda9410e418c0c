// SPDX-License-Identifier: Apache-2.0 OR MIT
// Directories of the Python predecessor (GitHubAPICache of ipfs_accelerate_py): a file per entry, in JSON. What is
// taken from them and what is not, with the reasons: docs/legacy.md.
#pragma once

#include <ghmesh/cache.h>

namespace ghmesh {

inline constexpr std::size_t kLegacyFileBytesMax = 32u
                                                   << 20;  // JSON of a value of 8 MiB, with escapes
inline constexpr std::size_t kLegacyFilesMax = 1'000'000;  // of one directory

struct LegacyReport {
  std::size_t files_count = 0;  // looked at
  std::size_t moved_count = 0;  // imported, or written
  std::size_t older_count = 0;  // what is held is as new
  std::size_t skipped_count =
      0;  // its key cannot be told, or it is not one of the predecessor's; or its name is too long
};

// Every *.json of the directory that is newer than what is held; nothing of it is changed or removed. Times to live and
// moments are kept, so what has expired there is stale here. Errors: the system's, where the directory
// cannot be read; too_large, closed.
GHMESH_API LegacyReport import_legacy(Cache& cache, const std::string& directory,
                                      std::error_code& failure);

// A file for each value, which the predecessor loads and finds: 0600, whole or not at all. Of two whose file names are
// the same there, the newer one. Errors: the system's; store_failed.
GHMESH_API LegacyReport export_legacy(const Cache& cache, const std::string& directory,
                                      std::error_code& failure);

}  // namespace ghmesh
