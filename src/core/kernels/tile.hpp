// What stands between the matrix products of the exact engine: the parts that residual.cpp and
// line_search.cpp share.
//
// Compiled once for each instruction set, like the stochastic kernel, and under the same rule
// (kernels.hpp): all that stands here is local to the file that includes it.
//
// A row r of one matrix meets all rows w of the other one, x_w = a_r . b_w. Its loss, a pair, is
//
//   softmax    log sum_w e^x_w                           - sum_o f_o x_o        f_o = N_ro / n_r
//   poisson    sum_w m_w e^x_w / n_r                     - sum_o f_o x_o        m_w = e^column_w
//   logistic   sum_w m_w s+(x_w) + sum_o f_o [ s+(-x_o) - h_o s+(x_o) ]         s+(x) = log(1 + e^x)
//              m_w = row_r column_w / n_r,  h_o = row_hit_r column_hit_o
//
// where the sums over o take the pairs that were counted, and those over w take all words. Sums are
// taken in a fixed order, a row by one thread: the results do not depend on how many there are.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr std::int64_t kBlock = 4096;   // columns that are summed before the sum goes into a double

template <typename T>
constexpr int lanes() {
  return kLanes * 4 / sizeof(T);
}

INLINE bool finite(double x) { return x - x == 0; }

template <typename T>
INLINE T largest_exponent() {
  return sizeof(T) == 4 ? T(88) : T(709);
}

template <typename T>
INLINE Vector<T> bounded_exponential(Vector<T> x) {
  const Vector<T> most = splat(largest_exponent<T>());
  return exponential(x > most ? most : x);
}

// s(x), and log(1 + e^x), both stable.
template <typename T>
struct Logistic {
  Vector<T> sigmoid, softplus;
  INLINE explicit Logistic(Vector<T> x) {
    const Vector<T> zero{}, e = exponential(x > zero ? -x : x), reciprocal = T(1) / (e + T(1));
    sigmoid = x > zero ? reciprocal : e * reciprocal;
    softplus = (x < zero ? zero : x) + log_one_plus(e);   // a NaN stays a NaN
  }
};

// Calls f(at) for each whole vector of [0, n), then f for a copy of the rest: f(at, count) with count
// below the number of lanes.
template <typename T, typename Whole, typename Rest>
INLINE void for_vectors(std::int64_t n, Whole whole, Rest rest) {
  std::int64_t at = 0;
  for (; at + lanes<T>() <= n; at += lanes<T>()) whole(at);
  if (at < n) rest(at, static_cast<int>(n - at));
}

template <typename T>
INLINE Vector<T> load_some(const T* p, int count, T rest) {
  T values[lanes<T>()];
  for (int i = 0; i < lanes<T>(); ++i) values[i] = i < count ? p[i] : rest;
  return load_unaligned(values);
}

// The sums of up to 3 functions of the elements of arrays, in blocks: f(vectors, sums) adds to the
// sums; the arrays end in what `rests` names, which must add nothing.
template <typename T, int kArrays, int kSums, typename F>
INLINE void sum_over(std::int64_t n, const T* const* arrays, const T* rests, double* totals, F f) {
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t size = n - begin < kBlock ? n - begin : kBlock;
    Vector<T> sums[kSums] = {}, x[kArrays];
    for_vectors<T>(
        size,
        [&](std::int64_t at) ALWAYS_INLINE {
          for (int k = 0; k < kArrays; ++k) x[k] = load_unaligned(arrays[k] + begin + at);
          f(x, sums);
        },
        [&](std::int64_t at, int count) ALWAYS_INLINE {
          for (int k = 0; k < kArrays; ++k) x[k] = load_some(arrays[k] + begin + at, count, rests[k]);
          f(x, sums);
        });
    for (int k = 0; k < kSums; ++k) totals[k] += static_cast<double>(sum(sums[k]));
  }
}

// out = f(arrays), elementwise.
template <typename T, int kArrays, typename F>
INLINE void transform(std::int64_t n, const T* const* arrays, T* out, F f) {
  Vector<T> x[kArrays];
  for_vectors<T>(
      n,
      [&](std::int64_t at) ALWAYS_INLINE {
        for (int k = 0; k < kArrays; ++k) x[k] = load_unaligned(arrays[k] + at);
        store_unaligned(out + at, f(x));
      },
      [&](std::int64_t at, int count) ALWAYS_INLINE {
        for (int k = 0; k < kArrays; ++k) x[k] = load_some(arrays[k] + at, count, T(0));
        T values[lanes<T>()];
        store_unaligned(values, f(x));
        for (int i = 0; i < count; ++i) out[at + i] = values[i];
      });
}

template <typename T>
double maximum(const T* x, std::int64_t n) {
  Vector<T> most = splat(x[0]);
  for_vectors<T>(
      n,
      [&](std::int64_t at) ALWAYS_INLINE {
        const Vector<T> now = load_unaligned(x + at);
        most = now > most ? now : most;
      },
      [&](std::int64_t at, int count) ALWAYS_INLINE {
        const Vector<T> now = load_some(x + at, count, x[0]);
        most = now > most ? now : most;
      });
  T found = most[0];
  for (int i = 1; i < lanes<T>(); ++i) found = most[i] > found ? most[i] : found;
  return static_cast<double>(found);
}

// One row of a tile.
template <typename T>
struct Row {
  const T* x;
  std::int64_t columns, entries;
  const Id* indices;
  const T* counts;
  double n;
};

template <typename T>
Row<T> row_of(const Tile<T>& tile, std::int64_t r) {
  const std::int64_t begin = tile.indptr[r], end = tile.indptr[r + 1];
  return {tile.x + r * tile.stride, tile.lengths ? tile.lengths[r] : tile.stride, end - begin,
          tile.indices + begin, tile.counts + begin, static_cast<double>(tile.n[r])};
}

}  // namespace
}  // namespace wordkin::WORDKIN_LEVEL
