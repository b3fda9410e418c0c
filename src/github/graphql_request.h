// SPDX-License-Identifier: Apache-2.0 OR MIT
// What a POST to /graphql asks for: whether it changes anything, what makes two of them deserve the same answer, and
// for how long an answer may stand.
//
// GraphQL has no ETag, so nothing about it can be proven to another principal, and nothing is free: its answers are
// kept for their own principal, for a short time that depends on what is asked for:
//   live      merge gates of pull requests (mergeable, mergeStateStatus, headRefOid, state ...): `git push` never
//             passes through us, so they are asked for every time; or their witness is (graphql_witness.h), for free
//   checks    check runs, statuses, workflow runs: as long as REST's of the same (docs/freshness.md)
//   ordinary  everything else
//   never     rateLimit: the budget is what it is now
// The key is "g1:" followed by host, document, operation name, variables, Accept, GraphQL-Features and
// X-GitHub-Next-Global-ID, each written as <length>:<bytes>. The document stands there as the SHA-256 of its tokens,
// variables as JSON with sorted names; so layout, comments and order make no difference, and nothing else can collide.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "crypto/hash.h"
#include "github/graphql_witness.h"
#include "graphql/document.h"
#include "http/message.h"

namespace ghmesh::github {

// Of a request that is read to be understood: the largest that gh sends has 20 KiB. What is larger is passed through.
inline constexpr std::size_t kGraphqlReadBytesMax = 1 << 20;
// What is larger than this is refused with 413. Nobody's query is; a commit of large files goes through REST's blobs.
inline constexpr std::size_t kGraphqlBytesMax = 8 << 20;

// X(name)
#define GHMESH_GRAPHQL_CLASSES(X) X(never) X(live) X(checks) X(ordinary)
enum class GraphqlClass {
#define X(name) name,
  GHMESH_GRAPHQL_CLASSES(X)
#undef X
};
std::string_view graphql_class_name(GraphqlClass graphql_class);
Seconds graphql_ttl(GraphqlClass graphql_class);

enum class GraphqlKind {
  unreadable,  // not JSON, not a document, an operation that is not in it, a name twice: GitHub shall say what it is
  query,
  mutation,
  subscription,
};

// Owner or name of the one repository that an operation asks about: written there, or a variable's name.
struct GraphqlOperand {
  std::string text;  // empty: it asks about more than one, or about something else
  bool is_variable = false;
  bool operator==(const GraphqlOperand&) const = default;
};

// What a document says of one of its operations.
struct GraphqlOperation {
  GraphqlKind kind = GraphqlKind::unreadable;
  GraphqlClass freshness = GraphqlClass::ordinary;
  std::string_view reason;  // the field that decided; into a static text
  GraphqlOperand owner, repository;
  WitnessRule witness;
  crypto::Digest document{};  // of its canonical text
};
GraphqlOperation read_operation(const graphql::Document& document, std::string_view operation_name);

struct GraphqlRequest {
  GraphqlKind kind = GraphqlKind::unreadable;
  GraphqlClass freshness = GraphqlClass::ordinary;
  std::string_view reason;  // static
  std::string key;          // of a query
  // "repos/octocat/hello-world" where it asks about nothing but this repository; else empty (github/invalidation.h).
  std::string scope;
  Witness witness;  // of kind none where there is no scope
};

// Reads requests. Clients send the same few documents again and again with other variables, so what was found in a
// document is remembered. One for each thread.
class GraphqlReader {
 public:
  // `body` is whole, at most kGraphqlReadBytesMax. Writes into `out`, whose strings keep their
  // capacity.
  void read(std::string_view host, const http::RequestHead& head, std::string_view body,
            GraphqlRequest& out);

 private:
  const GraphqlOperation& operation_of(std::string_view document, std::string_view name);

  std::unordered_map<std::string, GraphqlOperation> known_;  // by document and operation name
  std::size_t known_bytes_ = 0;
};

// Whether this answer to a query may be kept: 200, one JSON object with "data" that is no null, and no "errors".
// Partial data is not kept, nor is what says RATE_LIMITED.
bool may_keep_graphql(const http::Answer& answer);
// The primary limit comes as 200 with an error of type RATE_LIMITED; the secondary as 403 or 429, as in REST.
bool is_graphql_limited(const http::Answer& answer);

}  // namespace ghmesh::github
