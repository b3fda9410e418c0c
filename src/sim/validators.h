// SPDX-License-Identifier: Apache-2.0 OR MIT
// The entity tags that the model gives, and when a request's If-None-Match meets them.
//
// Written from the captured behaviour of api.github.com and on purpose not with github/etag.h: a mistake in the rule of
// the cache must not be met by the same mistake here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::sim {

enum class EtagRule {
  github,  // SHA-256 over the request's Accept, Authorization and Cookie, and the body
  opaque,  // 40 hex digits that nobody can compute: what happens on the day GitHub changes its rule
};

// The raw values of the request, one for each field line of that name.
struct EtagRequest {
  std::vector<std::string_view> accept;
  std::vector<std::string_view> authorization;
  std::vector<std::string_view> cookie;
};

// 64 hex digits. For an anonymous answer only Accept counts, because only Accept is in its Vary.
std::string github_etag(const EtagRequest& request, bool is_anonymous, std::string_view body);
// 40 hex digits that depend on the body and a secret of the model.
std::string opaque_etag(std::string_view secret, std::string_view body);

// Weak comparison (RFC 9110, 8.8.3.2) with each member of each If-None-Match line.
bool meets(const std::vector<std::string_view>& if_none_match, std::string_view opaque_tag);

}  // namespace ghmesh::sim
