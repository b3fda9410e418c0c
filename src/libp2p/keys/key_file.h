// SPDX-License-Identifier: Apache-2.0 OR MIT
// Where a node keeps its key, so that it has the same peer id after a restart.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "libp2p/keys/private_key.h"

namespace ghmesh::keys {

// Reads the key, or draws one and keeps it (mode 0600, in a folder that exists). The file holds the serialized
// PrivateKey message, as kubo and js-libp2p write it. Of several processes that create it at once, all return the one
// that won. Errors: store_unsafe (a link, not ours, or others may read it), store_corrupt (not an Ed25519 key),
// store_failed.
Result<PrivateKey> load_or_create_key(const std::filesystem::path& file);

}  // namespace ghmesh::keys
