// SPDX-License-Identifier: Apache-2.0 OR MIT
// A secret of 32 random bytes that lives in a file: the installation's salt, a group's secret, the local secret.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "crypto/secret.h"

namespace ghmesh::cache {

inline constexpr std::size_t kSecretFileBytes = 32;

// Reads the file, or draws the secret and creates it (0600; parents 0700). Of several processes that create it at once,
// all return the one that won; a crash leaves the whole file or none. Errors: store_unsafe (not a plain file of ours,
// or others may read it), store_corrupt (of another size), store_failed.
Result<crypto::Secret> load_or_create_secret(const std::filesystem::path& file);

// The salt that every principal of this installation is derived with. Losing it loses the cache, and nothing else.
inline Result<crypto::Secret> load_or_create_salt(const std::filesystem::path& file) {
  return load_or_create_secret(file);
}

}  // namespace ghmesh::cache
