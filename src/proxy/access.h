// SPDX-License-Identifier: Apache-2.0 OR MIT
// Who may come in by which door, and which host a request may go to. Pure.
//
// The unix socket belongs to one user, and gh sends every host through it: the Host field decides where the request
// goes, and only hosts of the allow-list are reached. A TCP port on loopback can be reached by every page in every
// browser on this machine: there the Host must be our own name (or DNS rebinding wins), and anything that a browser
// marks as coming from a page is refused (Origin, Sec-Fetch-Site).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "net/http_server.h"

namespace ghmesh::proxy {

struct UpstreamHost {
  std::string origin;              // "https://api.github.com", where requests for it are sent
  bool is_api = false;             // its answers are kept
  bool takes_credentials = false;  // Authorization is forwarded
};

class AccessRules {
 public:
  // `upstream_origin` serves api.github.com and everything on TCP. `allowed_hosts` are names, or "*.name" for all below
  // it; "name=https://other:1234" sends that name to an origin of the operator's choice, credentials included (GitHub
  // Enterprise).
  AccessRules(std::string upstream_origin, const std::vector<std::string>& allowed_hosts,
              std::vector<std::string> own_names);

  // Errors: http_misdirected (421), http_forbidden_origin (403).
  Result<void> check(const http::RequestHead& head, net::Door door) const;

  // Where a request for this host goes, once check() has let it in; the host is without case and port.
  // Errors: http_misdirected.
  Result<UpstreamHost> upstream_of(std::string_view host, net::Door door) const;

  // Where /api/uploads/ of TCP goes. Errors: http_misdirected (not on the allow-list).
  Result<UpstreamHost> uploads_host() const;

  // The name of the API in keys: the upstream's authority, so that two upstreams never share an entry.
  const std::string& api_host() const { return api_host_; }

 private:
  struct AllowedHost {
    std::string name;
    std::string origin;  // empty: https://<name>
    bool with_subdomains = false;
  };
  const AllowedHost* find_allowed(std::string_view host) const;
  bool is_own_name(std::string_view host) const;

  std::string upstream_origin_;
  std::string upstream_host_;  // without port
  std::string api_host_;
  std::vector<AllowedHost> allowed_hosts_;
  std::vector<std::string> own_names_;
};

// "Example.com:8080" -> "example.com"; "[::1]:80" -> "[::1]".
std::string host_without_port(std::string_view authority);
// "https://host:port/path" -> "host:port".
std::string_view authority_of(std::string_view origin);

}  // namespace ghmesh::proxy
