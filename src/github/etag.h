// SPDX-License-Identifier: Apache-2.0 OR MIT
// The ETag that GitHub would give.
//
// GitHub's ETag of a JSON answer is SHA-256 over Accept ":" Authorization ":" Cookie ":" and the body, for those of the
// three that the answer's Vary names and the request sent. So whoever holds a body can compute the ETag that its own
// credential would see, and ask with If-None-Match for free: a 304 proves that the body is authentic, current, and
// permitted to this credential. The rule is not documented by GitHub. It is therefore checked against every 200: a
// wrong guess costs one ordinary call, and never a wrong answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace ghmesh::github {

// The raw values as sent upstream; nullopt for a field that was not sent or that Vary does not name.
struct EtagInputs {
  std::optional<std::string_view> accept;
  std::optional<std::string_view> authorization;
  std::optional<std::string_view> cookie;
};

// 64 hex digits, without quotes.
std::string compute_etag(const EtagInputs& inputs, std::string_view body);

// The inputs that count, by what Vary names (RFC 9110, 12.5.5).
EtagInputs select_by_vary(std::string_view vary, const EtagInputs& sent);

// What is sent for a list that was never seen: the ETag of "[]". An empty list then costs nothing.
inline constexpr std::string_view kEmptyListBody = "[]";

}  // namespace ghmesh::github
