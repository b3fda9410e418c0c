// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/reply.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "github/etag.h"
#include "github/links.h"

namespace ghmesh::proxy {
namespace {

// The name under which the API is known to the world, whatever upstream this node was given.
constexpr std::string_view kPublicOrigin = "https://api.github.com";
// A body whose rewritten twin is remembered with it. Larger ones are rewritten each time: memory is dearer than a scan.
constexpr std::size_t kRenditionBytesMax = 256 * 1024;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

std::string status_line(int status) {
  std::string line = "HTTP/1.1 " + std::to_string(status) + ' ';
  line += http::reason_phrase(status);
  line += "\r\n";
  return line;
}

bool wants_rewriting(const LinkRewrite& rewrite) { return !rewrite.to.empty(); }

// GitHub lets pages of every origin read its answers. Through a door on loopback that would let every page read what
// this machine's credentials can: no such field leaves by TCP.
bool is_for_browsers(std::string_view name) {
  return starts_with_ignoring_case(name, "access-control-") ||
         equal_ignoring_case(name, "set-cookie") || equal_ignoring_case(name, "alt-svc") ||
         equal_ignoring_case(name, "strict-transport-security");
}

bool is_link_field(std::string_view name) {
  return equal_ignoring_case(name, "link") || equal_ignoring_case(name, "location");
}

bool is_json(std::string_view content_type) {
  return content_type.find("json") != std::string_view::npos;
}

// GitHub's tags are SHA-256 in hex. Anything else is not worth the hash over a whole body that a comparison costs.
bool holds_github_tag(std::string_view validators) {
  constexpr std::size_t kTagDigits = 64;
  std::size_t run = 0;
  for (char c : validators) {
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    run = is_digit ? run + 1 : 0;
    if (run == kTagDigits) return true;
  }
  return false;
}

// The validator may come from GitHub itself, where the caller's own spelling of Accept and Authorization is
// part of the hash. So a tag that is not ours is compared with what GitHub would have computed for this very request.
bool matches_validator(const http::RequestHead& head, const cache::Entry& entry) {
  const auto validators = head.find("if-none-match");
  if (!validators || entry.status != 200) return false;
  if (!entry.etag.empty() && http::if_none_match_matches(*validators, entry.etag)) return true;
  if (!entry.is_etag_computed || !holds_github_tag(*validators)) return false;
  const github::EtagInputs inputs{.accept = head.find("accept"),
                                  .authorization = head.find("authorization")};
  return http::if_none_match_matches(*validators, github::compute_etag(inputs, *entry.body));
}

// RFC 9110, 15.4.5: what a 200 would have said about caching, and nothing about the body.
std::string not_modified_head(const cache::Entry& entry) {
  constexpr std::array<std::string_view, 6> kKept{"cache-control", "content-location",
                                                  "expires",       "vary",
                                                  "last-modified", "x-github-media-type"};
  std::string out = status_line(304);
  if (!entry.etag.empty()) append_field(out, "ETag", '"' + entry.etag + '"');
  for (const http::Header& header : entry.headers)
    if (std::ranges::any_of(kKept,
                            [&](auto name) { return equal_ignoring_case(name, header.name); }))
      append_field(out, header.name, header.value);
  return out;
}

std::unique_ptr<cache::Rendition> make_rendition(const cache::Entry& entry,
                                                 const LinkRewrite& rewrite) {
  auto rendition = std::make_unique<cache::Rendition>();
  rendition->to = rewrite.to;
  http::Headers headers = entry.headers;
  for (const http::Header& header : entry.headers)
    if (is_link_field(header.name)) headers.set(header.name, rewrite_links(header.value, rewrite));
  rendition->body = is_json(headers.get("content-type"))
                        ? http::make_body(rewrite_body(*entry.body, rewrite))
                        : entry.body;
  rendition->head_text = cache::write_head_text(entry, headers, rendition->body->size());
  return rendition;
}

// Keeps a rendition that found no place in its entry alive together with that entry.
struct OwnedRendition {
  cache::EntryRef entry;
  std::unique_ptr<cache::Rendition> rendition;
};

void point_at(const cache::Rendition& rendition, net::Reply& reply) {
  reply.head = rendition.head_text;
  reply.body = *rendition.body;
}

void fill_rewritten(const cache::EntryRef& entry, const LinkRewrite& rewrite, net::Reply& reply) {
  const cache::Rendition* known = entry->rendition.get();
  if (!known && entry->body->size() <= kRenditionBytesMax)
    known = entry->rendition.offer(make_rendition(*entry, rewrite));
  if (known && known->to == rewrite.to) {
    point_at(*known, reply);
    reply.owner = entry;
    return;
  }
  auto owned = std::make_shared<OwnedRendition>();
  owned->entry = entry;
  owned->rendition = make_rendition(*entry, rewrite);
  point_at(*owned->rendition, reply);
  reply.owner = std::move(owned);
}

}  // namespace

bool is_hop_by_hop(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames{"connection",
                                                   "keep-alive",
                                                   "proxy-authenticate",
                                                   "proxy-authorization",
                                                   "proxy-connection",
                                                   "te",
                                                   "trailer",
                                                   "transfer-encoding",
                                                   "upgrade"};
  return std::ranges::any_of(kNames, [&](auto known) { return equal_ignoring_case(known, name); });
}

bool is_named_in(std::string_view connection, std::string_view name) {
  while (!connection.empty())
    if (equal_ignoring_case(trim(take_until(connection, ',')), name)) return true;
  return false;
}

std::string rewrite_links(std::string_view text, const LinkRewrite& rewrite) {
  std::string out = github::rewrite_urls(text, {.from = kPublicOrigin, .to = rewrite.to});
  if (rewrite.upstream_origin != kPublicOrigin)
    out = github::rewrite_urls(out, {.from = rewrite.upstream_origin, .to = rewrite.to});
  return out;
}

std::string rewrite_body(std::string_view body, const LinkRewrite& rewrite) {
  std::string out = github::rewrite_json_urls(body, {.from = kPublicOrigin, .to = rewrite.to});
  if (rewrite.upstream_origin != kPublicOrigin)
    out = github::rewrite_json_urls(out, {.from = rewrite.upstream_origin, .to = rewrite.to});
  return out;
}

void reply_with_entry(const http::RequestHead& head, const cache::EntryRef& entry,
                      const http::CacheStatus& status, const LinkRewrite& rewrite, WallTime now,
                      net::Reply& reply) {
  append_field(reply.more_head, "Age", std::to_string(cache::age(*entry, now).count()));
  append_field(reply.more_head, "Cache-Status", http::write_cache_status(status));
  if (matches_validator(head, *entry)) {
    auto text = std::make_shared<const std::string>(not_modified_head(*entry));
    reply.head = *text;
    reply.body = {};
    reply.owner = std::move(text);
    return;
  }
  if (wants_rewriting(rewrite)) {
    fill_rewritten(entry, rewrite, reply);
  } else {
    reply.head = entry->head_text;
    reply.body = *entry->body;
    reply.owner = entry;
  }
  if (head.method == "HEAD") reply.body = {};
}

std::string passed_head(int status, const http::Headers& headers, const LinkRewrite& rewrite,
                        Framing framing) {
  std::string out = status_line(status);
  for (const http::Header& header : headers) {
    if (is_hop_by_hop(header.name) || is_named_in(headers.get("connection"), header.name)) continue;
    if (wants_rewriting(rewrite) && is_for_browsers(header.name)) continue;
    if (framing == Framing::drop && (equal_ignoring_case(header.name, "content-length") ||
                                     equal_ignoring_case(header.name, "content-encoding")))
      continue;
    if (wants_rewriting(rewrite) && is_link_field(header.name))
      append_field(out, header.name, rewrite_links(header.value, rewrite));
    else append_field(out, header.name, header.value);
  }
  return out;
}

void reply_with_answer(const http::RequestHead& head,
                       const std::shared_ptr<const http::Answer>& answer,
                       const http::CacheStatus& status, const LinkRewrite& rewrite,
                       net::Reply& reply) {
  struct Owned {
    std::string head;
    http::Body body;
  };
  auto owned = std::make_shared<Owned>();
  owned->head = passed_head(answer->status, answer->headers, rewrite, Framing::drop);
  owned->body = wants_rewriting(rewrite) && is_json(answer->headers.get("content-type"))
                    ? http::make_body(rewrite_body(answer->body_text(), rewrite))
                    : answer->body;
  if (answer->status != 304 && answer->status != 204)
    append_field(reply.more_head, "Content-Length", std::to_string(owned->body->size()));
  append_field(reply.more_head, "Cache-Status", http::write_cache_status(status));
  reply.head = owned->head;
  reply.body = head.method == "HEAD" ? std::string_view() : std::string_view(*owned->body);
  reply.owner = std::move(owned);
}

void reply_with_error(int status, std::string_view message, net::Reply& reply) {
  struct Owned {
    std::string head, body;
  };
  auto owned = std::make_shared<Owned>();
  owned->body = "{\"message\":\"ghmesh: ";
  owned->body += message;  // our own texts: nothing to escape
  owned->body += "\"}\n";
  owned->head = status_line(status);
  append_field(owned->head, "Content-Type", "application/json; charset=utf-8");
  append_field(owned->head, "Content-Length", std::to_string(owned->body.size()));
  append_field(owned->head, "X-Content-Type-Options", "nosniff");
  append_field(owned->head, "Cross-Origin-Resource-Policy", "same-origin");
  reply.head = owned->head;
  reply.body = owned->body;
  reply.owner = std::move(owned);
}

void reply_with_error(const Error& error, net::Reply& reply) {
  int status = 502;
  bool close = false;
  if (error == Errc::http_misdirected) status = 421, close = true;
  else if (error == Errc::http_forbidden_origin) status = 403, close = true;
  else if (error == Errc::http_body_too_large || error == Errc::too_large)
    status = 413, close = true;
  else if (error == Errc::malformed || error == Errc::http_malformed) status = 400, close = true;
  else if (error == Errc::upstream_timeout) status = 504;
  reply_with_error(status, error.message(), reply);
  reply.close = close;
}

}  // namespace ghmesh::proxy
