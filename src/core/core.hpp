// The native contract on one screen: text in, ids out; ids in, trained matrices out.
//
// Python validates, C++ computes. Nothing here knows of Python but bindings.cpp. Symbols follow the
// equations: V and U are the center and the outside matrix, d their dimension, K the number of
// negatives a pair, m the window radius.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wordkin {

using Id = std::int32_t;
constexpr Id kLineEnd = -1;          // stands between the ids of two lines
constexpr int kRowAlignment = 16;    // floats: every row begins on a cache line

struct alignas(64) CacheLine {
  float floats[kRowAlignment];
};

// ---- text.cpp: bytes -> tokens -> ids and counts, in one pass ------------------------------------

struct EncodedText {
  std::vector<char> words;             // the words' bytes, one after the other, most frequent first
  std::vector<std::int64_t> offsets;   // word i is words[offsets[i] .. offsets[i + 1])
  std::vector<std::int64_t> counts;
  std::unique_ptr<Id, void (*)(void*)> ids{nullptr, nullptr};
  std::int64_t size = 0;               // of ids, the line ends among them
  std::vector<Id> held_ids;            // of the lines held out, laid out as ids are
  std::int64_t held_tokens = 0;        // in these lines, in the vocabulary or not
};

class TextReader {
 public:
  TextReader();
  ~TextReader();
  void feed(std::string_view bytes);      // the next bytes of a file, cut anywhere
  void end_file();                        // ends its last token and its last line
  void add_word(std::string_view word);   // for text that comes as lists of words
  std::string end_line();                 // returns the bytes that a file would have for the line
  // max_vocabulary: 0 for no limit. held_out: the probability of a line to be held out, in [0, 1).
  EncodedText finish(std::int64_t min_count, std::int64_t max_vocabulary, double held_out);

  std::int64_t tokens() const;
  std::int64_t lines() const;
  std::int64_t lines_with_words() const;
  std::int64_t types() const;
  std::int64_t invalid_utf8_tokens() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// ---- negative_sampling.cpp: one step of descent, compiled once for each instruction set ----------

struct Parameters {
  float* V;              // center matrix, rows of `stride` floats, zero beyond d
  float* U;              // outside matrix, likewise
  std::int64_t stride;   // a multiple of kRowAlignment
  int d;
};

// Consecutive centers that share one pool of negatives; all gradients of a span are taken at the
// same weights. Indices are local to `tokens`, so that a span carries its surroundings with it. Rows
// are named by where they lie: in the two matrices or elsewhere.
struct Span {
  const Id* tokens;
  const float* redraw;               // of each token: 1 / (1 - q_w), what a draw that is not w weighs
  float* const* V;                   // row of V of each center
  float* const* U;                   // row of U of each token, and of kBeyond more
  int first, centers;                // centers are tokens[first .. first + centers)
  const int *begin, *end;            // for each center, its window [begin, end), itself included
  int window;                        // m; no window reaches farther
  const float* window_weights;       // expected_window(m)
  const Id* pool;                    // negatives drawn for the span
  float* const* pool_U;              // row of each, and of kBeyond more
  int pool_size;
  float negative_weight;             // K / pool_size
  float* const* upcoming;            // rows of the next span's pool, to be fetched ahead; or null
  int tokens_end;                    // tokens beyond the span that may be fetched ahead end here
};
constexpr int kBeyond = 3;           // rows that are read beyond the last one, and not used

struct StepResult {
  double loss;           // in nats, summed over the weighted pairs
  double pairs;          // their weights, summed
};

struct Scratch {         // one thread's working memory for spans up to the given size
  Scratch(int centers, int window, int pool_size, std::int64_t stride);
  std::vector<CacheLine> memory;
  float *logits, *weights, *V_steps, *redraw;
  Id* pool;
  int width;             // logits of one center: the pool's, those of 2m + 3 places, and a vector
                         // that may be written beyond them
};

using Step = StepResult (*)(std::int64_t stride, int d, const Span&, float learning_rate, Scratch&);

// row += scale * sum of (copy - row) over the copies, in their order.
using Merge = void (*)(float* row, const float* const* copies, int n, std::int64_t stride, float scale);

// What a pair weighs at each of the 2m + 3 places around a center: (m - distance + 1) / m, and 0 at
// the center's own place and at the outermost two; padded with zeros.
std::vector<CacheLine> expected_window(int m);

// ---- tile.cpp: between the matrix products of the exact engine, compiled once for each set, too ----

enum class Link { softmax, poisson, logistic };   // the losses of a row: tile.cpp has the formulas

// The logits of some rows of one matrix with all rows of the other, and the counts of these rows.
template <typename T>
struct Tile {
  Link link;
  std::int64_t rows, columns;
  const T* x;                               // (rows, columns)
  const std::int64_t* indptr;               // row r has the entries indptr[r] .. indptr[r + 1]
  const Id* indices;
  const T* counts;
  const T* n;                               // of each row: the sum of its counts, above 0
  const T* column;                          // poisson: log m; logistic: the column's factor of m
  const T *row, *row_hit, *column_hit;      // logistic
};

template <typename T>
struct TileKernels {
  // out = dJ/dx, J being the loss a pair of its row; the rows' summed losses, unless poisson; log Z of
  // each row for softmax. A row without counts has none of these.
  void (*residual)(const Tile<T>&, T* out, double* loss, double* log_z);
  // For each row about the alpha that minimises J(x - alpha y) - alpha linear + alpha^2 quadratic / 2,
  // and its summed loss there. For softmax log_z is taken at alpha = 0 and left at the alpha found.
  // Returns the number of points looked at.
  int (*search)(const Tile<T>&, const T* y, const double* linear, const double* quadratic, T* alpha,
                double* loss, double* log_z);
};

// ---- levels.cpp ----------------------------------------------------------------------------------

struct Level {
  const char* name;      // plain, x86-64-v2, x86-64-v3, x86-64-v4
  Step step;
  Merge merge;
  TileKernels<float> single;
  TileKernels<double> twice;
};

std::vector<Level> levels();   // those that this processor can run, slowest first

// ---- stochastic.cpp: one epoch of stochastic descent over a corpus -------------------------------

// A column of an alias table: its own word up to the threshold, of 2^32 - 1, the alias beyond it.
struct AliasColumn {
  std::uint32_t threshold;
  Id alias;
};

struct Tally {
  std::int64_t positions = 0;   // ids passed over, line ends among them
  std::int64_t trained = 0;     // tokens that were centers
  std::int64_t subsampled = 0;  // tokens dropped by subsampling
  double pairs = 0;             // summed weights of the pairs
  double loss = 0;              // in nats, summed over the weighted pairs
  bool diverged = false;        // the loss rose above the limit, or is a NaN: training has stopped
};

struct Epoch {
  const Id* ids;
  std::int64_t size;
  const float* redraw;                   // for each word, 1 / (1 - q_w)
  std::int64_t first_position;           // logical position of ids[0]: random numbers hang on it
  const std::uint32_t* keep;             // for each word, its probability to be kept, times 2^32, less 1
  std::span<const AliasColumn> noise;    // alias table of the noise distribution
  int window, negatives, pool_size, span;
  int steps;                             // each span is descended on in so many equal parts
  float rate_begin, rate_end;            // learning rate, linear between the two
  std::uint64_t seed, epoch;
  int threads;
  int block;                             // positions of a block
  int batch;                             // blocks that change no row of each other; 0: without locks
  Tally before;                          // what earlier calls did of the epoch, to go on from
  double limit;                          // a mean loss above it is that of a diverging run
  Step step;
  Merge merge;
};

// Called from the calling thread about ten times a second. Where it returns false, training stops at
// the end of a block or batch, as if it had never been meant to go on; what it throws stops it, too,
// but leaves no state to go on from.
using Tick = std::function<bool(const Tally&)>;

// Returns what was done of the epoch so far. With a batch, the same bits for any number of threads,
// and however often it was stopped between.
Tally train_epoch(const Parameters&, const Epoch&, const Tick& tick);

// ---- cooccurrence.cpp: the expected counts of all pairs of words, row by row ----------------------

struct Counting {
  const Id* ids;             // to be there as long as the counter
  std::int64_t size;
  const double* keep;        // for each word, the probability to be kept
  Id words;                  // V
  int window;                // m
  double negligible;         // in a line, what lies beyond a pair of less weight is left out
  int threads;
  Id first;                  // row to begin with
};

struct CountedRows {
  std::int64_t rows, entries;   // of the block
  std::int64_t tokens;          // all tokens done so far
};

// Row c holds, for each o, the summed weights of the pairs (c, o) that stochastic training meets in
// expectation. Rows come in order, in blocks; they are the same bits for any threads and blocks.
class Counter {
 public:
  explicit Counter(const Counting&);
  ~Counter();
  std::int64_t tokens() const;   // among the ids
  // Counts the next rows, until they have about so many entries or none is left: then 0 rows. `tick`
  // is called from the calling thread about ten times a second with the tokens done; what it throws
  // stops the counting for good.
  CountedRows count(std::int64_t entries, const std::function<void(std::int64_t)>& tick);
  // Copies that block: the length of each row, and the entries of all, columns ascending in a row.
  template <typename T>
  void take(std::int64_t* lengths, Id* indices, T* values) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wordkin
