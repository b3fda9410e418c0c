// SPDX-License-Identifier: Apache-2.0 OR MIT
// GHMESH_CHECK: what must hold because our own code is right. Always on. Never used on input: what a peer, a client,
// a disk or GitHub sends is answered with a Result.
#pragma once

namespace ghmesh {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace ghmesh

#define GHMESH_CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::ghmesh::check_failed(#condition, __FILE__, __LINE__))
