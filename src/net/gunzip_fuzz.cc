// SPDX-License-Identifier: Apache-2.0 OR MIT
// All at once and in small steps give the same, and never more than was allowed.
#include <cstdint>

#include "base/check.h"
#include "net/gunzip.h"

using namespace ghmesh;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kOutputMax = 1 << 20;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto whole = net::gunzip(input, kOutputMax);
  GHMESH_CHECK(!whole || whole->size() <= kOutputMax);

  net::Gunzip decoder;
  std::string text;
  std::string_view rest = input;
  bool is_valid = true;
  while (is_valid && (!rest.empty() || decoder.needs_room()) && text.size() <= kOutputMax) {
    std::string_view step = rest.substr(0, 7);
    const std::size_t offered = step.size();
    std::string part;
    is_valid = decoder.decode(step, part, 1000).has_value();
    rest.remove_prefix(offered - step.size());
    text += part;
  }
  if (whole) GHMESH_CHECK(is_valid && decoder.is_whole() && text == *whole);
  return 0;
}
