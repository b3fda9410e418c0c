// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "library/key.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace ghmesh {
namespace {

void append_part(std::string& out, std::string_view part) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.size());
  out.append(digits.data(), end.ptr);
  out += ':';
  out += part;
}

// "<length>:<bytes>" from the front of `text`.
std::optional<std::string_view> take_part(std::string_view& text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto size = parse_decimal(text.substr(0, colon));
  if (!size || *size > text.size() - colon - 1) return std::nullopt;
  const std::string_view part = text.substr(colon + 1, *size);
  text.remove_prefix(colon + 1 + *size);
  return part;
}

}  // namespace

Key::Key(std::string operation, std::vector<std::string> arguments,
         std::vector<std::pair<std::string, std::string>> named)
    : operation_(std::move(operation)), arguments_(std::move(arguments)), named_(std::move(named)) {
  std::ranges::stable_sort(named_);
  library::KeyText text(text_);
  text.begin(operation_);
  for (const std::string& argument : arguments_) text.add(argument);
  for (const auto& [name, value] : named_) text.add_named(name, value);
}

std::string Key::joined() const {
  std::string out = operation_;
  for (const std::string& argument : arguments_) out += ':' + argument;
  for (const auto& [name, value] : named_) out += ':' + name + '=' + value;
  return out;
}

namespace library {

void KeyText::begin(std::string_view operation) {
  out_.assign("k1:");
  append_part(out_, operation);
}
void KeyText::add(std::string_view argument) {
  out_ += 'a';
  append_part(out_, argument);
}
void KeyText::add_named(std::string_view name, std::string_view value) {
  out_ += 'n';
  append_part(out_, name);
  append_part(out_, value);
}

std::optional<Key> parse_key(std::string_view text) {
  if (!text.starts_with("k1:")) return std::nullopt;
  text.remove_prefix(3);
  const auto operation = take_part(text);
  if (!operation) return std::nullopt;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> named;
  while (!text.empty()) {
    const char kind = text.front();
    text.remove_prefix(1);
    const auto part = take_part(text);
    if (!part || (kind != 'a' && kind != 'n')) return std::nullopt;
    if (kind == 'a') {
      arguments.emplace_back(*part);
      continue;
    }
    const auto value = take_part(text);
    if (!value) return std::nullopt;
    named.emplace_back(*part, *value);
  }
  return Key(std::string(*operation), std::move(arguments), std::move(named));
}

}  // namespace library
}  // namespace ghmesh
