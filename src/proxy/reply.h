// SPDX-License-Identifier: Apache-2.0 OR MIT
// From what we have to what the caller gets: its own conditionals, URLs that lead back to us, and the reason for the
// answer.
#pragma once

#include <string_view>

#include "cache/entry.h"
#include "http/fields.h"
#include "http/message.h"
#include "net/http_server.h"

namespace ghmesh::proxy {

// URLs of the upstream become URLs of the door that the caller came by. Empty `to`: nothing is rewritten (unix socket).
struct LinkRewrite {
  std::string_view upstream_origin;  // "https://api.github.com", or what the operator set
  std::string_view to;               // "http://127.0.0.1:8418/api/v3"
};

// An entry, as 200, as 304 when the caller's validator matches, or as whatever status was kept. Does not copy the body.
void reply_with_entry(const http::RequestHead& head, const cache::EntryRef& entry,
                      const http::CacheStatus& status, const LinkRewrite& rewrite, WallTime now,
                      net::Reply& reply);

// An answer that is not kept: its own status and fields, hop-by-hop ones removed.
void reply_with_answer(const http::RequestHead& head,
                       const std::shared_ptr<const http::Answer>& answer,
                       const http::CacheStatus& status, const LinkRewrite& rewrite,
                       net::Reply& reply);

// {"message": ..., "documentation_url": ...} as GitHub's own errors look, so that clients print it.
void reply_with_error(int status, std::string_view message, net::Reply& reply);
// For errors of base/error.h: 403, 421, 413, 502, 504 ...
void reply_with_error(const Error& error, net::Reply& reply);

// Fields that concern one connection only (RFC 9110, 7.6.1), and the framing that we do ourselves.
bool is_hop_by_hop(std::string_view name);
// Is the field named in this Connection value? Then it ends here as well.
bool is_named_in(std::string_view connection, std::string_view name);

// Fields of an answer that is passed on, as head text: rewritten, without hop-by-hop fields, Content-Length and
// Content-Encoding as the flag says.
enum class Framing { keep, drop };
std::string passed_head(int status, const http::Headers& headers, const LinkRewrite& rewrite,
                        Framing framing);

std::string rewrite_links(std::string_view text, const LinkRewrite& rewrite);
std::string rewrite_body(std::string_view body, const LinkRewrite& rewrite);

}  // namespace ghmesh::proxy
