// SPDX-License-Identifier: Apache-2.0 OR MIT
// Header fields in few bytes: a code for what GitHub says with every answer, a name's code and the value for the rest.
// Private to the room. The tables are part of the format; docs/wire/mesh.md has them.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "http/headers.h"

namespace ghmesh::mesh {

inline constexpr std::size_t kGossipedHeadersMax = 32;
inline constexpr std::size_t kGossipedValueBytesMax =
    8 * 1024;  // a Link with six relations has 1 KiB

// `headers` are those of gossiped_headers(). False when a limit is exceeded; then nothing was written that is of use.
bool write_headers(Bytes& out, const http::Headers& headers, WallTime upstream_date);
// Takes them from the reader. nullopt: not headers, or not within the limits.
std::optional<http::Headers> take_headers(Reader& in, WallTime upstream_date);

}  // namespace ghmesh::mesh
