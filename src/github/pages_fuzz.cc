// SPDX-License-Identifier: Apache-2.0 OR MIT
// A query, a Link and a body, a line each: whatever they are, reading them ends, and a page's target reads as its
// number.
#include "base/check.h"
#include "base/text.h"
#include "github/pages.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace ghmesh::github;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  const std::string_view query = ghmesh::take_until(body, '\n');
  const std::string_view link = ghmesh::take_until(body, '\n');
  static_cast<void>(may_have_grown(query, link, body));
  const std::string_view scope = repository_number_scope(link);
  GHMESH_CHECK(scope.empty() || link.find(scope) != std::string_view::npos);
  const std::string target = target_of_page("/x?" + std::string(query), 7);
  std::string_view rest = target;
  static_cast<void>(ghmesh::take_until(rest, '?'));
  GHMESH_CHECK(read_page(rest).number == 7);
  return 0;
}
