// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "proxy/access.h"

#include <algorithm>

#include "base/text.h"

namespace ghmesh::proxy {
namespace {

constexpr std::string_view kApiHost = "api.github.com";
// Besides the API, the one host that the API itself sends authenticated requests to (release assets).
constexpr std::string_view kUploadsHost = "uploads.github.com";

}  // namespace

std::string host_without_port(std::string_view authority) {
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return to_lower(authority.substr(0, colon));
}

std::string_view authority_of(std::string_view origin) {
  const auto scheme_end = origin.find("://");
  if (scheme_end != std::string_view::npos) origin.remove_prefix(scheme_end + 3);
  return origin.substr(0, origin.find('/'));
}

AccessRules::AccessRules(std::string upstream_origin, const std::vector<std::string>& allowed_hosts,
                         std::vector<std::string> own_names)
    : upstream_origin_(std::move(upstream_origin)),
      upstream_host_(host_without_port(authority_of(upstream_origin_))),
      api_host_(to_lower(authority_of(upstream_origin_))) {
  for (std::string_view spelled : allowed_hosts) {
    AllowedHost host;
    std::string_view origin = spelled;
    std::string_view name = take_until(origin, '=');
    host.with_subdomains = name.starts_with("*.");
    if (host.with_subdomains) name.remove_prefix(2);
    host.name = to_lower(name);
    host.origin = origin;
    allowed_hosts_.push_back(std::move(host));
  }
  for (std::string& name : own_names) own_names_.push_back(to_lower(name));
}

bool AccessRules::is_own_name(std::string_view host) const {
  return std::ranges::any_of(
      own_names_, [&](const std::string& name) { return equal_ignoring_case(name, host); });
}

const AccessRules::AllowedHost* AccessRules::find_allowed(std::string_view host) const {
  for (const AllowedHost& allowed : allowed_hosts_) {
    if (!allowed.with_subdomains && host == allowed.name) return &allowed;
    if (allowed.with_subdomains && host.size() > allowed.name.size() + 1 &&
        host.ends_with(allowed.name) && host[host.size() - allowed.name.size() - 1] == '.')
      return &allowed;
  }
  return nullptr;
}

Result<void> AccessRules::check(const http::RequestHead& head, net::Door door) const {
  if (door == net::Door::unix_socket) return {};
  if (!is_own_name(head.host)) return Errc::http_misdirected;
  if (head.find("origin")) return Errc::http_forbidden_origin;
  const auto site = head.find("sec-fetch-site");
  if (site && !equal_ignoring_case(*site, "none")) return Errc::http_forbidden_origin;
  return {};
}

Result<UpstreamHost> AccessRules::upstream_of(std::string_view authority, net::Door door) const {
  const UpstreamHost api{.origin = upstream_origin_, .is_api = true, .takes_credentials = true};
  if (door == net::Door::tcp) return api;
  const std::string host = host_without_port(authority);
  if (host == kApiHost || host == upstream_host_) return api;
  const AllowedHost* allowed = find_allowed(host);
  if (!allowed) return Errc::http_misdirected;
  return UpstreamHost{.origin = allowed->origin.empty() ? "https://" + host : allowed->origin,
                      .is_api = false,
                      .takes_credentials = host == kUploadsHost || !allowed->origin.empty()};
}

Result<UpstreamHost> AccessRules::uploads_host() const {
  if (upstream_host_ == kApiHost) return upstream_of(kUploadsHost, net::Door::unix_socket);
  return UpstreamHost{.origin = upstream_origin_, .is_api = false, .takes_credentials = true};
}

}  // namespace ghmesh::proxy
