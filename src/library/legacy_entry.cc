// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/legacy_entry.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "library/canonical_json.h"
#include "library/local_cache.h"
#include "library/validation.h"

namespace ghmesh::library {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kLegacyTextBytesMax = 32u << 20;  // a value of 8 MiB, with escapes

// Seconds, as Python's time.time() gives them. Years around 36,812 are beyond what a record holds.
std::optional<std::int64_t> milliseconds_of(const dom::object& object, std::string_view name) {
  double seconds = 0;
  if (object.at_key(name).get_double().get(seconds) != simdjson::SUCCESS) return std::nullopt;
  if (!(seconds >= 0) || seconds > 1e12) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(seconds * 1000));
}

// As simdjson writes it: the same value, in fewer bytes.
std::string json_of(const dom::element& value) { return simdjson::minify(value); }

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

Key key_of_joined(std::string_view joined) {
  std::string operation(joined.substr(0, joined.find(':')));
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> named;
  std::string_view rest = joined.substr(operation.size());
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find(':'));
    rest.remove_prefix(part.size());
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && is_name(part.substr(0, equals)))
      named.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    else arguments.emplace_back(part);
  }
  return Key(std::move(operation), std::move(arguments), std::move(named));
}

// The repository that an answer says it is about: "octocat/Hello-World".
std::string repository_of(const std::string& data) {
  const JsonText json(data);
  dom::object object;
  if (!json.is_good() || json.value().get_object().get(object) != simdjson::SUCCESS) return {};
  for (const char* name : {"full_name", "nameWithOwner"}) {
    std::string_view text;
    if (object.at_key(name).get_string().get(text) == simdjson::SUCCESS &&
        std::ranges::count(text, '/') == 1)
      return std::string(text);
  }
  return {};
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  out += out.size() > 1 ? ", " : "";
  append_canonical_text(out, name);
  out += ": ";
  out += json;
}

std::string seconds_text(std::int64_t milliseconds) {
  const std::string thousandths = std::to_string(1000 + milliseconds % 1000).substr(1);
  return std::to_string(milliseconds / 1000) + "." + thousandths;
}

Result<LegacyEntry> read_entry(const dom::object& object, std::string_view joined_key) {
  LegacyEntry entry{.joined_key = std::string(joined_key)};
  const auto written_at = milliseconds_of(object, "timestamp");
  const auto ttl = milliseconds_of(object, "ttl");
  dom::element data, fields;
  if (!written_at || !ttl || object.at_key("data").get(data) != simdjson::SUCCESS)
    return Errc::malformed;
  entry.written_at = *written_at;
  entry.ttl = std::min(*ttl, kTtlMax);
  entry.data = json_of(data);
  if (object.at_key("validation_fields").get(fields) == simdjson::SUCCESS && fields.is_object() &&
      !append_canonical(entry.validation_fields, fields))
    return Errc::malformed;
  std::string_view hash;
  if (object.at_key("content_hash").get_string().get(hash) == simdjson::SUCCESS)
    entry.is_hash_good =
        !entry.validation_fields.empty() && hash == cid_of_canonical(entry.validation_fields);
  if (entry.data.size() > kDataBytesMax || entry.joined_key.size() > kKeyBytesMax)
    return Errc::too_large;
  return entry;
}

}  // namespace

std::string legacy_stem(std::string_view joined_key) {
  std::string stem(joined_key);
  for (char& c : stem)
    if (c == '/' || c == ':' || c == '*') c = '_';
  return stem;
}

Result<LegacyEntry> parse_legacy_entry(std::string_view text) {
  if (text.size() > kLegacyTextBytesMax) return Errc::too_large;
  const JsonText json(text);
  dom::object object;
  if (!json.is_good() || json.value().get_object().get(object) != simdjson::SUCCESS)
    return Errc::malformed;
  std::string_view joined;
  if (object.at_key("cache_key").get_string().get(joined) != simdjson::SUCCESS)
    joined = {};  // older files have none
  return read_entry(object, joined);
}

Result<LegacyEntry> parse_legacy_message(std::string_view text) {
  if (text.size() > kLegacyTextBytesMax) return Errc::too_large;
  const JsonText json(text);
  dom::object object, entry;
  std::string_view joined;
  if (!json.is_good() || json.value().get_object().get(object) != simdjson::SUCCESS ||
      object.at_key("key").get_string().get(joined) != simdjson::SUCCESS || joined.empty() ||
      object.at_key("entry").get_object().get(entry) != simdjson::SUCCESS)
    return Errc::malformed;
  return read_entry(entry, joined);
}

std::string write_legacy_entry(const Key& key, const Value& value) {
  const Record& record = value.impl()->record;
  std::string out = "{";
  std::string joined;
  append_canonical_text(joined, key.joined());
  append_member(out, "cache_key", joined);
  append_member(out, "data", record.data);
  append_member(out, "timestamp", seconds_text(record.written_at));
  append_member(out, "ttl", std::to_string((record.ttl + 999) / 1000));
  std::string cid = "null";
  if (!record.validation_cid.empty()) {
    cid.clear();
    append_canonical_text(cid, record.validation_cid);
  }
  append_member(out, "content_hash", cid);
  append_member(out, "validation_fields",
                record.validation_fields.empty() ? "null" : record.validation_fields);
  return out + "}";
}

std::optional<Key> legacy_key(const LegacyEntry& entry, std::string_view stem) {
  if (!entry.joined_key.empty()) {
    if (legacy_stem(entry.joined_key) != stem) return std::nullopt;  // renamed by somebody
    return key_of_joined(entry.joined_key);
  }
  const std::string repository = repository_of(entry.data);
  const std::string suffix = "_" + legacy_stem(repository);
  if (!repository.empty() && stem.size() > suffix.size() && stem.ends_with(suffix))
    return Key(std::string(stem.substr(0, stem.size() - suffix.size())), {repository});
  // Operations alone, as the predecessor's callers name them: a verb and what it gets, and no name of a repository.
  constexpr std::array<std::string_view, 4> kAlone{"list_repos", "get_user", "get_rate_limit",
                                                   "get_auth_status"};
  if (std::ranges::find(kAlone, stem) != kAlone.end()) return Key(std::string(stem));
  return std::nullopt;
}

}  // namespace ghmesh::library
