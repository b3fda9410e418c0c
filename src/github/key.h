// SPDX-License-Identifier: Apache-2.0 OR MIT
// The key: what makes two requests deserve the same answer, the principal apart.
//
// The rule that keeps it safe: what is not in the key is not forwarded. A field that could change the answer is either
// part of the key, or folded into one spelling, or left out of the upstream request; so an unkeyed field cannot poison
// an entry.
//   in the key     host, path (owner and repository in lower case), query (page=1 and per_page=30 folded away),
//                  media type, API version
//   one spelling   Accept: none, "", */*, application/json, vnd.github+json, vnd.github.v3+json are one representation
//   left out       everything else: User-Agent, Time-Zone, Cookie, X-*, Cache-Control, the caller's validators
//   passed through what cannot be left out without changing the meaning: see Bypass
// Other media types go into the key and upstream as they are spelled: html, diff, patch, sha, text-match and the
// previews that gh's own commands ask for are representations of their own. What is downloaded rather than read (raw,
// octet-stream, archives, SARIF) has no useful bound on its size and is passed through.
//
// Paths are compared byte by byte. Nothing is decoded, no slash or dot is removed; a spelling that some server on the
// way might normalise (//, dot segments, \, needless percent-encoding) is passed through, because what it means is not
// ours to guess. The order of query parameters is kept too: PHP-style names and repeated names make it matter, and
// clients spell it the same way every time, so sorting would win little.
//
// The text is "v1:" followed by host, path, query, media type and version, each written as <length>:<bytes>. Lengths
// make it unambiguous: no choice of values can make two different requests collide.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "github/route.h"
#include "http/message.h"

namespace ghmesh::github {

// Longer values of Accept or X-GitHub-Api-Version than any client sends (gh's previews: 90 bytes): passed through.
inline constexpr std::size_t kKeyFieldBytesMax = 512;

enum class Service { rest, graphql, uploads };

// Which upstream host a request is for, after the front door's prefix was removed.
struct Target {
  // As given, without :443 or :80; case does not matter: key_request() folds it.
  std::string_view host;
  std::string_view path;   // "/repos/o/r/pulls"
  std::string_view query;  // without "?"; empty when there is none
  // What links that go back to this caller begin with, after scheme and host: "/api/v3" when it asked in the way of
  // GitHub Enterprise (/api/v3, /api/graphql, /api/uploads), else empty.
  std::string_view prefix;
  Service service = Service::rest;
  bool has_query = false;  // "/x?" has one, which is empty
};
// Splits an origin-form or absolute-form target. `host` is where it goes: give the upstream's own name, so that one
// thing asked through two doors has one key. "/api/v3" and its kin are removed. Errors: malformed, too_large.
Result<Target> parse_target(std::string_view host, std::string_view target);

// What a GitHub Enterprise Server wants in front of Target::path: "/api/v3", "/api", "/api/uploads".
std::string_view enterprise_prefix(Service service);

// Whether answers of this host are API answers. False for what else clients reach through us: uploads, codeload, raw
// contents, signed storage. Which hosts may be reached at all is the access rules' affair.
bool is_api_host(std::string_view host);

// Why a request is passed through without being kept.
enum class Bypass {
  none,
  method,        // not GET or HEAD; GraphQL
  body,          // GET with a body
  range,         // Range, If-Range: parts are not kept
  precondition,  // If-Match, If-Unmodified-Since
  override_,  // X-HTTP-Method-Override and its kin; fields that ask for another answer and are not in the key
  route,       // a route that is never kept, or a path with more than one reading
  host,        // not an API host
  media_type,  // a representation that is streamed: archives, raw octets; an Accept sent twice
  credential,  // an app JWT or unreadable Authorization; a one-time password
};
std::string_view bypass_name(Bypass bypass);

struct KeyedRequest {
  Bypass bypass = Bypass::none;
  Route route;       // views into the target given to key_request()
  std::string text;  // the canonical key; empty when bypassed
  // Path and query to ask for, as the caller spelled them; also when bypassed.
  std::string upstream_target;
  std::string accept;       // the canonical media type to ask for
  std::string api_version;  // X-GitHub-Api-Version to ask with; empty: none
};

// HEAD has the key of GET: the answer is fetched with GET, and its body left out. Writes into `out`, whose strings keep
// their capacity: a serving thread reuses one object and allocates nothing.
void key_request(const Target& target, const http::RequestHead& head, KeyedRequest& out);

}  // namespace ghmesh::github
