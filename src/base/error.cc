// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "base/error.h"

#include <string>

namespace ghmesh {
namespace {

class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "ghmesh"; }
  std::string message(int code) const override {
    switch (static_cast<Errc>(code)) {
      case Errc::ok: return "no error";
#define X(name, text) \
  case Errc::name: return text;
        GHMESH_ERRORS(X)
#undef X
    }
    return "unknown error";
  }
};

}  // namespace

const boost::system::error_category& error_category() {
  static const Category category;
  return category;
}

const char* error_name(const boost::system::error_code& error) {
  if (error.category() != error_category()) return "other";
  switch (static_cast<Errc>(error.value())) {
    case Errc::ok: return "ok";
#define X(name, text) \
  case Errc::name: return #name;
      GHMESH_ERRORS(X)
#undef X
  }
  return "other";
}

}  // namespace ghmesh
