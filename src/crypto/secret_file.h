// SPDX-License-Identifier: Apache-2.0 OR MIT
// A secret that lives in a file: read without trusting the file, written so that a crash leaves all of it or nothing.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::crypto {

// nullopt: there is no such file. Errors: store_unsafe (a link, not a plain file, not ours, or others may read it),
// store_corrupt (empty, or more than `bytes_max`), store_failed.
Result<std::optional<Secret>> load_secret_file(const std::filesystem::path& file,
                                               std::size_t bytes_max);

// With mode 0600, in a folder that exists. Of several processes that create it at once, one wins and all succeed: load
// it afterwards to see whose secret it is. Errors: store_failed.
Result<void> create_secret_file(const std::filesystem::path& file, const Secret& secret);

// With mode 0600, in place of what was there: after a crash the file is the old one or the new one. Errors:
// store_failed.
Result<void> replace_secret_file(const std::filesystem::path& file, const Secret& secret);

}  // namespace ghmesh::crypto
