// SPDX-License-Identifier: Apache-2.0 OR MIT
// A program outside of the tree.
#include <ghmesh/cache.h>

#include <cstdio>

int main() {
  ghmesh::Cache cache;
  cache.put({"op", {"a"}}, "{}");
  const auto value = cache.get({"op", {"a"}});
  std::puts(value && value->data() == "{}" ? "kept" : "lost");
  return value ? 0 : 1;
}
