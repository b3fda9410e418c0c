// SPDX-License-Identifier: Apache-2.0 OR MIT
// Rewrites GitHub's URLs to the host that the caller asked by: Link, Location, and the URLs inside JSON bodies.
//
// On TCP a client that follows a Link to api.github.com escapes the cache (Octokit) or refuses it (PyGithub,
// go-github). On the unix socket every host arrives here anyway, so nothing is rewritten there. What is stored is never
// rewritten: it would break the ETag.
#pragma once

#include <string>
#include <string_view>

namespace ghmesh::github {

struct Rewrite {
  std::string_view from;  // "https://api.github.com"
  std::string_view to;    // "http://127.0.0.1:8418" or "http://127.0.0.1:8418/api/v3"
};

// `to` is a name that the caller asked by: a host of at most 255 bytes, a port and a prefix. A longer one rewrites
// nothing, so a text grows by at most this much per URL in it.
inline constexpr std::size_t kRewriteBytesMax = 512;

// Every URL that starts with `from` and continues with "/", "?", "{" or its end. `text` is a Link or Location value.
std::string rewrite_urls(std::string_view text, const Rewrite& rewrite);
// The same within JSON: only at the start of a string value, also where slashes are escaped ("https:\/\/"). URL
// templates stay as they are behind their host. Other hosts stay too: an upload_url leads to uploads.github.com, which
// clients accept.
std::string rewrite_json_urls(std::string_view body, const Rewrite& rewrite);

// The target of rel="next" and friends in a Link value (RFC 8288); empty when there is none.
std::string_view find_link(std::string_view link, std::string_view relation);

// Whether a Link value of somebody's telling can be that of an answer to `path`: every target is at `origin`
// ("https://api.github.com") and is the same route, by the same name or by its number as GitHub writes it. A link that
// leads anywhere else would take a client there, with its credential.
bool links_fit(std::string_view link, std::string_view origin, std::string_view path);

}  // namespace ghmesh::github
