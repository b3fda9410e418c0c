// SPDX-License-Identifier: Apache-2.0 OR MIT
// A GraphQL document as a tree (spec of October 2021, section 2): what clients send to POST /graphql.
//
// Everything that clients of GitHub write is understood: operations, variables with defaults, arguments, aliases,
// fragments, inline fragments, directives, block strings. Type definitions are not: GitHub refuses them too.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ghmesh::graphql {

inline constexpr std::size_t kDocumentBytesMax =
    1 << 20;                          // the largest that gh sends is below 20 KiB
inline constexpr int kDepthMax = 64;  // of nested selections, lists and objects

struct Value {
  enum class Kind { null, boolean, integer, real, text, enumeration, variable, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;  // of a text, an enumeration value, a real number; the name of a variable
  std::vector<Value> list;         // of a list; the values of an object
  std::vector<std::string> names;  // of an object: names[i] has the value list[i]
};

using Arguments = std::vector<std::pair<std::string, Value>>;

struct Directive {
  std::string name;
  Arguments arguments;
};

struct Selection {
  enum class Kind { field, spread, inline_fragment };
  Kind kind = Kind::field;
  std::string name;       // of the field or the spread fragment
  std::string alias;      // empty: the name
  std::string condition;  // of an inline fragment: the type; may be empty
  Arguments arguments;
  std::vector<Directive> directives;
  std::vector<Selection> selections;

  const std::string& key() const { return alias.empty() ? name : alias; }
};

struct Variable {
  std::string name;
  Value otherwise;  // the default; null when there is none
  bool is_required = false;
};

struct Operation {
  std::string kind;  // query, mutation, subscription
  std::string name;
  std::vector<Variable> variables;
  std::vector<Selection> selections;
};

struct Fragment {
  std::string condition;
  std::vector<Selection> selections;
};

struct Document {
  std::vector<Operation> operations;
  std::map<std::string, Fragment, std::less<>> fragments;

  // The one of this name, or the only one when the name is empty; nullptr otherwise.
  const Operation* find_operation(std::string_view name) const;
};

// Errors: malformed, too_large (also: nested too deeply).
Result<Document> parse_document(std::string_view text);

// The same tokens with one blank between them, and without comments: of two documents that differ in layout alone it is
// the same. Errors: malformed (not even tokens), too_large.
Result<std::string> canonical_text(std::string_view text);

}  // namespace ghmesh::graphql
