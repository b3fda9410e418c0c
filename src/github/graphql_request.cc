// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "github/graphql_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "base/text.h"
#include "github/freshness.h"
#include "github/json_document.h"
#include "github/key.h"

namespace ghmesh::github {
namespace {

namespace dom = simdjson::dom;

// Variables are lists of inputs, and inputs of inputs; simdjson itself ends at 1,024.
constexpr int kVariablesDepthMax = 64;
// The documents that are remembered: a client has a few dozen, each of a few kilobytes.
constexpr std::size_t kKnownCountMax = 256;
constexpr std::size_t kKnownBytesMax = 1 << 20;
// Only errors are looked for in an answer of any size that is kept.
constexpr std::size_t kAnswerBytesMax = 8 << 20;

void append_part(std::string& out, std::string_view part) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.size());
  out.append(digits.data(), end.ptr);
  out += ':';
  out += part;
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[static_cast<unsigned char>(c) >> 4];
      out += kDigits[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

// JSON with the names of each object sorted. False: too deep, or a name stands twice in one object, whose meaning would
// be the server's choice.
bool append_canonical(std::string& out, const dom::element& value, int depth) {
  if (depth > kVariablesDepthMax) return false;
  switch (value.type()) {
    case dom::element_type::STRING: append_text(out, std::string_view(value)); return true;
    case dom::element_type::ARRAY: {
      out += '[';
      for (const dom::element member : dom::array(value)) {
        if (out.back() != '[') out += ',';
        if (!append_canonical(out, member, depth + 1)) return false;
      }
      out += ']';
      return true;
    }
    case dom::element_type::OBJECT: {
      std::vector<std::pair<std::string_view, dom::element>> members;
      for (const auto& [name, member] : dom::object(value)) members.emplace_back(name, member);
      std::ranges::sort(members, {}, [](const auto& member) { return member.first; });
      out += '{';
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0 && members[i].first == members[i - 1].first) return false;
        if (i > 0) out += ',';
        append_text(out, members[i].first);
        out += ':';
        if (!append_canonical(out, members[i].second, depth + 1)) return false;
      }
      out += '}';
      return true;
    }
    // 1 and 1.0 are different inputs: the one is no Int.
    case dom::element_type::DOUBLE: {
      std::array<char, 32> digits;
      const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), double(value));
      out.append(digits.data(), end.ptr);
      if (std::string_view(digits.data(), end.ptr).find_first_of(".e") == std::string_view::npos)
        out += ".0";
      return true;
    }
    default: out += simdjson::minify(value); return true;
  }
}

// What the body says. Anything that is there twice, or of another kind than GraphQL over HTTP has it, is unreadable.
struct Envelope {
  std::string_view query, operation_name;
  dom::element variables;
  bool has_variables = false;
};

bool read_envelope(const dom::object& object, Envelope& out) {
  bool has_query = false, has_name = false, has_variables = false;
  for (const auto& [name, value] : object) {
    if (name == "query") {
      if (std::exchange(has_query, true) || value.get_string().get(out.query) != simdjson::SUCCESS)
        return false;
    } else if (name == "operationName") {
      if (std::exchange(has_name, true)) return false;
      if (!value.is_null() && value.get_string().get(out.operation_name) != simdjson::SUCCESS)
        return false;
    } else if (name == "variables") {
      if (std::exchange(has_variables, true)) return false;
      if (value.is_null()) continue;
      if (!value.is_object()) return false;
      out.variables = value;
      out.has_variables = true;
    } else {
      return false;  // "extensions", persisted queries: not understood here
    }
  }
  return has_query;
}

bool is_json_body(const http::RequestHead& head) {
  const std::string_view type = head.get("content-type");
  return (type.empty() || type.find("json") != std::string_view::npos) &&
         !head.find("content-encoding");
}

// Fields that change what is answered.
constexpr std::array<std::string_view, 3> kKeyFields{"accept", "graphql-features",
                                                     "x-github-next-global-id"};

bool append_fields(std::string& out, const http::RequestHead& head) {
  for (const std::string_view name : kKeyFields) {
    if (head.count(name) > 1 || head.get(name).size() > kKeyFieldBytesMax) return false;
    append_part(out, trim(head.get(name)));
  }
  return true;
}

// Owner and repository, as they are spelled in paths.
bool append_operand(std::string& out, const GraphqlOperand& operand, const Envelope& envelope) {
  std::string_view text = operand.text;
  if (operand.is_variable &&
      (!envelope.has_variables ||
       envelope.variables.at_key(operand.text).get_string().get(text) != simdjson::SUCCESS))
    return false;
  if (text.empty() || text.find('/') != std::string_view::npos) return false;
  out += '/';
  for (const char c : text) out += ascii_lower(c);
  return true;
}

Witness read_witness(const WitnessRule& rule, const Envelope& envelope) {
  Witness witness{.kind = rule.kind, .needs_checks = rule.needs_checks};
  if (rule.is_node) {
    std::string_view id = rule.number;
    if (rule.is_variable &&
        (!envelope.has_variables ||
         envelope.variables.at_key(rule.number).get_string().get(id) != simdjson::SUCCESS))
      return {};
    witness.node = id;
    return id.empty() || id.size() > kKeyFieldBytesMax ? Witness() : witness;
  }
  if (rule.kind == WitnessKind::none || rule.kind == WitnessKind::list) return witness;
  const bool is_read =
      rule.is_variable
          ? envelope.has_variables &&
                envelope.variables.at_key(rule.number).get_uint64().get(witness.number) ==
                    simdjson::SUCCESS
          : std::from_chars(rule.number.data(), rule.number.data() + rule.number.size(),
                            witness.number)
                    .ec == std::errc();
  return is_read && witness.number > 0 ? witness : Witness();
}

void write_scope(const GraphqlOperation& operation, const Envelope& envelope, std::string& scope) {
  if (operation.repository.text.empty()) return;
  scope = "repos";
  if (!append_operand(scope, operation.owner, envelope) ||
      !append_operand(scope, operation.repository, envelope))
    scope.clear();
}

}  // namespace

const GraphqlOperation& GraphqlReader::operation_of(std::string_view document,
                                                    std::string_view name) {
  thread_local std::string at;
  at.assign(name);
  at += '\n';  // no name has one
  at += document;
  const auto found = known_.find(at);
  if (found != known_.end()) return found->second;
  if (known_.size() >= kKnownCountMax || known_bytes_ + at.size() > kKnownBytesMax) {
    known_.clear();
    known_bytes_ = 0;
  }
  GraphqlOperation operation;
  const auto canonical = graphql::canonical_text(document);
  const auto parsed = graphql::parse_document(document);
  if (canonical && parsed) {
    operation = read_operation(*parsed, name);
    operation.document = crypto::sha256(as_bytes(*canonical));
  }
  known_bytes_ += at.size();
  return known_.emplace(at, operation).first->second;
}

void GraphqlReader::read(std::string_view host, const http::RequestHead& head,
                         std::string_view body, GraphqlRequest& out) {
  out.kind = GraphqlKind::unreadable;
  out.freshness = GraphqlClass::never;
  out.reason = {};
  out.key.clear();
  out.scope.clear();
  out.witness = {};
  if (!is_json_body(head)) return;
  const JsonDocument json(body, kGraphqlReadBytesMax);
  Envelope envelope;
  if (!json.is_open() || !read_envelope(json.object(), envelope)) return;
  const GraphqlOperation& operation = operation_of(envelope.query, envelope.operation_name);
  out.kind = operation.kind;
  out.freshness = operation.freshness;
  out.reason = operation.reason;
  if (out.kind != GraphqlKind::query) return;
  out.key = "g1:";
  append_part(out.key, host);
  append_part(out.key, as_text(operation.document));
  append_part(out.key, envelope.operation_name);
  thread_local std::string variables;
  variables.clear();
  const bool is_canonical =
      !envelope.has_variables || append_canonical(variables, envelope.variables, 0);
  append_part(out.key, variables == "{}" ? std::string_view() : variables);
  write_scope(operation, envelope, out.scope);
  if (!out.scope.empty() || operation.witness.is_node)
    out.witness = read_witness(operation.witness, envelope);
  if (is_canonical && append_fields(out.key, head)) return;
  out.kind = GraphqlKind::unreadable;
  out.key.clear();
  out.scope.clear();
}

bool may_keep_graphql(const http::Answer& answer) {
  if (answer.status != 200) return false;
  const JsonDocument json(answer.body_text(), kAnswerBytesMax);
  if (!json.is_open()) return false;
  dom::element errors, data;
  if (json.object().at_key("errors").get(errors) != simdjson::NO_SUCH_FIELD) return false;
  return json.object().at_key("data").get(data) == simdjson::SUCCESS && data.is_object() &&
         !carries_capability(answer.body_text());
}

bool is_graphql_limited(const http::Answer& answer) {
  if (answer.status != 200) return is_rate_limited(answer);
  const JsonDocument json(answer.body_text(), kGraphqlReadBytesMax);
  dom::array errors;
  if (!json.is_open() ||
      json.object().at_key("errors").get_array().get(errors) != simdjson::SUCCESS)
    return false;
  return std::ranges::any_of(errors, [](const dom::element error) {
    std::string_view type;
    return error.at_key("type").get_string().get(type) == simdjson::SUCCESS &&
           type == "RATE_LIMITED";
  });
}

}  // namespace ghmesh::github
