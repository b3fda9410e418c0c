// SPDX-License-Identifier: Apache-2.0 OR MIT
// ghmesh::GitHub: GitHub's API through the cache, the swarm and the proof, without a daemon.
//
//   ghmesh::Cache cache;
//   ghmesh::GitHub github(cache, {.token = ghmesh::SecretText(token)});
//   auto answer = github.get("/repos/octocat/Hello-World");
//
// What is fresh is answered from the store; what is not is asked for with If-None-Match, which GitHub does not count.
// One of all processes on the directory asks GitHub for all of them, so a thousand who ask together cost one call. The
// answers are kept in a partition that only this token can open.
#pragma once

#include <ghmesh/cache.h>

namespace ghmesh {

struct GitHubOptions {
  SecretText token;      // empty: asked for as nobody, 60 calls an hour
  std::string upstream;  // empty: $GHMESH_UPSTREAM, else "https://api.github.com"
  std::string ca_file;   // empty: the system's
  Milliseconds deadline{30'000};
};

// One field of an answer, its name in lower case.
struct HeaderField {
  std::string name, value;
};

struct GitHubAnswer {
  std::error_code error;  // set: there is no answer, and the rest is empty
  int status = 0;
  std::vector<HeaderField> headers;
  std::string body;
  // "hit; ttl=41; detail=fresh": how it came to be, as in Cache-Status (RFC 9211), without the leading name.
  std::string how;
  std::string_view header(std::string_view name) const noexcept;  // empty: it has none
};

class GHMESH_API GitHub {
 public:
  // The cache is shared; it may be closed before this, which then answers `closed`. Throws std::system_error.
  explicit GitHub(Cache& cache, GitHubOptions options = {});
  ~GitHub();
  GitHub(GitHub&&) noexcept;
  GitHub& operator=(GitHub&&) noexcept;

  // `path` with its query: "/repos/o/r/pulls?state=open". Errors: those of Failure; statuses of GitHub are answers.
  GitHubAnswer get(std::string_view path, std::optional<Milliseconds> deadline = {});
  // `variables`: a JSON object, or empty.
  GitHubAnswer graphql(std::string_view query, std::string_view variables = {},
                       std::optional<Milliseconds> deadline = {});

  using AnswerCallback =
      std::function<void(GitHubAnswer)>;  // on a thread of the cache; must return soon
  void get_async(std::string path, AnswerCallback done);
  void graphql_async(std::string query, std::string variables, AnswerCallback done);
  std::future<GitHubAnswer> get_future(std::string path);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ghmesh
