// Vectors of a level's width, and the functions that kernels take of them elementwise.
//
// To be included only by files that are compiled once for each instruction set: all that stands here
// is local to the one that includes it.
#pragma once

#include "kernels/kernels.hpp"

#if defined(__AVX512F__)
#define WORDKIN_LANES 16
#elif defined(__AVX__)
#define WORDKIN_LANES 8
#else
#define WORDKIN_LANES 4
#endif

#define ALWAYS_INLINE __attribute__((always_inline))   // sums must stay in registers
#define INLINE ALWAYS_INLINE inline

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr int kLanes = WORDKIN_LANES;   // floats in a vector; half as many doubles

typedef float vf __attribute__((vector_size(kLanes * 4), may_alias));
typedef std::int32_t vi __attribute__((vector_size(kLanes * 4), may_alias));
typedef double vd __attribute__((vector_size(kLanes * 4), may_alias));
typedef std::int64_t vl __attribute__((vector_size(kLanes * 4), may_alias));

template <typename T>
struct VectorOf;
template <>
struct VectorOf<float> {
  using type = vf;
};
template <>
struct VectorOf<double> {
  using type = vd;
};
template <typename T>
using Vector = typename VectorOf<T>::type;

// Not a sum: x + 0 is not x for x = -0, so the compiler would have to add.
INLINE vf splat(float x) { return x - vf{}; }
INLINE vd splat(double x) { return x - vd{}; }

template <typename T>
INLINE Vector<T> load_unaligned(const T* p) {
  Vector<T> x;
  __builtin_memcpy(&x, p, sizeof x);
  return x;
}
template <typename T>
INLINE void store_unaligned(T* p, Vector<T> x) {
  __builtin_memcpy(p, &x, sizeof x);
}

INLINE float sum(vf x) {
  typedef float v4 __attribute__((vector_size(16)));
  v4 parts[kLanes / 4], total = {};
  __builtin_memcpy(parts, &x, sizeof x);
  for (int i = 0; i < kLanes / 4; ++i) total += parts[i];
  return (total[0] + total[2]) + (total[1] + total[3]);
}
INLINE double sum(vd x) {
  double total = 0;
  for (int i = 0; i < kLanes / 2; ++i) total += x[i];
  return total;
}

// e^x for x <= 88: 2^n * 2^f, with a minimax polynomial for 2^f on [-1/2, 1/2] (7.5e-8).
INLINE vf exponential(vf x) {
  x = x < -87.0f ? splat(-87.0f) : x;
  const vf rounder = splat(12582912.0f);   // 1.5 * 2^23: adding it rounds to an integer
  const vf n = (x * 1.44269504f + rounder) - rounder;
  const vf f = x * 1.44269504f - n;
  vf p = splat(1.32764715e-3f);
  p = p * f + 9.67554133e-3f;
  p = p * f + 5.55071327e-2f;
  p = p * f + 2.40221197e-1f;
  p = p * f + 6.93146967e-1f;
  p = p * f + 1.00000007f;
  const vi exponent = __builtin_convertvector(n, vi) << 23;
  return (vf)((vi)p + exponent);
}

// e^x for x <= 709: 2^n * e^r, with Taylor's polynomial for |r| <= log(2) / 2 (4e-18).
INLINE vd exponential(vd x) {
  x = x < -708.0 ? splat(-708.0) : x;
  const vd rounder = splat(6755399441055744.0);   // 1.5 * 2^52
  const vd n = (x * 1.4426950408889634 + rounder) - rounder;
  const vd r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;   // log(2) in two parts
  vd p = splat(1.0 / 6227020800.0);
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const vl exponent = __builtin_convertvector(n, vl) << 52;
  return (vd)((vl)p + exponent);
}

// log(1 + e) for 0 <= e <= 1, a minimax polynomial (relative error 1.9e-7).
INLINE vf log_one_plus(vf e) {
  vf p = splat(-8.53919842e-3f);
  p = p * e + 4.40895963e-2f;
  p = p * e - 1.07681664e-1f;
  p = p * e + 1.77452381e-1f;
  p = p * e - 2.44954616e-1f;
  p = p * e + 3.32754796e-1f;
  p = p * e - 4.99974054e-1f;
  p = p * e + 9.99999806e-1f;
  return p * e;
}

// log(1 + e) for 0 <= e <= 1: twice the inverse hyperbolic tangent of e / (2 + e) (relative 1e-17).
INLINE vd log_one_plus(vd e) {
  const vd s = e / (2.0 + e), square = s * s;
  vd p = splat(1.0 / 35.0);
  for (int k = 33; k > 0; k -= 2) p = p * square + 1.0 / k;
  return 2.0 * s * p;
}

}  // namespace
}  // namespace wordkin::WORDKIN_LEVEL
