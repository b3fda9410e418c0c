# SPDX-License-Identifier: Apache-2.0 OR MIT
# Warnings, sanitizers and hardening: for every target, once.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wold-style-cast -Wcast-qual -Wconversion
                    -Wno-sign-conversion -Wno-missing-field-initializers -fno-strict-overflow)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own headers when sanitizers are on.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict
                      -Wno-mismatched-new-delete)
endif()

if(GHMESH_SANITIZE)
  add_compile_options(-fsanitize=${GHMESH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GHMESH_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -fcf-protection -D_FORTIFY_SOURCE=2)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()

find_program(GHMESH_MOLD mold)
if(GHMESH_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(GHMESH_CCACHE ccache)
if(GHMESH_CCACHE)
  # Paths relative to the source: two clones of one commit share what was compiled.
  set(CMAKE_C_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" "CCACHE_NOHASHDIR=1"
      "${GHMESH_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()
