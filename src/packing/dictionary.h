// SPDX-License-Identifier: Apache-2.0 OR MIT
// The zstd dictionary, version 1: dictionary_v1.zdict, linked into the program (see tools/train_store_dictionary).
#pragma once

#include "base/bytes.h"

namespace ghmesh::packing {

ByteView dictionary_v1();

}  // namespace ghmesh::packing
