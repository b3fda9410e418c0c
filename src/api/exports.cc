// SPDX-License-Identifier: Apache-2.0 OR MIT
// The one source of libghmesh.so of its own: a program can ask which version it runs with.
#include "ghmesh/cache.h"
