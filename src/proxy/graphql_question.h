// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to proxy/: a query on its flight, in memory of its own.
#pragma once

#include <string>

#include "github/graphql_request.h"
#include "http/message.h"
#include "proxy/governor.h"
#include "proxy/principals.h"

namespace ghmesh::proxy {

struct GraphqlQuestion {
  CallerRef caller;
  std::string url, key, scope, body;
  http::Headers headers;
  Urgency urgency = Urgency::interactive;
  github::GraphqlClass freshness = github::GraphqlClass::never;
  github::Witness witness;
  bool is_forced = false;  // the caller wants GitHub's own word on it
};

}  // namespace ghmesh::proxy
