// SPDX-License-Identifier: Apache-2.0 OR MIT
// Reads a secret that somebody put into a file, and says in words what is wrong with the file.
//
// Throws ConfigError. Nothing of the content is ever in a message.
#pragma once

#include <cstdint>
#include <string>

#include "crypto/secret.h"

namespace ghmesh::node {

enum class Privacy : std::uint8_t {
  ours_alone,       // as ssh wants its keys: of this user or root, and nobody else may read it
  as_manager_says,  // in a directory that the service manager made for us, with access lists of its own
};

// 1 to `bytes_max` bytes. A link is followed. A pipe is refused, and is not waited for.
crypto::Secret read_secret_file(const std::string& path, std::size_t bytes_max, Privacy privacy);

// To the end of an open descriptor that may be a pipe or terminal. `name` is for messages: "standard input".
crypto::Secret read_secret_stream(int descriptor, std::size_t bytes_max, const std::string& name);

}  // namespace ghmesh::node
