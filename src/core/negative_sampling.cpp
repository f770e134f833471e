// One step of negative sampling, equation (e) summed over the windows of a span (f).
//
// This file is compiled once for each instruction set, with WORDKIN_LEVEL naming the namespace. It
// therefore includes nothing but plain declarations and calls no function that another translation
// unit could also emit: the linker keeps one copy of an inline function, and the copy that it keeps
// could hold instructions that the processor at hand does not have.
//
// A span's centers share one pool of negatives, and a window's random radius is replaced by what it
// is in expectation, a weight p_o = (m - distance + 1) / m of each pair:
//
//   J(c) = sum_o p_o [ -log s(u_o.v_c) - K/pool_size * sum_{k != o} log s(-u_k.v_c) / (1 - q_o) ]
//
// The factor 1 / (1 - q_o), `redraw`, makes up for the draws left out because they hit o: in
// expectation they are K negatives drawn again until none is o. The sum over o of the second term has
// the same logits for every o: a pool word costs one dot product a center, not one a pair.
#include "core.hpp"

#if defined(__AVX512F__)
#define WORDKIN_LANES 16
#elif defined(__AVX__)
#define WORDKIN_LANES 8
#else
#define WORDKIN_LANES 4
#endif

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr int kLanes = WORDKIN_LANES;
constexpr int kBlock = 8;   // vectors of a row that are held in registers at once

typedef float vf __attribute__((vector_size(kLanes * 4), may_alias));
typedef std::int32_t vi __attribute__((vector_size(kLanes * 4), may_alias));

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, vi{__VA_ARGS__})
#endif

inline vf splat(float x) { return vf{} + x; }
inline vf load(const float* p) { return *reinterpret_cast<const vf*>(p); }
inline void store(float* p, vf x) { *reinterpret_cast<vf*>(p) = x; }
inline void store_unaligned(float* p, vf x) { __builtin_memcpy(p, &x, sizeof x); }

// ---- sums over the lanes of kLanes vectors at once: lane i of the result is the sum of x[i] ------

#if WORDKIN_LANES == 4
inline vf pair_sums(vf a, vf b) { return SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7); }
inline vf join_pairs(vf a, vf b) { return SHUFFLE(a, b, 0, 1, 4, 5) + SHUFFLE(a, b, 2, 3, 6, 7); }
#elif WORDKIN_LANES == 8
inline vf pair_sums(vf a, vf b) {
  return SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13) + SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
inline vf join_pairs(vf a, vf b) {
  return SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
#else
inline vf pair_sums(vf a, vf b) {
  return SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
         SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}
inline vf join_pairs(vf a, vf b) {
  return SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
         SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}
#endif

// Within each group of four lanes, lane i holds the group's share of the sum of x[i].
inline vf sums_of_4(const vf* x) {
  return join_pairs(pair_sums(x[0], x[1]), pair_sums(x[2], x[3]));
}

inline vf lane_sums(const vf* x) {
#if WORDKIN_LANES == 4
  return sums_of_4(x);
#elif WORDKIN_LANES == 8
  const vf a = sums_of_4(x), b = sums_of_4(x + 4);
  return SHUFFLE(a, b, 0, 1, 2, 3, 8, 9, 10, 11) + SHUFFLE(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
#else
  const vf a = sums_of_4(x), b = sums_of_4(x + 4), c = sums_of_4(x + 8), d = sums_of_4(x + 12);
  const vf ab = SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const vf cd = SHUFFLE(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
                SHUFFLE(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  return SHUFFLE(ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
         SHUFFLE(ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
#endif
}

// ---- the three small matrix products, by rows of at most kBlock vectors --------------------------

template <int W>
inline void add_products(vf* sums, const float* v, const float* const* rows, int n, int at) {
  vf x[W];
  for (int p = 0; p < W; ++p) x[p] = load(v + at + p * kLanes);
#pragma GCC unroll 16
  for (int r = 0; r < kLanes; ++r) {
    if (r >= n) break;
    const float* row = rows[r] + at;
    for (int p = 0; p < W; ++p) sums[r] += x[p] * load(row + p * kLanes);
  }
}

// n rows and their coefficients, `step` floats apart.
struct Terms {
  const float* const* rows;
  const float* coefficients;
  int step, n;
};

template <int W>
inline void add_terms(vf* sum, const Terms& terms, int at) {
  for (int i = 0; i < terms.n; ++i) {
    const vf g = splat(terms.coefficients[i * terms.step]);
    const float* row = terms.rows[i] + at;
    for (int p = 0; p < W; ++p) sum[p] += g * load(row + p * kLanes);
  }
}

// Calls f.run<W>(at) over the vectors of a row, in blocks of W <= kBlock: full ones, then two about
// equal ones rather than a full one and a stump.
template <typename F>
inline void for_blocks(int vectors, F f) {
  const auto block = [&](int width, int at) {
    switch (width) {
      case 1: return f.template operator()<1>(at);
      case 2: return f.template operator()<2>(at);
      case 3: return f.template operator()<3>(at);
      case 4: return f.template operator()<4>(at);
      case 5: return f.template operator()<5>(at);
      case 6: return f.template operator()<6>(at);
      case 7: return f.template operator()<7>(at);
      default: return f.template operator()<8>(at);
    }
  };
  int at = 0;
  for (; vectors >= 2 * kBlock; vectors -= kBlock, at += kBlock * kLanes) block(kBlock, at);
  if (vectors > kBlock) {
    const int half = (vectors + 1) / 2;
    block(half, at);
    at += half * kLanes;
    vectors -= half;
  }
  block(vectors, at);
}

// logits[i] = v . rows[i]; whole vectors are written, with zeros beyond n.
inline void products(float* logits, const float* v, const float* const* rows, int n, int vectors) {
  for (int i = 0; i < n; i += kLanes) {
    const int left = n - i < kLanes ? n - i : kLanes;
    vf sums[kLanes] = {};
    for_blocks(vectors, [&]<int W>(int at) { add_products<W>(sums, v, rows + i, left, at); });
    store_unaligned(logits + i, lane_sums(sums));
  }
}

// ---- sigmoid and its loss, stable for every float ------------------------------------------------

// e^x for x <= 0: 2^n * 2^f, with a minimax polynomial for 2^f on [-1/2, 1/2] (7.5e-8).
inline vf exp_nonpositive(vf x) {
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

// log(1 + e) for 0 <= e <= 1, a minimax polynomial (relative error 1.9e-7).
inline vf log_one_plus(vf e) {
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

// z = x for a negative's logit x and -x for a true pair's: the weighted loss -log s(-z) is added up,
// and x becomes the coefficient of descent, -rate * dJ/dx = -+ rate * weight * s(z).
template <bool kNegative>
inline vf descend(float* logits, const float* weights, int n, float rate) {
  vf loss = {};
  for (int i = 0; i < n; i += kLanes) {
    const vf x = load(logits + i), weight = load(weights + i);
    const vf z = kNegative ? x : -x;
    const vf e = exp_nonpositive(z > 0.0f ? -z : z);
    const vf reciprocal = 1.0f / (e + 1.0f);
    const vf sigmoid = z > 0.0f ? reciprocal : e * reciprocal;
    loss += weight * ((z < 0.0f ? vf{} : z) + log_one_plus(e));   // a NaN stays a NaN
    store(logits + i, (kNegative ? -rate : rate) * weight * sigmoid);
  }
  return loss;
}

inline void prefetch(const float* row, int vectors) {
  for (int at = 0; at < vectors * kLanes; at += kRowAlignment) __builtin_prefetch(row + at, 1, 2);
}

inline int round_up(int n) { return (n + kLanes - 1) / kLanes * kLanes; }

}  // namespace

// A center's logits stand in one row: the pool's, then those of its 2m + 1 neighbours in order, the
// center itself among them with weight zero. So the logits of one outside token lie on a diagonal.
StepResult step(const Parameters& model, const Span& span, float rate, Scratch& scratch) {
  const int vectors = (model.d + kLanes - 1) / kLanes;
  const int pool = span.pool_size, m = span.window;
  const int neighbours = round_up(pool), width = scratch.width;
  const Id* tokens = span.tokens;

  int first_outside = span.first, outside_end = span.first + span.centers;
  for (int t = 0; t < span.centers; ++t) {
    if (span.begin[t] < first_outside) first_outside = span.begin[t];
    if (span.end[t] > outside_end) outside_end = span.end[t];
  }
  const float** u = scratch.outside_rows;   // u[j] for tokens[first_outside + j]
  float* redraw = scratch.redraw;
  for (int j = first_outside; j < outside_end; ++j) {
    u[j - first_outside] = model.U + tokens[j] * model.stride;
    redraw[j - first_outside] = model.redraw[tokens[j]];
  }
  for (int k = 0; k < pool; ++k) scratch.pool_rows[k] = model.U + span.pool[k] * model.stride;

  // Logits, and what each weighs.
  StepResult result{0.0, 0.0};
  for (int t = 0; t < span.centers; ++t) {
    const int center = span.first + t;
    const int begin = span.begin[t], end = span.end[t];
    const float* v_c = model.V + tokens[center] * model.stride;
    scratch.center_rows[t] = v_c;
    // Fetch ahead, a center's share at a time, what the next span will use.
    if (center + span.centers < span.tokens_end)
      prefetch(model.V + tokens[center + span.centers] * model.stride, vectors);
    if (outside_end + t < span.tokens_end)
      prefetch(model.U + tokens[outside_end + t] * model.stride, vectors);
    if (span.upcoming)
      for (int k = t; k < pool; k += span.centers)
        prefetch(model.U + span.upcoming[k] * model.stride, vectors);

    float* logits = scratch.logits + static_cast<std::int64_t>(t) * width;
    float* weights = scratch.weights + static_cast<std::int64_t>(t) * width;
    const int offset = m - center;   // token j stands in place offset + j
    products(logits, v_c, scratch.pool_rows, pool, vectors);
    if (end - begin <= 2 * m)
      for (int i = neighbours; i < width; i += kLanes) store(logits + i, vf{});
    products(logits + neighbours + offset + begin, v_c, u + begin - first_outside, end - begin,
             vectors);

    for (int i = neighbours; i < width; ++i) weights[i] = 0.0f;
    float pairs = 0.0f, draws = 0.0f;
    for (int j = begin; j < end; ++j) {
      const float weight = span.window_weights[offset + j];
      weights[neighbours + offset + j] = weight;
      pairs += weight;
      draws += weight * redraw[j - first_outside];
    }
    for (int k = 0; k < neighbours; ++k)
      weights[k] = k < pool ? span.negative_weight * draws : 0.0f;
    result.pairs += pairs;
  }

  // A pool word is no negative of a pair whose outside word it is.
  for (int j = first_outside; j < outside_end; ++j) {
    bool drawn = false;
    for (int k = 0; k < pool; ++k) drawn |= span.pool[k] == tokens[j];
    if (!drawn) continue;
    for (int t = 0; t < span.centers; ++t) {
      if (j < span.begin[t] || j >= span.end[t]) continue;
      const float weight = span.window_weights[m - (span.first + t) + j];
      for (int k = 0; k < pool; ++k)
        if (span.pool[k] == tokens[j])
          scratch.weights[t * width + k] -=
              span.negative_weight * weight * redraw[j - first_outside];
    }
  }

  vf loss = {};
  for (int t = 0; t < span.centers; ++t) {
    float* logits = scratch.logits + static_cast<std::int64_t>(t) * width;
    const float* weights = scratch.weights + static_cast<std::int64_t>(t) * width;
    loss += descend<true>(logits, weights, neighbours, rate);
    loss += descend<false>(logits + neighbours, weights + neighbours, width - neighbours, rate);
  }
  for (int i = 0; i < kLanes; ++i) result.loss += loss[i];

  // dJ/dV needs the old U, dJ/dU the old V: the steps of V wait until U has moved.
  for (int t = 0; t < span.centers; ++t) {
    const float* coefficients = scratch.logits + static_cast<std::int64_t>(t) * width;
    const int begin = span.begin[t];
    const Terms negatives{scratch.pool_rows, coefficients, 1, pool};
    const Terms outside{u + begin - first_outside,
                        coefficients + neighbours + m - (span.first + t) + begin, 1,
                        span.end[t] - begin};
    float* out = scratch.V_steps + t * model.stride;
    for_blocks(vectors, [&]<int W>(int at) {
      vf sum[W] = {};
      add_terms<W>(sum, negatives, at);
      add_terms<W>(sum, outside, at);
      for (int p = 0; p < W; ++p) store(out + at + p * kLanes, sum[p]);
    });
  }
  const auto move_outside = [&](const float* row, const Terms& terms) {
    float* u_w = const_cast<float*>(row);
    for_blocks(vectors, [&]<int W>(int at) {
      vf sum[W];
      for (int p = 0; p < W; ++p) sum[p] = load(u_w + at + p * kLanes);
      add_terms<W>(sum, terms, at);
      for (int p = 0; p < W; ++p) store(u_w + at + p * kLanes, sum[p]);
    });
  };
  for (int j = first_outside; j < outside_end; ++j) {
    const int from = j - m > span.first ? j - m - span.first : 0;
    const int to = j + m + 1 < span.first + span.centers ? j + m + 1 - span.first : span.centers;
    const float* diagonal = scratch.logits + static_cast<std::int64_t>(from) * width + neighbours +
                            m + j - span.first - from;
    move_outside(u[j - first_outside],
                 {scratch.center_rows + from, diagonal, width - 1, to - from});
  }
  for (int k = 0; k < pool; ++k)
    move_outside(scratch.pool_rows[k],
                 {scratch.center_rows, scratch.logits + k, width, span.centers});
  for (int t = 0; t < span.centers; ++t) {
    float* v_c = model.V + tokens[span.first + t] * model.stride;
    const float* v_step = scratch.V_steps + t * model.stride;
    for (int p = 0; p < vectors; ++p)
      store(v_c + p * kLanes, load(v_c + p * kLanes) + load(v_step + p * kLanes));
  }
  return result;
}

}  // namespace wordkin::WORDKIN_LEVEL
