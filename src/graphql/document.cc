// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "graphql/document.h"

#include <utility>

#include "base/text.h"

namespace ghmesh::graphql {
namespace {

enum class TokenKind { end, name, punctuator, integer, real, text, bad };

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;      // what it means
  std::string_view raw;  // how it was written
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token next() {
    skip_ignored();
    const std::size_t begin = at_;
    Token token = take();
    token.raw = text_.substr(begin, at_ - begin);
    return token;
  }

 private:
  Token take() {
    if (at_ == text_.size()) return {};
    const char c = text_[at_];
    if (is_letter(c)) return take_name();
    if (is_digit(c) || c == '-') return take_number();
    if (text_.substr(at_).starts_with("\"\"\"")) return take_block_text();
    if (c == '"') return take_text();
    if (text_.substr(at_).starts_with("...")) return take_punctuator(3);
    if (std::string_view("!$&()=:@[]{}|").find(c) != std::string_view::npos)
      return take_punctuator(1);
    return {TokenKind::bad, {}, {}};
  }

  // Commas are blanks in GraphQL, and so is a byte order mark.
  void skip_ignored() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
        ++at_;
      } else if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (text_.substr(at_).starts_with("\xef\xbb\xbf")) {
        at_ += 3;
      } else {
        return;
      }
    }
  }

  Token take_punctuator(std::size_t bytes_count) {
    Token token{TokenKind::punctuator, std::string(text_.substr(at_, bytes_count)), {}};
    at_ += bytes_count;
    return token;
  }

  Token take_name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return {TokenKind::name, std::string(text_.substr(begin, at_ - begin)), {}};
  }

  Token take_number() {
    const std::size_t begin = at_;
    if (text_[at_] == '-') ++at_;
    bool is_real = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool is_part = c == '.' || c == 'e' || c == 'E' || (is_real && (c == '+' || c == '-'));
      if (!is_digit(c) && !is_part) break;
      is_real = is_real || is_part;
      ++at_;
    }
    if (!is_digit(text_[at_ - 1])) return {TokenKind::bad, {}, {}};
    return {is_real ? TokenKind::real : TokenKind::integer,
            std::string(text_.substr(begin, at_ - begin)),
            {}};
  }

  Token take_block_text() {
    at_ += 3;
    const auto end = text_.find("\"\"\"", at_);
    if (end == std::string_view::npos) return {TokenKind::bad, {}, {}};
    Token token{TokenKind::text, std::string(text_.substr(at_, end - at_)), {}};
    at_ = end + 3;
    return token;
  }

  Token take_text() {
    Token token{TokenKind::text, {}, {}};
    for (++at_; at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n'; ++at_) {
      if (text_[at_] != '\\') {
        token.text.push_back(text_[at_]);
        continue;
      }
      if (++at_ == text_.size()) break;
      if (!append_escape(token.text)) return {TokenKind::bad, {}, {}};
    }
    if (at_ == text_.size() || text_[at_] != '"') return {TokenKind::bad, {}, {}};
    ++at_;
    return token;
  }

  bool append_escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const auto known = kLetters.find(text_[at_]);
    if (known != std::string_view::npos) {
      out.push_back(kMeanings[known]);
      return true;
    }
    if (text_[at_] != 'u') return false;
    const auto unit = parse_hex(text_.substr(std::min(at_ + 1, text_.size()), 4));
    if (!unit || unit->size() != 2) return false;
    at_ += 4;
    append_utf8(out, load_big_endian<std::uint16_t>(*unit));
    return true;
  }

  // Surrogates stay what they are, in three bytes: nobody escapes an emoji in a query.
  static void append_utf8(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
      out.push_back(static_cast<char>(point));
    } else if (point < 0x800) {
      out.push_back(static_cast<char>(0xc0 | (point >> 6)));
      out.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    } else {
      out.push_back(static_cast<char>(0xe0 | (point >> 12)));
      out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3f)));
      out.push_back(static_cast<char>(0x80 | (point & 0x3f)));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Recursive descent. Each parse_x returns false at the first mistake, and the whole document is then refused.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { advance(); }

  bool parse(Document& document) {
    while (token_.kind != TokenKind::end) {
      if (is_name("fragment")) {
        if (!parse_fragment(document)) return false;
      } else {
        Operation operation;
        if (!parse_operation(operation)) return false;
        document.operations.push_back(std::move(operation));
      }
    }
    return !document.operations.empty();
  }
  bool is_too_deep() const { return is_too_deep_; }

 private:
  void advance() { token_ = lexer_.next(); }
  bool is_name(std::string_view text) const {
    return token_.kind == TokenKind::name && token_.text == text;
  }
  bool is(std::string_view punctuator) const {
    return token_.kind == TokenKind::punctuator && token_.text == punctuator;
  }
  bool take(std::string_view punctuator) {
    if (!is(punctuator)) return false;
    advance();
    return true;
  }
  bool take_name(std::string& name) {
    if (token_.kind != TokenKind::name) return false;
    name = std::exchange(token_.text, {});
    advance();
    return true;
  }
  bool descend() {
    is_too_deep_ = is_too_deep_ || depth_ == kDepthMax;
    return depth_++ < kDepthMax;
  }

  bool parse_operation(Operation& operation) {
    operation.kind = "query";
    if (is("{")) return parse_selections(operation.selections);
    if (!take_name(operation.kind)) return false;
    if (operation.kind != "query" && operation.kind != "mutation" &&
        operation.kind != "subscription")
      return false;
    if (token_.kind == TokenKind::name && !take_name(operation.name)) return false;
    if (take("(")) {
      while (!take(")")) {
        Variable variable;
        if (!parse_variable(variable)) return false;
        operation.variables.push_back(std::move(variable));
      }
    }
    std::vector<Directive> ignored;
    return parse_directives(ignored) && parse_selections(operation.selections);
  }

  bool parse_variable(Variable& variable) {
    if (!take("$") || !take_name(variable.name) || !take(":")) return false;
    if (!parse_type()) return false;
    variable.is_required = take("!");
    if (take("=") && !parse_value(variable.otherwise)) return false;
    std::vector<Directive> ignored;
    return parse_directives(ignored);
  }

  // Only its outermost "!" matters here, which the caller takes.
  bool parse_type() {
    std::string ignored;
    if (!take("[")) return take_name(ignored);
    if (!descend() || !parse_type()) return false;
    --depth_;
    static_cast<void>(take("!"));
    return take("]");
  }

  bool parse_fragment(Document& document) {
    advance();
    std::string name;
    Fragment fragment;
    if (!take_name(name) || name == "on" || !is_name("on")) return false;
    advance();
    std::vector<Directive> ignored;
    if (!take_name(fragment.condition) || !parse_directives(ignored)) return false;
    if (!parse_selections(fragment.selections)) return false;
    return document.fragments.emplace(std::move(name), std::move(fragment)).second;
  }

  bool parse_selections(std::vector<Selection>& selections) {
    if (!take("{") || !descend()) return false;
    while (!take("}")) {
      Selection selection;
      if (!parse_selection(selection)) return false;
      selections.push_back(std::move(selection));
    }
    --depth_;
    return !selections.empty();
  }

  bool parse_selection(Selection& selection) {
    if (take("...")) {
      selection.kind = Selection::Kind::inline_fragment;
      if (is_name("on")) {
        advance();
        if (!take_name(selection.condition)) return false;
      } else if (token_.kind == TokenKind::name) {
        selection.kind = Selection::Kind::spread;
        return take_name(selection.name) && parse_directives(selection.directives);
      }
      return parse_directives(selection.directives) && parse_selections(selection.selections);
    }
    if (!take_name(selection.name)) return false;
    if (take(":")) {
      selection.alias = std::exchange(selection.name, {});
      if (!take_name(selection.name)) return false;
    }
    if (!parse_arguments(selection.arguments) || !parse_directives(selection.directives))
      return false;
    return !is("{") || parse_selections(selection.selections);
  }

  bool parse_arguments(Arguments& arguments) {
    if (!take("(")) return true;
    while (!take(")")) {
      std::string name;
      Value value;
      if (!take_name(name) || !take(":") || !parse_value(value)) return false;
      arguments.emplace_back(std::move(name), std::move(value));
    }
    return !arguments.empty();
  }

  bool parse_directives(std::vector<Directive>& directives) {
    while (take("@")) {
      Directive directive;
      if (!take_name(directive.name) || !parse_arguments(directive.arguments)) return false;
      directives.push_back(std::move(directive));
    }
    return true;
  }

  bool parse_value(Value& value) {
    if (take("$")) {
      value.kind = Value::Kind::variable;
      return take_name(value.text);
    }
    if (is("[") || is("{")) return parse_composite(value);
    const Token token = std::exchange(token_, {});
    switch (token.kind) {
      case TokenKind::integer: {
        const bool is_negative = token.text.starts_with('-');
        const auto digits = parse_decimal(std::string_view(token.text).substr(is_negative ? 1 : 0));
        if (!digits || *digits > INT64_MAX) return false;
        value.kind = Value::Kind::integer;
        value.integer =
            is_negative ? -static_cast<std::int64_t>(*digits) : static_cast<std::int64_t>(*digits);
        break;
      }
      case TokenKind::real: value.kind = Value::Kind::real; break;
      case TokenKind::text: value.kind = Value::Kind::text; break;
      case TokenKind::name:
        value.kind = token.text == "null"                            ? Value::Kind::null
                     : token.text == "true" || token.text == "false" ? Value::Kind::boolean
                                                                     : Value::Kind::enumeration;
        value.boolean = token.text == "true";
        break;
      default: return false;
    }
    value.text = token.text;
    advance();
    return true;
  }

  bool parse_composite(Value& value) {
    if (!descend()) return false;
    if (take("[")) {
      value.kind = Value::Kind::list;
      while (!take("]")) {
        Value element;
        if (!parse_value(element)) return false;
        value.list.push_back(std::move(element));
      }
    } else {
      advance();
      value.kind = Value::Kind::object;
      while (!take("}")) {
        std::string name;
        Value member;
        if (!take_name(name) || !take(":") || !parse_value(member)) return false;
        value.names.push_back(std::move(name));
        value.list.push_back(std::move(member));
      }
    }
    --depth_;
    return true;
  }

  Lexer lexer_;
  Token token_;
  int depth_ = 0;
  bool is_too_deep_ = false;
};

}  // namespace

const Operation* Document::find_operation(std::string_view name) const {
  if (name.empty()) return operations.size() == 1 ? &operations.front() : nullptr;
  for (const Operation& operation : operations)
    if (operation.name == name) return &operation;
  return nullptr;
}

Result<Document> parse_document(std::string_view text) {
  if (text.size() > kDocumentBytesMax) return Errc::too_large;
  Parser parser(text);
  Document document;
  if (!parser.parse(document)) return parser.is_too_deep() ? Errc::too_large : Errc::malformed;
  return document;
}

Result<std::string> canonical_text(std::string_view text) {
  if (text.size() > kDocumentBytesMax) return Errc::too_large;
  std::string out;
  out.reserve(text.size());
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.kind == TokenKind::bad) return Errc::malformed;
    if (!out.empty()) out += ' ';
    out += token.raw;
  }
  return out;
}

}  // namespace ghmesh::graphql
