// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to proxy/: what is known of a request once its head is parsed.
#pragma once

#include "github/graphql_request.h"
#include "github/key.h"
#include "proxy/access.h"
#include "proxy/principals.h"
#include "proxy/proxy.h"

namespace ghmesh::proxy {

struct Proxy::Request {
  net::Door door = net::Door::unix_socket;
  std::string_view asked_host;  // as the caller spelled it; a view into the request's head
  UpstreamHost host;
  github::Target target;  // views into the request's head
  github::KeyedRequest keyed;
  CallerRef caller;  // null when the credential cannot be read: then it is passed on as it is
};

// The beginning of a request's body, read before it was decided to pass it through, or all of it.
struct ReadAhead {
  std::string bytes;
  bool is_whole = false;
  github::GraphqlKind kind = github::GraphqlKind::unreadable;  // when it was understood
};

}  // namespace ghmesh::proxy
