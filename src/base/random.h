// SPDX-License-Identifier: Apache-2.0 OR MIT
// Random: reproducible numbers for jitter, sampling and simulation (xoshiro256**, seeded through splitmix64; Blackman
// and Vigna 2018, public domain). The same seed gives the same numbers for ever. Not for keys: crypto/random.h.
#pragma once

#include <cstdint>
#include <limits>

namespace ghmesh {

class Random {
 public:
  using result_type = std::uint64_t;

  explicit Random(std::uint64_t seed);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

  // Uniform in [0, bound). `bound` is at least 1.
  std::uint64_t below(std::uint64_t bound);
  // True with this probability, in [0, 1].
  bool chance(double probability);
  // Uniform in [0, 1).
  double unit();

 private:
  std::uint64_t state_[4];
};

}  // namespace ghmesh
