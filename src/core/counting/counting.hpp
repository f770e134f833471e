// Counts all pairs of words that are near each other, in expectation, row by row: the exact engine's
// input.
//
// This folder is compiled with -ffp-contract=off, so that counts are the same bits on every processor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/types.hpp"

namespace wordkin {

// Which of the words around a center are counted.
enum class Side : std::int8_t { left = -1, both = 0, right = 1 };

struct Counting {
  const Id* ids;             // must outlive the counter
  std::int64_t size;
  const double* keep;        // for each word, the probability to be kept
  Id words;                  // V
  std::int64_t window;       // m, or 0: the whole line, its pairs with equal weights
  double negligible;         // in a line, what lies beyond a pair of less weight is left out
  int threads;
  Id first;                  // row to begin with
  Side side;
};

struct CountedRows {
  std::int64_t rows, entries;   // of the block
  std::int64_t tokens;          // all tokens done so far
};

// Row c holds, for each o, the summed weights of the pairs (c, o) that stochastic training meets in
// expectation, on one side of c or on both. Rows come in order, in blocks; they are the same bits for any threads and blocks.
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
