// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "sim/representation.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/text.h"

namespace ghmesh::sim {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 11> kMediaNames = {"raw",  "html",       "text",  "full",
                                                          "diff", "patch",      "sha",   "object",
                                                          "star", "text-match", "base64"};

// "application/vnd.github.v3.raw+json" -> "raw"; "" when this is not a media type that GitHub serves.
std::string media_of(std::string_view type) {
  type = trim(type.substr(0, type.find(';')));
  if (type.empty() || type == "*/*" || type == "application/*" || type == "application/json")
    return "json";
  constexpr std::string_view kVendor = "application/vnd.github";
  if (!starts_with_ignoring_case(type, kVendor)) return {};
  std::string rest = to_lower(type.substr(kVendor.size()));
  for (const std::string_view name : kMediaNames) {
    const auto at = rest.find("." + std::string(name));
    if (at == std::string::npos) continue;
    const char after = at + 1 + name.size() < rest.size() ? rest[at + 1 + name.size()] : '\0';
    if (after == '\0' || after == '+') return std::string(name);
  }
  return "json";  // also every preview
}

void add_rendered_bodies(json::object& document, std::string_view media) {
  const auto* body = document.if_contains("body");
  if (!body || !body->is_string()) return;
  const std::string text(body->as_string());
  if (media == "html" || media == "full")
    document["body_html"] = "<p dir=\"auto\">" + text + "</p>";
  if (media == "text" || media == "full") document["body_text"] = text;
  if (media == "html" || media == "text") document.erase("body");
}

void indent(std::string& out, int depth) { out.append(static_cast<std::size_t>(depth) * 2, ' '); }

void write_pretty(std::string& out, const json::value& value, int depth) {
  if (const auto* object = value.if_object(); object && !object->empty()) {
    out += "{\n";
    bool is_first = true;
    for (const auto& member : *object) {
      if (!is_first) out += ",\n";
      is_first = false;
      indent(out, depth + 1);
      out += json::serialize(json::string(member.key())) + ": ";
      write_pretty(out, member.value(), depth + 1);
    }
    out += "\n";
    indent(out, depth);
    out += "}";
  } else if (const auto* array = value.if_array(); array && !array->empty()) {
    out += "[\n";
    bool is_first = true;
    for (const auto& element : *array) {
      if (!is_first) out += ",\n";
      is_first = false;
      indent(out, depth + 1);
      write_pretty(out, element, depth + 1);
    }
    out += "\n";
    indent(out, depth);
    out += "]";
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string Representation::media_type() const {
  if (media == "json" || media == "star" || media == "object") return "github.v3; format=json";
  if (media == "diff" || media == "patch" || media == "sha" || media == "raw")
    return "github.v3; param=" + media;
  return "github.v3; param=" + media + "; format=json";
}

Representation choose_representation(const std::vector<std::string_view>& accept,
                                     std::string_view version) {
  Representation chosen;
  if (!version.empty()) chosen.version = version;
  chosen.is_known_version = chosen.version == kVersionDefault || chosen.version == kVersionNext;
  bool has_any = false;
  bool has_good = false;
  for (std::string_view value : accept) {
    do {
      const std::string_view type = take_until(value, ',');
      if (trim(type).empty()) continue;
      has_any = true;
      const std::string media = media_of(trim(type));
      if (media.empty()) continue;
      // The first one that asks for something special wins; plain JSON and previews leave room for it.
      if (!has_good || chosen.media == "json") chosen.media = media;
      has_good = true;
    } while (!value.empty());
  }
  chosen.is_acceptable = has_good || !has_any;
  return chosen;
}

void represent(json::value& document, const Representation& representation) {
  if (auto* array = document.if_array()) {
    for (auto& element : *array) represent(element, representation);
    return;
  }
  auto* object = document.if_object();
  if (!object) return;
  if (representation.version == kVersionNext) {
    // The dropped members are gone at every level, also inside a pull request's base repository.
    for (const char* dropped : {"assignee", "has_downloads", "use_squash_pr_title_as_default"})
      object->erase(dropped);
  }
  const auto& media = representation.media;
  if (media == "html" || media == "text" || media == "full") add_rendered_bodies(*object, media);
  if (representation.is_json_plain() && representation.version == kVersionDefault) return;
  for (auto& member : *object) represent(member.value(), representation);
}

bool wants_pretty(std::string_view user_agent) {
  return std::ranges::any_of(
      std::array<std::string_view, 4>{"curl", "Wget", "Safari", "Firefox"},
      [&](std::string_view name) { return user_agent.find(name) != std::string_view::npos; });
}

std::string write_pretty(const json::value& value) {
  std::string out;
  write_pretty(out, value, 0);
  out += "\n";
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    std::string_view parameters = take_until(accept_encoding, ',');
    const std::string_view coding = trim(take_until(parameters, ';'));
    std::string weight(trim(parameters));
    std::erase(weight, ' ');
    const bool is_refused =
        weight == "q=0" || weight == "q=0.0" || weight == "q=0.00" || weight == "q=0.000";
    if ((equal_ignoring_case(coding, "gzip") || coding == "*") && !is_refused) return true;
  }
  return false;
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  constexpr int kWindowBitsForGzip = 15 + 16;
  GHMESH_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBitsForGzip, 8,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  std::vector<Bytef> input(text.begin(), text.end());  // zlib's interface is older than const
  std::vector<Bytef> out(deflateBound(&stream, text.size()));
  stream.next_in = input.data();
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  GHMESH_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  const auto bytes_count = static_cast<std::ptrdiff_t>(stream.total_out);
  deflateEnd(&stream);
  return {out.begin(), out.begin() + bytes_count};
}

}  // namespace ghmesh::sim
