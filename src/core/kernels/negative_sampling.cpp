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
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

// Vectors of a row of which two sums fit the registers, with what is added to them.
constexpr int kBlock = kLanes == 16 ? 8 : 6;
constexpr int kChunk = 16;  // vectors of a row that are multiplied before the next row's
constexpr int kGroup = 4;   // rows are multiplied in groups of so many
#if WORDKIN_LANES == 4
constexpr vi kLaneIndices = {0, 1, 2, 3};
#elif WORDKIN_LANES == 8
constexpr vi kLaneIndices = {0, 1, 2, 3, 4, 5, 6, 7};
#else
constexpr vi kLaneIndices = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#endif

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, vi{__VA_ARGS__})
#endif

INLINE vf load(const float* p) { return *reinterpret_cast<const vf*>(p); }
INLINE vi load_int(const std::int32_t* p) { return *reinterpret_cast<const vi*>(p); }
INLINE vi splat_int(int x) { return vi{} + x; }
INLINE void store(float* p, vf x) { *reinterpret_cast<vf*>(p) = x; }

// ---- sums over the lanes of four vectors at once -------------------------------------------------

typedef float v4 __attribute__((vector_size(16), may_alias));

#if WORDKIN_LANES == 4
INLINE vf pair_sums(vf a, vf b) { return SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7); }
INLINE vf join_pairs(vf a, vf b) { return SHUFFLE(a, b, 0, 1, 4, 5) + SHUFFLE(a, b, 2, 3, 6, 7); }
#elif WORDKIN_LANES == 8
INLINE vf pair_sums(vf a, vf b) {
  return SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13) + SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
INLINE vf join_pairs(vf a, vf b) {
  return SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13) + SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
#else
INLINE vf pair_sums(vf a, vf b) {
  return SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
         SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}
INLINE vf join_pairs(vf a, vf b) {
  return SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
         SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}
#endif

// Lane i of the result is the sum of x[i]. Within each group of four lanes, lane i first holds the
// group's share of it.
INLINE v4 lane_sums(const vf* x) {
  const vf groups = join_pairs(pair_sums(x[0], x[1]), pair_sums(x[2], x[3]));
  v4 parts[kLanes / 4];
  __builtin_memcpy(parts, &groups, sizeof groups);
#if WORDKIN_LANES == 4
  return parts[0];
#elif WORDKIN_LANES == 8
  return parts[0] + parts[1];
#else
  return (parts[0] + parts[2]) + (parts[1] + parts[3]);
#endif
}

INLINE bool any(vi mask) {
  typedef long long vl __attribute__((vector_size(kLanes * 4)));
  const vl halves = (vl)mask;
  long long seen = 0;
  for (int i = 0; i < kLanes / 2; ++i) seen |= halves[i];
  return seen != 0;
}

// A pointer that the compiler must keep in one register: left to itself, GCC keeps one register for
// each vector of a row, and runs out of them.
INLINE const float* pinned(const float* p) {
  asm("" : "+r"(p));
  return p;
}

// A vector that the compiler must keep in a register: left to itself, GCC loads it for each use.
INLINE vf kept(vf x) {
#ifdef __SSE__
  asm("" : "+x"(x));
#endif
  return x;
}

// ---- the three small matrix products -------------------------------------------------------------
//
// All of a span is done for a few vectors of the rows at a time, so that what it works on stays in the
// nearest cache however long the rows are; `at` is the first float. Each product has two results of a
// row at once, so that a row that is loaded serves both.

// Calls f<W>(at) over the vectors of a row, in as few blocks as can be, and these about equal: a stump
// would not keep the adders busy.
template <typename F>
INLINE void for_blocks(int vectors, F f) {
  int at = 0;
  for (int blocks = (vectors + kBlock - 1) / kBlock; blocks > 0; --blocks) {
    const int width = (vectors + blocks - 1) / blocks;
    switch (width) {
      case 1: f.template operator()<1>(at); break;
      case 2: f.template operator()<2>(at); break;
      case 3: f.template operator()<3>(at); break;
      case 4: f.template operator()<4>(at); break;
      case 5: f.template operator()<5>(at); break;
#if WORDKIN_LANES == 16
      case 6: f.template operator()<6>(at); break;
      case 7: f.template operator()<7>(at); break;
#endif
      default: f.template operator()<kBlock>(at);
    }
    at += width * kLanes;
    vectors -= width;
  }
}

// Calls f(at, vectors) over the vectors of a row, in about equal chunks.
template <typename F>
INLINE void for_chunks(int vectors, F f) {
  int at = 0;
  for (int chunks = (vectors + kChunk - 1) / kChunk; chunks > 0; --chunks) {
    const int width = (vectors + chunks - 1) / chunks;
    f(at, width);
    at += width * kLanes;
    vectors -= width;
  }
}

// logits[c][k] = v[c] . rows[k] for C rows v and n rows, what earlier chunks came to included; up to
// kGroup - 1 rows beyond are multiplied too, and as many logits beyond written.
template <int C>
INLINE void products(float* const* logits, const float* const* v, const float* const* rows, int n, int at,
                     int vectors) {
  for (int i = 0; i < n; i += kGroup) {
    vf sums[C][kGroup] = {};
    const float* x[C];
    for (int c = 0; c < C; ++c) x[c] = v[c] + at;
    const float* y[kGroup];
    for (int k = 0; k < kGroup; ++k) y[k] = rows[i + k] + at;
    for (int p = 0; p < vectors * kLanes; p += kLanes) {
      vf left[C];
      for (int c = 0; c < C; ++c) left[c] = load(x[c] + p);
      for (int k = 0; k < kGroup; ++k) {
        const vf right = kept(load(y[k] + p));
        for (int c = 0; c < C; ++c) sums[c][k] += left[c] * right;
      }
    }
    for (int c = 0; c < C; ++c) {
      v4 dots = lane_sums(sums[c]), before;
      if (at) {
        __builtin_memcpy(&before, logits[c] + i, sizeof before);
        dots += before;
      }
      __builtin_memcpy(logits[c] + i, &dots, sizeof dots);
    }
  }
}

// n rows; the coefficient of row i in result r is coefficients[r * between + i * step].
struct Terms {
  const float* const* rows;
  const float* coefficients;
  int between, step, n;
};

template <int R, int W>
INLINE void add_terms(vf (&sums)[R][W], const Terms& terms, int at) {
  const float* coefficients = terms.coefficients;
  for (int i = 0; i < terms.n; ++i, coefficients += terms.step) {
    vf g[R];
    for (int r = 0; r < R; ++r) g[r] = splat(coefficients[r * terms.between]);
    const float* row = pinned(terms.rows[i] + at);
    for (int p = 0; p < W; ++p) {
      const vf y = kept(load(row + p * kLanes));
      for (int r = 0; r < R; ++r) sums[r][p] += g[r] * y;
    }
  }
}

// out[r] = (kAdd ? out[r] : 0) + the terms. Two results that are one row are added up one by one.
template <int R, int W, bool kAdd, typename... Lists>
INLINE void combine(float* const* out, int at, const Lists&... lists) {
  vf sums[R][W] = {};
  (add_terms<R, W>(sums, lists, at), ...);
  for (int r = 0; r < R; ++r)
    for (int p = 0; p < W; ++p) {
      float* place = out[r] + at + p * kLanes;
      store(place, kAdd ? load(place) + sums[r][p] : sums[r][p]);
    }
}

// f<2>(i) for the pairs of 0 .. n, f<1>(n - 1) for what is left.
template <typename F>
INLINE void in_pairs(int n, F f) {
  int i = 0;
  for (; i + 2 <= n; i += 2) f.template operator()<2>(i);
  if (i < n) f.template operator()<1>(i);
}

// ---- sigmoid and its loss, stable for every float ------------------------------------------------

// z = x for a negative's logit x and -x for a true pair's: the weighted loss -log s(-z) is added up,
// and x becomes the coefficient of descent, -rate * dJ/dx = -+ rate * weight * s(z).
template <bool kNegative>
INLINE vf descend(float* logits, const float* weights, int n, float rate) {
  vf loss = {};
  for (int i = 0; i < n; i += kLanes) {
    const vf x = load(logits + i), weight = load(weights + i);
    const vf z = kNegative ? x : -x;
    const vf e = exponential((vf)((vi)z | splat_int(INT32_MIN)));   // of -|z|
    const vf reciprocal = 1.0f / (e + 1.0f);
    const vf sigmoid = z > 0.0f ? reciprocal : e * reciprocal;
    loss += weight * ((z < 0.0f ? vf{} : z) + log_one_plus(e));   // a NaN stays a NaN
    store(logits + i, (kNegative ? -rate : rate) * weight * sigmoid);
  }
  return loss;
}

INLINE void prefetch(const float* row, int vectors) {
  asm volatile("");   // without an effect that it sees, GCC drops a function that only prefetches
  for (int at = 0; at < vectors * kLanes; at += kRowAlignment) __builtin_prefetch(row + at, 1, 2);
}

// The windows of R centers side by side together, counted from the first outside token.
struct Window {
  int begin, end;
};
template <int R>
INLINE Window window_of(const Span& span, int t, int first_outside) {
  const int begin = span.begin[t + R - 1] < span.begin[t] ? span.begin[t + R - 1] : span.begin[t];
  const int end = span.end[t + R - 1] > span.end[t] ? span.end[t + R - 1] : span.end[t];
  return {begin - first_outside, end - first_outside};
}

INLINE int round_up(int n) { return (n + kLanes - 1) / kLanes * kLanes; }

}  // namespace

// A center's logits stand in one row: the pool's, then those of the places around it, from m + 1
// before it to m + 1 behind, with m for what a window reaches. Its own place and the outermost two weigh nothing: with them, the logits
// of two centers side by side, or of two tokens, cover one range. The logits of one token lie on a
// diagonal.
StepResult step(std::int64_t stride, int d, const Span& span, float rate, Scratch& scratch) {
  static_assert(kBeyond == kGroup - 1);
  const int vectors = (d + kLanes - 1) / kLanes;
  const int pool = span.pool_size, m = span.reach, centers = span.centers;
  const int places = round_up(pool), width = scratch.width, window_end = places + round_up(2 * m + 3);
  const Id* tokens = span.tokens;

  int first_outside = span.first, outside_end = span.first + centers;
  for (int t = 0; t < centers; ++t) {
    if (span.begin[t] < first_outside) first_outside = span.begin[t];
    if (span.end[t] > outside_end) outside_end = span.end[t];
  }
  // From here on a token is counted from the first outside one.
  const int outside = outside_end - first_outside, first = span.first - first_outside;
  tokens += first_outside;
  float* const* const u = span.U + first_outside;
  float* const* const v = span.V + span.first;
  float* redraw = scratch.redraw;
  for (int j = 0; j < outside; ++j) redraw[j] = span.redraw[first_outside + j];
  for (int k = 0; k < pool; ++k) scratch.pool[k] = span.pool[k];   // padded with words that are none

  // Fetch ahead, a center's share at a time, what the next span will use.
  const auto fetch_ahead = [&](int t) {
    const int center = span.first + centers + t, outer = outside_end + t;
    if (center < span.tokens_end && span.V[center]) prefetch(span.V[center], vectors);
    if (outer < span.tokens_end) prefetch(span.U[outer], vectors);
  };

  for (int t = 0; t < centers; ++t) {
    float* logits = scratch.logits + static_cast<std::int64_t>(t) * width;
    for (int i = places; i < window_end; i += kLanes) store(logits + i, vf{});
  }
  for_chunks(vectors, [&](int at, int some) ALWAYS_INLINE {
    in_pairs(centers, [&]<int R>(int t) ALWAYS_INLINE {
      float *logits[2], *in_window[2];
      const auto [begin, end] = window_of<R>(span, t, first_outside);
      for (int r = 0; r < R; ++r) {
        if (at == 0) fetch_ahead(t + r);
        logits[r] = scratch.logits + static_cast<std::int64_t>(t + r) * width;
        in_window[r] = logits[r] + places + 1 + m - first - t - r + begin;
      }
      products<R>(logits, v + t, span.pool_U, pool, at, some);
      products<R>(in_window, v + t, u + begin, end - begin, at, some);
    });
  });

  // A pool word is no negative of a pair whose outside word it is.
  const auto drawn = [&](int j) {
    vi hits = {};
    for (int k = 0; k < places; k += kLanes) hits |= load_int(scratch.pool + k) == tokens[j];
    return hits;
  };
  vi hits = {};
  for (int j = 0; j < outside; ++j) hits |= drawn(j);
  const bool any_drawn = any(hits);   // for most spans, none is
  for (int j = 0; any_drawn && j < outside; ++j)
    if (any(drawn(j))) redraw[j] = 0.0f;

  // What each logit weighs.
  vf pairs = {};
  for (int t = 0; t < centers; ++t) {
    float* weights = scratch.weights + static_cast<std::int64_t>(t) * width;
    const int offset = 1 + m - first - t;   // token j stands in place offset + j
    const int begin = offset + span.begin[t] - first_outside;
    const int end = offset + span.end[t] - first_outside;
    const bool cut = end - begin <= 2 * m;   // by the end of a line
    vf draws = {};
    for (int i = 0; i < window_end - places; i += kLanes) {
      vf weight = load(span.window_weights + i);
      if (cut) {
        const vi place = splat_int(i) + kLaneIndices;
        weight = (place >= begin) & (place < end) ? weight : vf{};
      }
      store(weights + places + i, weight);
      pairs += weight;
      draws += weight * load_unaligned(redraw + i - offset);
    }
    const vf negative = splat(span.negative_weight * sum(draws));
    for (int k = 0; k < places; k += kLanes)
      store(weights + k, splat_int(k) + kLaneIndices < pool ? negative : vf{});
  }
  // Pairs whose outside word was drawn were left out above: they count for the other pool words.
  for (int j = 0; any_drawn && j < outside; ++j) {
    if (redraw[j] != 0.0f) continue;
    const float draw = span.negative_weight * span.redraw[first_outside + j];
    for (int t = 0; t < centers; ++t) {
      const int place = 1 + m - first - t + j;
      if (place < 0 || place > 2 * m + 2) continue;
      float* weights = scratch.weights + static_cast<std::int64_t>(t) * width;
      for (int k = 0; k < pool; ++k)
        if (span.pool[k] != tokens[j]) weights[k] += draw * weights[places + place];
    }
  }

  StepResult result{0.0, 0.0};
  vf loss = {};
  for (int t = 0; t < centers; ++t) {
    float* logits = scratch.logits + static_cast<std::int64_t>(t) * width;
    const float* weights = scratch.weights + static_cast<std::int64_t>(t) * width;
    loss += descend<true>(logits, weights, places, rate);
    loss += descend<false>(logits + places, weights + places, window_end - places, rate);
  }
  for (int i = 0; i < kLanes; ++i) {
    result.loss += loss[i];
    result.pairs += pairs[i];
  }

  // dJ/dV needs the old U, dJ/dU the old V: the steps of V wait until U has moved.
  const float* coefficients = scratch.logits;
  float* steps[2];
  for_blocks(vectors, [&]<int W>(int at) ALWAYS_INLINE {
    in_pairs(centers, [&]<int R>(int t) ALWAYS_INLINE {
      const float* row = coefficients + static_cast<std::int64_t>(t) * width;
      const auto [begin, end] = window_of<R>(span, t, first_outside);
      steps[0] = scratch.V_steps + t * stride;
      steps[1] = steps[0] + stride;
      combine<R, W, false>(steps, at, Terms{span.pool_U, row, width, 1, pool},
                           Terms{u + begin, row + places + 1 + m - first - t + begin, width - 1, 1,
                                 end - begin});
    });
    in_pairs(outside, [&]<int R>(int j) ALWAYS_INLINE {
      // The centers that reach token j or j + R - 1.
      const int from = j - m > first ? j - m - first : 0;
      const int to = j + R + m < first + centers ? j + R + m - first : centers;
      if (to > from)
        combine<R, W, true>(u + j, at,
                            Terms{v + from,
                                  coefficients + static_cast<std::int64_t>(from) * width + places +
                                      1 + m + j - first - from,
                                  1, width - 1, to - from});
    });
    in_pairs(pool, [&]<int R>(int k) ALWAYS_INLINE {
      combine<R, W, true>(span.pool_U + k, at, Terms{v, coefficients + k, 1, width, centers});
    });
    for (int t = 0; t < centers; ++t) {
      const float* v_step = scratch.V_steps + t * stride + at;
      float* v_c = v[t] + at;
      for (int p = 0; p < W; ++p)
        store(v_c + p * kLanes, load(v_c + p * kLanes) + load(v_step + p * kLanes));
    }
  });
  return result;
}

void merge(float* row, const float* copies, int n, std::int64_t stride, float scale) {
  for (std::int64_t at = 0; at < stride; at += kLanes) {
    const vf old = load(row + at);
    vf sum = {};
    for (int i = 0; i < n; ++i) sum += load(copies + i * stride + at) - old;
    store(row + at, old + scale * sum);
  }
}

}  // namespace wordkin::WORDKIN_LEVEL
