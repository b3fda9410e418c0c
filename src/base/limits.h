// SPDX-License-Identifier: Apache-2.0 OR MIT
// The limits that several rooms share. A limit that concerns one room stands in that room's door.
// Each limit has a name, a number and a reason; each time one is hit, a counter says so.
#pragma once

#include <cstddef>

namespace ghmesh {

// The head of a request or answer: start line and all fields. GitHub's own edge refuses more than this (measured: gh,
// Octokit and PyGithub stay below 2 KiB, with a 520-character token below 3 KiB).
inline constexpr std::size_t kHeadBytesMax = 32 * 1024;
inline constexpr std::size_t kTargetBytesMax = 8 * 1024;  // RFC 9112, 3 asks for at least 8,000
inline constexpr std::size_t kFieldsCountMax = 100;       // as nginx and Apache

// The largest answer that is kept. Larger ones are streamed through: JSON of GitHub is below 1 MiB in practice, and an
// entry must fit in memory while it is sealed.
inline constexpr std::size_t kEntryBodyBytesMax = 8 * 1024 * 1024;

}  // namespace ghmesh
