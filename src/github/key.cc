// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/key.h"

#include <array>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"

namespace ghmesh::github {
namespace {

constexpr std::string_view kJson = "application/vnd.github+json";

// One representation, six spellings: left apart, they would split every entry by client. hub adds ";charset=utf-8".
constexpr std::array<std::string_view, 6> kJsonSpellings{"*/*",
                                                         "application/json",
                                                         kJson,
                                                         "application/vnd.github.v3+json",
                                                         "application/vnd.github.json",
                                                         "application/vnd.github.v3.json"};

// What is downloaded rather than read: a blob of 100 MB is no entry. Found anywhere in Accept, "+json" or not.
constexpr std::array<std::string_view, 6> kStreamedTypes{"octet-stream", ".raw",  "/zip",
                                                         "gzip",         "x-tar", "sarif"};

struct DoorPrefix {
  std::string_view spelling;
  std::string_view keeps;  // what of the spelling belongs to the path
  Service service;
};
constexpr std::array<DoorPrefix, 3> kDoorPrefixes{{{"/api/v3", "", Service::rest},
                                                   {"/api/graphql", "/graphql", Service::graphql},
                                                   {"/api/uploads", "", Service::uploads}}};
constexpr std::string_view kEnterprisePrefix = "/api/v3";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool ends_with_ignoring_case(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

// RFC 9112, 3.2: a target has neither blanks nor control characters, and a fragment is never sent.
bool has_forbidden_character(std::string_view target) {
  for (char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || byte == '#') return true;
  }
  return false;
}

std::string_view without_default_port(std::string_view host) {
  for (std::string_view port : {":443", ":80"})
    if (host.ends_with(port)) return host.substr(0, host.size() - port.size());
  return host;
}

// "http://host/path" -> "/path". The authority is already in `host`: http/message.h.
std::string_view origin_form(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!starts_with_ignoring_case(target, scheme)) continue;
    const std::size_t end = target.find_first_of("/?", scheme.size());
    if (end == std::string_view::npos) return "/";
    return target[end] == '/' ? target.substr(end) : std::string_view();
  }
  return target;
}

void remove_door_prefix(Target& target) {
  if (!target.path.starts_with("/api/")) {
    if (target.path == "/graphql") target.service = Service::graphql;
    return;
  }
  for (const DoorPrefix& door : kDoorPrefixes) {
    if (!target.path.starts_with(door.spelling)) continue;
    const std::string_view after = target.path.substr(door.spelling.size());
    if (!after.empty() && after.front() != '/') continue;
    if (door.service == Service::graphql && !after.empty()) continue;
    target.path = target.path.substr(door.spelling.size() - door.keeps.size());
    if (target.path.empty()) target.path = "/";
    target.prefix = kEnterprisePrefix;
    target.service = door.service;
    return;
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool is_unreserved(int c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Whether what follows a slash is neither another slash nor a dot segment. Nearly always its first letter says so.
bool starts_plain_segment(std::string_view rest) {
  if (rest.empty() || (rest.front() != '/' && rest.front() != '.')) return true;
  const std::string_view segment = rest.substr(0, rest.find('/'));
  return !segment.empty() && segment != "." && segment != "..";
}

// Like equal_ignoring_case(), and quick to say no: the names of most fields differ in length from those we look for.
bool is_named(const http::FieldView& field, std::string_view name) {
  return field.name.size() == name.size() && equal_ignoring_case(field.name, name);
}

// A path that every server on the way reads alike. No client encodes an unreserved character (RFC 3986, 2.3) without
// wanting to look different from what it is: "/%72ate_limit".
bool has_one_reading(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\') return false;
    if (c == '/') {
      if (!starts_plain_segment(path.substr(i + 1))) return false;
    } else if (c == '%') {
      if (i + 2 >= path.size()) return false;
      const int high = hex_value(path[i + 1]);
      const int low = hex_value(path[i + 2]);
      if (high < 0 || low < 0 || is_unreserved(high * 16 + low)) return false;
    }
  }
  return true;
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_part(std::string& out, std::string_view part) {
  append_number(out, part.size());
  out += ':';
  out += part;
}

void fold_case(std::string& text, std::size_t begin, std::size_t bytes_count) {
  for (std::size_t i = begin; i < begin + bytes_count; ++i) text[i] = ascii_lower(text[i]);
}

// Logins and names of repositories are compared without case. Not where something is percent-encoded.
void fold_name(std::string& out, std::size_t path_begin, std::string_view path,
               std::string_view name) {
  if (name.empty() || contains(name, "%")) return;
  fold_case(out, path_begin + static_cast<std::size_t>(name.data() - path.data()), name.size());
}

std::string_view name_of_pair(std::string_view pair) { return pair.substr(0, pair.find('=')); }

// page=1 and per_page=30 are what GitHub assumes. Each is folded only where it stands once and nothing could be another
// spelling of it: Rack takes the last of two, reads %70age as page, and ";" was a separator once.
bool may_fold_query(std::string_view query) {
  int pages_count = 0;
  int per_pages_count = 0;
  if (contains(query, ";")) return false;
  while (!query.empty()) {
    const std::string_view name = name_of_pair(take_until(query, '&'));
    if (name.find_first_of("%+[") != std::string_view::npos) return false;
    pages_count += name == "page";
    per_pages_count += name == "per_page";
  }
  return pages_count <= 1 && per_pages_count <= 1;
}

// Lists whose default page is known to have thirty things. Elsewhere the same words ask for something else: comparisons
// page their commits by 250 and their files by 300, notifications by 50.
bool has_default_page(const Route& route) {
  using enum RouteClass;
  switch (route.route_class) {
    case repository_list:
    case pull_list:
    case issue_list:
    case release_list:
    case run_list:
    case comments: return route.is_list;
    default: return false;
  }
}

bool is_default_pair(std::string_view pair) { return pair == "page=1" || pair == "per_page=30"; }

void append_query(std::string& out, const Target& target, const Route& route) {
  const std::string_view query = target.query;
  const bool may_fold =
      contains(query, "page=") && has_default_page(route) && may_fold_query(query);
  std::size_t kept_bytes = 0;
  if (!may_fold) {
    kept_bytes = target.has_query ? query.size() + 1 : 0;
  } else {
    for (std::string_view rest = query; !rest.empty();)
      if (const auto pair = take_until(rest, '&'); !is_default_pair(pair))
        kept_bytes += pair.size() + 1;
  }
  append_number(out, kept_bytes);
  out += ':';
  if (!may_fold) {
    if (target.has_query) out += '?';
    out += query;
    return;
  }
  char separator = '?';
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = take_until(rest, '&');
    if (is_default_pair(pair)) continue;
    out += separator;
    out += pair;
    separator = '&';
  }
}

bool is_json_spelling(std::string_view media_type) {
  std::string_view rest = media_type;
  const std::string_view type = trim(take_until(rest, ';'));
  for (std::string_view parameter = trim(rest); !parameter.empty();) {
    const std::string_view next = trim(take_until(parameter, ';'));
    if (!equal_ignoring_case(next, "charset=utf-8") && !next.starts_with("q=")) return false;
  }
  for (std::string_view known : kJsonSpellings)
    if (equal_ignoring_case(type, known)) return true;
  return false;
}

// The media type to ask for and to key by; empty for one that is streamed.
std::string_view canonical_media_type(std::string_view accept) {
  if (accept.empty() || accept == kJson || accept == "*/*") return kJson;
  bool is_json = true;
  for (std::string_view rest = accept; is_json && !rest.empty();)
    is_json = is_json_spelling(take_until(rest, ','));
  if (is_json) return kJson;
  for (std::size_t i = 0; i < accept.size(); ++i)
    for (std::string_view streamed : kStreamedTypes)
      if (starts_with_ignoring_case(accept.substr(i), streamed)) return {};
  return accept;
}

// What the fields of a request mean for its key, found in one walk.
struct FieldsReading {
  Bypass bypass = Bypass::none;
  std::string_view accept;
  int accepts_count = 0;
  std::string_view api_version;
  int api_versions_count = 0;
};

struct BypassField {
  std::string_view name;
  Bypass bypass;
};
constexpr std::array<BypassField, 9> kBypassFields{{
    {"range", Bypass::range},
    {"if-range", Bypass::range},
    {"if-match", Bypass::precondition},
    {"if-unmodified-since", Bypass::precondition},
    {"x-http-method-override", Bypass::override_},
    {"x-http-method", Bypass::override_},
    {"x-method-override", Bypass::override_},
    {"x-github-next-global-id", Bypass::override_},  // other node ids in the body
    {"x-github-otp", Bypass::credential},
}};

FieldsReading read_fields(const http::RequestHead& head) {
  FieldsReading reading;
  for (const http::FieldView& field : head.all_fields()) {
    if (is_named(field, "accept")) {
      reading.accept = field.value;
      ++reading.accepts_count;
    } else if (is_named(field, "x-github-api-version")) {
      reading.api_version = field.value;
      ++reading.api_versions_count;
    } else if (reading.bypass == Bypass::none) {
      for (const BypassField& known : kBypassFields)
        if (is_named(field, known.name)) reading.bypass = known.bypass;
    }
  }
  return reading;
}

Bypass bypass_of(const Target& target, const http::RequestHead& head, const Route& route,
                 const FieldsReading& fields) {
  if (target.service == Service::uploads || !is_api_host(target.host)) return Bypass::host;
  if (head.method != "GET" && head.method != "HEAD") return Bypass::method;
  if (target.service == Service::graphql) return Bypass::method;
  if (head.has_body()) return Bypass::body;
  if (fields.bypass != Bypass::none) return fields.bypass;
  if (!route.may_keep || !has_one_reading(target.path)) return Bypass::route;
  if (fields.accepts_count > 1 || fields.api_versions_count > 1 ||
      fields.accept.size() > kKeyFieldBytesMax || fields.api_version.size() > kKeyFieldBytesMax)
    return Bypass::media_type;
  return Bypass::none;
}

void write_key(const Target& target, KeyedRequest& out) {
  out.text = "v1:";
  append_number(out.text, target.host.size());
  out.text += ':';
  const std::size_t host_begin = out.text.size();
  out.text += target.host;
  fold_case(out.text, host_begin, target.host.size());
  append_number(out.text, target.path.size());
  out.text += ':';
  const std::size_t path_begin = out.text.size();
  out.text += target.path;
  fold_name(out.text, path_begin, target.path, out.route.owner);
  fold_name(out.text, path_begin, target.path, out.route.repository);
  append_query(out.text, target, out.route);
  append_part(out.text, out.accept);
  append_part(out.text, out.api_version);
}

}  // namespace

Result<Target> parse_target(std::string_view host, std::string_view target) {
  if (target.size() > kTargetBytesMax) return Errc::too_large;
  const std::string_view origin = origin_form(target);
  if (!origin.starts_with('/') || has_forbidden_character(origin)) return Errc::malformed;
  Target parsed{.host = without_default_port(host), .path = origin};
  if (const std::size_t mark = origin.find('?'); mark != std::string_view::npos) {
    parsed.path = origin.substr(0, mark);
    parsed.query = origin.substr(mark + 1);
    parsed.has_query = true;
  }
  remove_door_prefix(parsed);
  return parsed;
}

std::string_view enterprise_prefix(Service service) {
  switch (service) {
    case Service::rest: return "/api/v3";
    case Service::graphql: return "/api";
    case Service::uploads: return "/api/uploads";
  }
  return {};
}

bool is_api_host(std::string_view host) {
  if (equal_ignoring_case(host, "api.github.com")) return true;
  constexpr std::array<std::string_view, 6> kForeign{
      "github.com",     ".github.com",      ".githubusercontent.com", ".blob.core.windows.net",
      ".amazonaws.com", ".githubassets.com"};
  for (std::string_view foreign : kForeign) {
    const bool is_suffix = foreign.front() == '.';
    if (is_suffix ? ends_with_ignoring_case(host, foreign) : equal_ignoring_case(host, foreign))
      return false;
  }
  // Tenants of ghe.com have api.NAME.ghe.com beside their other hosts.
  return !ends_with_ignoring_case(host, ".ghe.com") || starts_with_ignoring_case(host, "api.");
}

std::string_view bypass_name(Bypass bypass) {
  switch (bypass) {
    case Bypass::none: return "none";
    case Bypass::method: return "method";
    case Bypass::body: return "body";
    case Bypass::range: return "range";
    case Bypass::precondition: return "precondition";
    case Bypass::override_: return "override";
    case Bypass::route: return "route";
    case Bypass::host: return "host";
    case Bypass::media_type: return "media_type";
    case Bypass::credential: return "credential";
  }
  return "unknown";
}

void key_request(const Target& target, const http::RequestHead& head, KeyedRequest& out) {
  out.route = classify_route(target.path);
  out.text.clear();
  out.accept.clear();
  out.api_version.clear();
  out.upstream_target = target.path;
  if (target.has_query) {
    out.upstream_target += '?';
    out.upstream_target += target.query;
  }
  const FieldsReading fields = read_fields(head);
  out.bypass = bypass_of(target, head, out.route, fields);
  if (out.bypass != Bypass::none) return;
  const std::string_view media_type = canonical_media_type(trim(fields.accept));
  if (media_type.empty()) {
    out.bypass = Bypass::media_type;
    return;
  }
  out.accept = media_type;
  out.api_version = fields.api_version;
  write_key(target, out);
}

}  // namespace ghmesh::github
