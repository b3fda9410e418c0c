// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "cache/secret_file.h"

#include "cache/directory.h"
#include "crypto/random.h"
#include "crypto/secret_file.h"

namespace ghmesh::cache {

Result<crypto::Secret> load_or_create_secret(const std::filesystem::path& file) {
  auto loaded = crypto::load_secret_file(file, kSecretFileBytes);
  if (!loaded) return loaded.error();
  if (!loaded->has_value()) {
    auto prepared = prepare_directory(file.parent_path());
    if (!prepared) return prepared.error();
    auto created = crypto::create_secret_file(file, crypto::random_secret(kSecretFileBytes));
    if (!created) return created.error();
    loaded = crypto::load_secret_file(file, kSecretFileBytes);
    if (!loaded) return loaded.error();
    if (!loaded->has_value()) return Errc::store_failed;  // removed in between
  }
  if ((*loaded)->size() != kSecretFileBytes) return Errc::store_corrupt;
  return std::move(**loaded);
}

}  // namespace ghmesh::cache
