// SPDX-License-Identifier: Apache-2.0 OR MIT
// Any bytes as the body of a POST to /graphql: no crash; the same body has the same key, also through a reader that has
// seen it; and what is no query has none.
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "github/graphql_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = ghmesh::as_text(std::as_bytes(std::span(data, size)));
  ghmesh::http::RequestHead head;
  head.method = "POST";
  ghmesh::github::GraphqlReader reader;
  ghmesh::github::GraphqlRequest first, second;
  reader.read("api.github.com", head, body, first);
  reader.read("api.github.com", head, body, second);
  GHMESH_CHECK(first.key == second.key && first.kind == second.kind);
  GHMESH_CHECK(first.key.empty() == (first.kind != ghmesh::github::GraphqlKind::query));
  return 0;
}
