// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "packing/dictionary.h"

// GHMESH_DICTIONARY_PATH comes from the build (src/CMakeLists.txt), which also knows that this file depends on it.
asm(R"(
  .pushsection .rodata
  .balign 16
ghmesh_dictionary_v1_begin:
  .incbin ")" GHMESH_DICTIONARY_PATH R"("
ghmesh_dictionary_v1_end:
  .byte 0
  .popsection
)");

extern "C" {
extern const std::byte ghmesh_dictionary_v1_begin[];
extern const std::byte ghmesh_dictionary_v1_end[];
}

namespace ghmesh::packing {

ByteView dictionary_v1() { return {ghmesh_dictionary_v1_begin, ghmesh_dictionary_v1_end}; }

}  // namespace ghmesh::packing
