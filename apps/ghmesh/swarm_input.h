// SPDX-License-Identifier: Apache-2.0 OR MIT
// How a secret comes into `ghmesh swarm`, and how it leaves it.
#pragma once

#include <string>

#include "crypto/secret.h"

namespace ghmesh::app {

// What a file holds, or standard input for "-" or nothing. At a terminal one line is read after `prompt`, and is not
// shown. Throws CommandError, also for a secret that was given in place of a file's name; ConfigError for the file.
crypto::Secret read_secret(const std::string& source, std::size_t bytes_max,
                           std::string_view prompt);

// One line on standard output. A plain file there is made unreadable for others first: `new > secret` is then safe,
// whatever the umask is.
void print_secret(const crypto::Secret& secret);

// A line on standard error for whoever sits there.
void hint(const std::string& text);

}  // namespace ghmesh::app
