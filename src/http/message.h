// SPDX-License-Identifier: Apache-2.0 OR MIT
// Requests and answers as values. No sockets and no parsing here: net/ makes a RequestHead out of bytes, everybody else
// reads it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "http/headers.h"

namespace ghmesh::http {

// What a front door saw, as views into its buffer: valid until the next read on that connection. The fields keep their
// order, spelling and repetition.
struct FieldView {
  std::string_view name;
  std::string_view value;  // without surrounding blanks
};

struct RequestHead {
  std::string_view method;
  std::string_view target;  // exactly as sent: origin-form, absolute-form or "*"
  // The Host field; the authority of an absolute-form target overrides it (RFC 9112, 3.2.2).
  std::string_view host;
  int version_minor = 1;  // HTTP/1.x
  bool keep_alive = true;
  std::array<FieldView, kFieldsCountMax> fields;
  std::size_t fields_count = 0;
  // How the body is framed. Neither: there is no body.
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;

  std::span<const FieldView> all_fields() const { return {fields.data(), fields_count}; }
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view get(std::string_view name) const {
    return find(name).value_or(std::string_view());
  }
  std::size_t count(std::string_view name) const;
  bool has_body() const { return is_chunked || content_length.value_or(0) > 0; }
};

// A whole answer, as the upstream sent it or as we make it. The body is shared: a thousand waiters hold one copy.
using Body = std::shared_ptr<const std::string>;
Body make_body(std::string text);

struct Answer {
  int status = 0;
  Headers headers;
  Body body;  // never null after make_answer(); identity-encoded

  std::string_view body_text() const { return body ? std::string_view(*body) : std::string_view(); }
};

// RFC 9110, 15. "Unknown" for numbers that are not registered.
std::string_view reason_phrase(int status);

// RFC 9110, 9.2.1.
bool is_safe_method(std::string_view method);

}  // namespace ghmesh::http
