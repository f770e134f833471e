// The types that all folders share: ids of words, and memory laid out in cache lines.
//
// The kernels include this: nothing but declarations may stand here (see kernels/kernels.hpp).
//
// Python validates, C++ computes; python/ alone knows Python. Symbols follow the equations: V and U
// are the center and the outside matrix, d their dimension, K the number of negatives a pair, m the
// window radius.
#pragma once

#include <cstdint>

namespace wordkin {

using Id = std::int32_t;
constexpr Id kLineEnd = -1;          // stands between the ids of two lines
constexpr int kRowAlignment = 16;    // floats: every row begins on a cache line

struct alignas(64) CacheLine {
  float floats[kRowAlignment];
};

}  // namespace wordkin
