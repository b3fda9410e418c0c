// SPDX-License-Identifier: Apache-2.0 OR MIT
// What the admin side is asked about single answers, and what it says of them: JSON here, values everywhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/proxy.h"

namespace ghmesh::node {

// {"pattern": "octo-org/*"}, {"route": "/repos/{owner}/{repo}/pulls"}, {"mine": true}: at least one, and all of them
// hold that are given. "dry_run": nothing is changed. "again": asked for again, and not forgotten.
struct SelectRequest {
  std::string pattern, route;
  bool is_mine = false;
  proxy::Proxy::Effect effect = proxy::Proxy::Effect::forget;
};
std::optional<SelectRequest> parse_select_request(std::string_view body);
std::string write_selected(const proxy::Proxy::Selected& selected, proxy::Proxy::Effect effect);

// {"url": "/repos/o/r", "accept": "...", "api_version": "..."}; the last two may be left out.
struct WhyRequest {
  std::string url, accept, api_version;
};
std::optional<WhyRequest> parse_why_request(std::string_view body);
std::string write_explanation(const proxy::Explanation& why);
std::string write_decisions(const std::vector<proxy::Decision>& decisions);

}  // namespace ghmesh::node
