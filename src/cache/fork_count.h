// SPDX-License-Identifier: Apache-2.0 OR MIT
// Which process this is, of those that forked from one another.
#pragma once

#include <cstdint>

namespace ghmesh::cache {

// How often this process has become the child of a fork since the first store was opened. What was made under another
// number belongs to the parent: its threads, locks and environments are not ours to touch, nor to free.
std::uint64_t fork_count();

}  // namespace ghmesh::cache
