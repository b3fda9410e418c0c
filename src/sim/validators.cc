// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/validators.h"

#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::sim {

std::string github_etag(const EtagRequest& request, bool is_anonymous, std::string_view body) {
  std::string input;
  const auto add = [&](const std::vector<std::string_view>& values) {
    for (const std::string_view value : values) input.append(value).push_back(':');
  };
  add(request.accept);
  if (!is_anonymous) {
    add(request.authorization);
    add(request.cookie);
  }
  const auto digest = crypto::sha256({as_bytes(input), as_bytes(body)});
  return hex(digest);
}

std::string opaque_etag(std::string_view secret, std::string_view body) {
  const auto digest = crypto::sha256({as_bytes(secret), as_bytes(body)});
  return hex(ByteView(digest).first(20));
}

bool meets(const std::vector<std::string_view>& if_none_match, std::string_view opaque_tag) {
  for (std::string_view value : if_none_match) {
    while (!value.empty()) {
      std::string_view member = trim(take_until(value, ','));
      if (member == "*") return true;
      if (member.starts_with("W/")) member.remove_prefix(2);
      if (member.size() >= 2 && member.front() == '"' && member.back() == '"' &&
          member.substr(1, member.size() - 2) == opaque_tag)
        return true;
    }
  }
  return false;
}

}  // namespace ghmesh::sim
