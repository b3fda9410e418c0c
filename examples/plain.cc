// SPDX-License-Identifier: Apache-2.0 OR MIT
// A plain program: what was expensive to find out is found out once, whichever process asks first.
#include <ghmesh/cache.h>

#include <cstdio>
#include <string>

namespace {

std::string find_out(const std::string& repository) {
  std::puts("finding out ...");  // here a program would ask GitHub
  return R"({"full_name": ")" + repository + R"(", "stars": 1})";
}

std::string stars_of(ghmesh::Cache& cache, const std::string& repository) {
  const ghmesh::Key key("get_repo_info", {repository});
  if (const auto known = cache.get(key)) return std::string(known->data());
  const std::string answer = find_out(repository);
  if (const auto failure = cache.put(key, answer))
    std::fprintf(stderr, "not kept: %s\n", failure.message().c_str());
  return answer;
}

}  // namespace

int main() {
  ghmesh::Cache cache;
  for (int i = 0; i < 3; ++i) std::puts(stars_of(cache, "octocat/Hello-World").c_str());
  return cache.stats().hits >= 2 ? 0 : 1;
}
