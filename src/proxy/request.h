// SPDX-License-Identifier: Apache-2.0 OR MIT
// Private to proxy/: what is known of a request once its head is parsed.
#pragma once

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

}  // namespace ghmesh::proxy
