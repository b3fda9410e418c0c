// SPDX-License-Identifier: Apache-2.0 OR MIT
// The values of programs in a cache directory, as the mesh tells and hears of them.
#pragma once

#include <memory>

#include "library/local_cache.h"
#include "node/lead/share_items.h"
#include "node/mesh/shared_store.h"

namespace ghmesh::node {

// What members say goes into this cache, and what they miss is looked for there.
SharedStore shared_store_of(std::shared_ptr<library::LocalCache> local);
// What this machine's programs did, as the others are told.
ShareItem share_item_of(const library::Record& record, library::Change change);

}  // namespace ghmesh::node
