// SPDX-License-Identifier: Apache-2.0 OR MIT
// One thing, many bodies: what Accept, the API version, the user agent and Accept-Encoding make of a document.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ghmesh::sim {

inline constexpr std::string_view kVersionDefault = "2022-11-28";
inline constexpr std::string_view kVersionNext = "2026-03-10";

struct Representation {
  std::string media =
      "json";  // json, raw, html, text, full, diff, patch, sha, object, star, text-match, base64
  std::string version{kVersionDefault};
  bool is_acceptable = true;     // 415 otherwise
  bool is_known_version = true;  // 400 otherwise

  // The value of X-GitHub-Media-Type.
  std::string media_type() const;
  bool is_json_plain() const { return media == "json"; }
};

// All Accept values that were sent, and the value of X-GitHub-Api-Version (empty: not sent).
Representation choose_representation(const std::vector<std::string_view>& accept,
                                     std::string_view version);

// Adds body_html and body_text where the media type asks for them, and removes what the later version has dropped.
void represent(boost::json::value& document, const Representation& representation);

// GitHub indents for people: for user agents that contain curl, Wget, Safari or Firefox.
bool wants_pretty(std::string_view user_agent);
std::string write_pretty(const boost::json::value& value);

// RFC 1952. The same bytes for the same input, always.
std::string gzip(std::string_view text);
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace ghmesh::sim
