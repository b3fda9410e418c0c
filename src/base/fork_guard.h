// SPDX-License-Identifier: Apache-2.0 OR MIT
// Sockets and locks of ours do not live on in a forked child of the host program: as long as it held a copy, nobody
// else would see that this process has died, and a lock would stay taken.
//
// A program that only ever executes others needs none of this: everything is close-on-exec. What is marked here is
// closed in the child, by a handler of pthread_atfork(3), once close_ours_in_children() was called. Thread-safe.
#pragma once

namespace ghmesh {

// Every descriptor below this is remembered; whoever opens more keeps the rest open in its children.
inline constexpr int kMarkedDescriptorsMax = 65'536;

void mark_ours(int descriptor);    // after it was opened
void unmark_ours(int descriptor);  // before it is closed
// From now on, in this process and in its children. Once is enough.
void close_ours_in_children();

}  // namespace ghmesh
