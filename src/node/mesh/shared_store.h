// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a mesh asks of the store in which the programs of its machine keep what they share. It reads no record itself.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "mesh/wire/announcement.h"

namespace ghmesh::node {

// Where values that programs share live on this machine. Both are called on the mesh's thread, and must be quick.
struct SharedStore {
  // A member put it (its record is a value's) or removed it (its record is a name). Newer than all that was adopted
  // before of this name; whether it is newer than what the machine itself put, the store knows.
  std::function<void(const mesh::Shared&)> adopt;
  std::function<std::optional<mesh::Shared>(std::string_view name)> find;
};

}  // namespace ghmesh::node
