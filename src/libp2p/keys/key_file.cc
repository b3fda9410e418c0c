// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "libp2p/keys/key_file.h"

#include "crypto/secret_file.h"

namespace ghmesh::keys {

Result<PrivateKey> load_or_create_key(const std::filesystem::path& file) {
  auto loaded = crypto::load_secret_file(file, kSerializedPrivateKeyBytesMax);
  if (!loaded) return loaded.error();
  if (!loaded->has_value()) {
    auto created = crypto::create_secret_file(file, PrivateKey::generate().serialize());
    if (!created) return created.error();
    loaded = crypto::load_secret_file(file, kSerializedPrivateKeyBytesMax);
    if (!loaded) return loaded.error();
    if (!loaded->has_value()) return Errc::store_failed;  // removed in between
  }
  auto key = PrivateKey::parse(**loaded);
  if (!key) return Errc::store_corrupt;
  return key;
}

}  // namespace ghmesh::keys
