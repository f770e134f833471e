// The innermost loops of both engines, compiled once for each instruction set ("level"), and the
// table that names the levels that this processor can run.
//
// The .cpp files named below, but levels.cpp, are compiled with WORDKIN_LEVEL naming a namespace of
// their own. They must call no function that another translation unit could also emit: of
// an inline function the linker keeps one copy, and that copy could hold instructions that the
// processor at hand does not have. So they include nothing but this header, base/types.hpp and headers
// whose functions are all local to the file that includes them; and in this header no function may be
// defined.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.hpp"

namespace wordkin {

// ---- negative_sampling.cpp: one step of stochastic descent ---------------------------------------

struct Parameters {
  float* V;              // center matrix, rows of `stride` floats, zero beyond d
  float* U;              // outside matrix, likewise
  std::int64_t stride;   // a multiple of kRowAlignment
  int d;
};

// Consecutive centers that share one pool of negatives; all gradients of a span are taken at the
// same weights. Indices are local to `tokens`, so that a span carries its surroundings with it. Rows
// are given by address: in the two matrices or elsewhere.
struct Span {
  const Id* tokens;
  const float* redraw;               // of each token: 1 / (1 - q_w), what a draw that is not w weighs
  float* const* V;                   // row of V of each center
  float* const* U;                   // row of U of each token, and of kBeyond more
  int first, centers;                // centers are tokens[first .. first + centers)
  const int *begin, *end;            // for each center, its window [begin, end), itself included
  int reach;                         // no window reaches farther
  const float* window_weights;       // expected_window(reach, m)
  const Id* pool;                    // negatives drawn for the span
  float* const* pool_U;              // row of each, and of kBeyond more
  int pool_size;
  float negative_weight;             // K / pool_size
  int tokens_end;                    // tokens beyond the span that may be fetched ahead end here
};
constexpr int kBeyond = 3;           // rows that are read beyond the last one, and not used

struct StepResult {
  double loss;           // in nats, summed over the weighted pairs
  double pairs;          // their weights, summed
};

struct Scratch {         // one thread's working memory for spans up to the given size
  Scratch(int centers, int reach, int pool_size, std::int64_t stride);
  void fit(int reach, int pool_size);   // to spans of this, no more than the constructor was given
  std::vector<CacheLine> memory;
  float *logits, *weights, *V_steps, *redraw;
  Id* pool;
  int width;             // logits of one center: the pool's, those of 2r + 3 places, and a vector
                         // that may be written beyond them
};

using Step = StepResult (*)(std::int64_t stride, int d, const Span&, float learning_rate, Scratch&);

// row += scale * sum of (copy - row) over n copies, which stand one behind the other.
using Merge = void (*)(float* row, const float* copies, int n, std::int64_t stride, float scale);

// What a pair weighs at each of the 2r + 3 places around a center, for windows that reach r words:
// (m - distance + 1) / m, or 1 for m = 0, and 0 at the center's own place and at the outermost two;
// padded with zeros.
std::vector<CacheLine> expected_window(int reach, std::int64_t m);

// ---- residual.cpp, line_search.cpp, pairs.cpp: between the matrix products of the exact engine --------------

enum class Link { softmax, poisson, logistic };   // the losses of a row: tile.hpp has the formulas

// The logits of some rows of one matrix with rows of the other, and the counts of these rows.
template <typename T>
struct Tile {
  Link link;
  std::int64_t rows, stride;
  const T* x;                               // (rows, stride)
  const std::int64_t* lengths;              // of each row: its logits; or null, then all `stride`
  const std::int64_t* indptr;               // row r has the entries indptr[r] .. indptr[r + 1]
  const Id* indices;
  const T* counts;
  const T* n;                               // of each row: the sum of its counts, above 0
  const T* column;                          // poisson: log m; logistic: the column's factor of m
  const T *row, *row_hit, *column_hit;      // logistic
};

// The counted pairs of some rows where a sample of `columns` rows stands for the other matrix. Row r has
// its logits with the sample first, and behind them those with the words of its own pairs that are not
// in the sample: so a row always meets its own pairs, each counted once, whatever was drawn.
template <typename T>
struct SampledPairs {
  std::int64_t rows, columns, stride;       // stride: from one row of logits to the next
  const std::int64_t* indptr;
  const Id* words;                          // of each pair: a row of the other matrix
  Id* at;                                   // of each pair: where its logit stands in its row
};

template <typename T>
struct PairKernels {
  // Writes `at` and the lengths of the rows, and takes the weight of a draw off logits of pairs that
  // are in the sample. `place` has the place of each word in the sample, or -1.
  void (*place)(const SampledPairs<T>&, const Id* place, const T* log_weights, T* x,
                std::int64_t* lengths);
  // x at the pairs beyond the sample: a_r . b_w + column_w, without the latter if column is null.
  void (*multiply)(const SampledPairs<T>&, const T* A, const T* B, std::int64_t d, const T* column, T* x);
  // g_r += sum over the pairs beyond the sample of x_w b_w.
  void (*add)(const SampledPairs<T>&, const T* x, const T* B, std::int64_t d, T* g);
};

template <typename T>
struct TileKernels {
  // out = dJ/dx, J being the loss a pair of its row; the rows' summed losses, unless poisson; log Z of
  // each row for softmax. A row without counts has none of these.
  void (*residual)(const Tile<T>&, T* out, double* loss, double* log_z);
  // For each row about the alpha that minimises J(x - alpha y) - alpha linear + alpha^2 quadratic / 2,
  // and its summed loss there. For softmax log_z is taken at alpha = 0 and left at the alpha found.
  // Returns the number of points at which a row's loss was evaluated.
  int (*search)(const Tile<T>&, const T* y, const double* linear, const double* quadratic, T* alpha,
                double* loss, double* log_z);
};

// ---- levels.cpp: one row a level -----------------------------------------------------------------

struct Level {
  const char* name;      // plain, x86-64-v2, x86-64-v3, x86-64-v4
  Step step;
  Merge merge;
  TileKernels<float> float32;
  TileKernels<double> float64;
  PairKernels<float> pairs32;
  PairKernels<double> pairs64;
};

std::vector<Level> levels();   // those that this processor can run, slowest first

}  // namespace wordkin
