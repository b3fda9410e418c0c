// SPDX-License-Identifier: Apache-2.0 OR MIT
// Inside crypto/ only: libsodium must be started once before its first use, from whichever thread comes first.
#pragma once

namespace ghmesh::crypto {

// Chooses the fastest code for this processor and checks that the kernel gives randomness. Ends the program if it does
// not: nothing that ghmesh promises holds without it.
void start_sodium();

}  // namespace ghmesh::crypto
