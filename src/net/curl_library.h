// SPDX-License-Identifier: Apache-2.0 OR MIT
// libcurl, loaded when the first upstream call needs it (docs/decisions/0010-libcurl-is-loaded-on-first-use.md).
//
// Linked in the ordinary way, libcurl and its thirty libraries would be mapped and relocated by every `ghmesh api` of a
// cached answer, which never talks to an upstream. So this is a table of the functions we use, typed by curl's own
// headers.
//
// Everything that libcurl frees is wiped first: header lists, send buffers and answers may hold credentials or private
// data.
#pragma once

#include <curl/curl.h>

namespace ghmesh::net {

// X(name): the member `name` is the function curl_<name>.
// clang-format off
#define GHMESH_CURL_FUNCTIONS(X) \
  X(global_init_mem) X(version_info) X(slist_append) X(slist_free_all) X(easy_init) \
  X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_getinfo) X(easy_pause) X(easy_strerror) \
  X(multi_init) X(multi_cleanup) X(multi_setopt) X(multi_add_handle) X(multi_remove_handle) \
  X(multi_perform) X(multi_poll) X(multi_wakeup) X(multi_info_read)
// clang-format on

struct CurlLibrary {
#define X(name) decltype(&curl_##name) name = nullptr;
  GHMESH_CURL_FUNCTIONS(X)
#undef X
};

// Thread-safe. The first call loads and initialises, which takes some 6 ms. Null when libcurl 7.87 or newer is not
// there: that is logged once, and every upstream call then fails with upstream_unreachable. Never unloaded.
const CurlLibrary* curl_library();

}  // namespace ghmesh::net
