// SPDX-License-Identifier: Apache-2.0 OR MIT
// The store's directory: whether it is safe to put private answers there.
//
// Refused, never repaired: a directory or file of ours that belongs to somebody else, that others may enter, or that is
// not what it seems (a symbolic link, a FIFO, a second name of some other file). Somebody prepared it, and we do not
// know what for.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace ghmesh::cache {

// Creates the directory and its parents (0700) when they are missing. Errors: store_unsafe as above, or on a file
// system without working locks and shared maps (NFS and its kin); store_failed when it cannot be made or written to.
Result<void> prepare_directory(const std::filesystem::path& directory);

// A file that exists must be a plain file of ours, 0600, with one name. Absence is fine. Error: store_unsafe.
Result<void> check_file(const std::filesystem::path& file);

// By statfs(2)'s magic number.
bool is_remote_file_system(std::uint64_t magic);

}  // namespace ghmesh::cache
