// SPDX-License-Identifier: Apache-2.0 OR MIT
// The key: what makes two requests deserve the same answer, the principal apart.
//
// The rule that keeps it safe: what is not in the key is not forwarded. A field that could change the answer is either part of
// the key, or folded into one spelling, or left out of the upstream request; so an unkeyed field cannot poison an entry.
//   in the key     host, path (owner and repository in lower case), query (page=1 and per_page=30 folded away),
//                  media type, API version
//   one spelling   Accept: "", */*, application/json, vnd.github+json and vnd.github.v3+json are one representation
//   left out       everything else: User-Agent, Time-Zone, Cookie, X-*, Cache-Control, the caller's validators
// The text is made of length-prefixed parts: no choice of values can make two different requests collide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "github/route.h"
#include "http/message.h"

namespace ghmesh::github {

// Which upstream host a request is for, after the front door's prefix was removed.
struct Target {
  std::string_view host;   // lower case, no port: "api.github.com"
  std::string_view path;   // "/repos/o/r/pulls"
  std::string_view query;  // without "?"; empty when there is none
};
// Splits an origin-form target (which begins with "/"). Errors: malformed, too_large.
Result<Target> parse_target(std::string_view host, std::string_view target);

// Why a request is passed through without being kept.
enum class Bypass {
  none,
  method,        // not GET or HEAD
  body,          // GET with a body
  range,         // Range, If-Range: parts are not kept
  precondition,  // If-Match, If-Unmodified-Since
  override_,     // X-HTTP-Method-Override and its kin
  route,         // a route that is never kept
  host,          // not an API host
  media_type,    // a representation that is streamed: archives, raw octets
  credential,    // an app JWT or unreadable Authorization
};
std::string_view bypass_name(Bypass bypass);

struct KeyedRequest {
  Bypass bypass = Bypass::none;
  Route route;                 // views into the target given to key_request()
  std::string text;            // the canonical key; empty when bypassed
  std::string upstream_target; // path and query to ask for, as the caller spelled them
  std::string accept;          // the canonical media type to ask for
  std::string api_version;     // X-GitHub-Api-Version to ask with; empty: none
};

// Writes into `out`, whose strings keep their capacity: a serving thread reuses one object and allocates nothing.
void key_request(const Target& target, const http::RequestHead& head, KeyedRequest& out);

}  // namespace ghmesh::github
