// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/etag.h"

#include "base/text.h"
#include "crypto/hash.h"

namespace ghmesh::github {

std::string compute_etag(const EtagInputs& inputs, std::string_view body) {
  // A field that was sent empty still leaves its colon; one that was not sent leaves nothing.
  const auto value = [](const auto& input) { return as_bytes(input.value_or(std::string_view())); };
  const auto colon = [](const auto& input) { return as_bytes(input ? ":" : ""); };
  return hex(crypto::sha256({value(inputs.accept), colon(inputs.accept),                //
                             value(inputs.authorization), colon(inputs.authorization),  //
                             value(inputs.cookie), colon(inputs.cookie),                //
                             as_bytes(body)}));
}

EtagInputs select_by_vary(std::string_view vary, const EtagInputs& sent) {
  EtagInputs selected;
  while (!vary.empty()) {
    const std::string_view name = trim(take_until(vary, ','));
    if (equal_ignoring_case(name, "accept")) selected.accept = sent.accept;
    if (equal_ignoring_case(name, "authorization")) selected.authorization = sent.authorization;
    if (equal_ignoring_case(name, "cookie")) selected.cookie = sent.cookie;
  }
  return selected;
}

}  // namespace ghmesh::github
