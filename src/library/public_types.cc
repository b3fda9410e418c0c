// SPDX-License-Identifier: Apache-2.0 OR MIT
// The small types of ghmesh/cache.h.
#include "crypto/secret.h"
#include "ghmesh/cache.h"
#include "library/local_cache.h"
#include "library/validation.h"

namespace ghmesh {
namespace {

void wipe(std::string& text) { crypto::wipe(std::as_writable_bytes(std::span(text))); }

class FailureCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "ghmesh"; }
  std::string message(int code) const override {
    switch (static_cast<Failure>(code)) {
      case Failure::timed_out: return "the deadline has passed";
      case Failure::too_large: return "larger than can be kept";
      case Failure::malformed: return "not in the form that is asked for";
      case Failure::store_unsafe:
        return "the directory is not safe to use: it must be this user's own";
      case Failure::store_failed: return "the store cannot be written";
      case Failure::unreachable: return "GitHub does not answer";
      case Failure::closed: return "the cache is closed";
      case Failure::swarm_failed: return "the swarm cannot be joined";
    }
    return "unknown failure";
  }
};

SystemTime to_time(std::int64_t milliseconds) {
  return SystemTime(std::chrono::milliseconds(milliseconds));
}

}  // namespace

const std::error_category& failure_category() noexcept {
  static const FailureCategory category;
  return category;
}

SecretText::SecretText(std::string text) noexcept : text_(text) { wipe(text); }
SecretText::SecretText(SecretText&& other) noexcept : text_(other.text_) {
  wipe(other.text_);
  other.text_.clear();
}
SecretText& SecretText::operator=(SecretText&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_);
  text_ = other.text_;
  wipe(other.text_);
  other.text_.clear();
  return *this;
}
SecretText::~SecretText() { wipe(text_); }
SecretText SecretText::clone() const { return SecretText(text_); }

std::string_view Value::data() const noexcept { return impl_->record.data; }
SystemTime Value::written_at() const noexcept { return to_time(impl_->record.written_at); }
Milliseconds Value::ttl() const noexcept { return Milliseconds(impl_->record.ttl); }
std::string_view Value::validation_cid() const noexcept { return impl_->record.validation_cid; }
std::string_view Value::validation_fields() const noexcept {
  return impl_->record.validation_fields;
}
bool Value::is_of_peer() const noexcept { return impl_->record.is_of_peer; }
std::uint64_t Value::version() const noexcept { return impl_->version; }

std::string validation_fields_of(std::string_view operation, std::string_view data) {
  return library::validation_fields_of(operation, data);
}
std::string validation_cid_of(std::string_view json) { return library::validation_cid_of(json); }

}  // namespace ghmesh
