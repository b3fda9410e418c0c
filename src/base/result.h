// SPDX-License-Identifier: Apache-2.0 OR MIT
// Result<T>: a value or an error, never both, never ignored.
//
// Spelled like std::expected, which g++ 12 ships only for C++23 and clang 14 cannot parse; the day both can, this file
// becomes an alias. The error type is fixed to boost::system::error_code, the one Asio already speaks, so that an error
// of the network and an error of ours travel the same way. Errors of the world come back as a Result; mistakes of our
// own end the program (base/check.h).
#pragma once

#include <boost/system/error_code.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace ghmesh {

using Error = boost::system::error_code;

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, error) { GHMESH_CHECK(error.failed()); }
  Result(Errc code) : Result(make_error_code(code)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    GHMESH_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    GHMESH_CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    GHMESH_CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error error() const {
    GHMESH_CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

  template <class U>
  T value_or(U&& otherwise) && {
    return has_value() ? std::move(*std::get_if<0>(&state_))
                       : static_cast<T>(std::forward<U>(otherwise));
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(error) { GHMESH_CHECK(error.failed()); }
  Result(Errc code) : Result(make_error_code(code)) {}

  bool has_value() const { return !error_.failed(); }
  explicit operator bool() const { return has_value(); }
  void value() const { GHMESH_CHECK(has_value()); }
  Error error() const {
    GHMESH_CHECK(!has_value());
    return error_;
  }

 private:
  Error error_;
};

}  // namespace ghmesh
