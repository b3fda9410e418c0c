// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "net/curl_library.h"

#include <dlfcn.h>
#include <malloc.h>
#include <string.h>

#include <cstdlib>

#include "base/log.h"

namespace ghmesh::net {
namespace {

constexpr const char* kLibraryName = "libcurl.so.4";  // Debian: the flavour that uses OpenSSL
constexpr unsigned kVersionMin = 0x075700;            // 7.87: CURLOPT_QUICK_EXIT

void free_wiped(void* memory) {
  if (memory == nullptr) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

void* reallocate_wiped(void* memory, std::size_t size) {
  if (memory == nullptr) return std::malloc(size);
  const std::size_t size_now = malloc_usable_size(memory);
  if (size <= size_now) return memory;
  void* larger = std::malloc(size);
  if (larger == nullptr) return nullptr;
  memcpy(larger, memory, size_now);
  free_wiped(memory);
  return larger;
}

// dlsym() answers with a void*, and POSIX promises that it converts to a function.
template <class Function>
bool find_function(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

const CurlLibrary* load() {
  static CurlLibrary table;
  void* library = dlopen(kLibraryName, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    log::error("libcurl not loaded", {{"reason", reason != nullptr ? reason : "unknown"}});
    return nullptr;
  }
  bool is_complete = true;
#define X(name) is_complete = find_function(library, "curl_" #name, table.name) && is_complete;
  GHMESH_CURL_FUNCTIONS(X)
#undef X
  if (!is_complete || table.version_info(CURLVERSION_NOW)->version_num < kVersionMin) {
    log::error("libcurl is too old", {{"library", kLibraryName}});
    return nullptr;
  }
  const CURLcode code = table.global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, free_wiped,
                                              reallocate_wiped, ::strdup, std::calloc);
  if (code != CURLE_OK) {
    log::error("libcurl not initialised", {{"reason", table.easy_strerror(code)}});
    return nullptr;
  }
  return &table;
}

}  // namespace

const CurlLibrary* curl_library() {
  static const CurlLibrary* const library = load();
  return library;
}

}  // namespace ghmesh::net
