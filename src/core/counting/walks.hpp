// The walks from all occurrences of a word, which sum the weights of its row; used by this folder alone.
//
// From each occurrence the line is walked to the right and to the left, or to one side alone. With X the number of kept
// tokens passed on the way, the next token is met with the weight E[max(0, m - X)] / m. Let
// G_n = E[max(0, n - X)]: it begins as n, and to pass a token that is kept with probability k takes
// G_n to (1 - k) G_n + k G_(n-1). There is no difference in it, so the smallest weight has all its
// digits.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/types.hpp"
#include "counting/counting.hpp"

namespace wordkin::counting {

constexpr int kLanes = 4;                      // walks side by side
constexpr int kMarked = 8;                     // columns that one mark stands for
constexpr int kPage = 64 * kMarked;            // and 64 marks

struct alignas(8 * kLanes) EachLane {   // a number of each walk
  double of[kLanes];
};

// No char, to which the compiler must assume that any store may go.
enum class Mark : std::uint8_t { clear, set };

// A row while it is summed: dense, with a mark on each cache line that is not zero. One column more
// than there are words takes what is of no word.
struct Sums {
  explicit Sums(Id words)
      : columns((static_cast<std::size_t>(words) / kPage + 1) * kPage),
        marks(columns.size() / kMarked) {}

  void add(Id o, double weight) {
    const auto column = static_cast<std::uint32_t>(o);
    columns[column] += weight;
    marks[column / kMarked] = Mark::set;
  }

  std::vector<double> columns;
  std::vector<Mark> marks;
};

struct Walks {
  const Id* ids;
  std::int64_t size;
  const double* keep;
  Id all_kept;         // this word and those behind it are always kept
  Id nothing;          // V: no word
  std::int64_t window; // m; 0: all pairs of a line weigh 1
  bool whole_lines;    // no line is longer than the window
  double negligible;
  Side side;
  const std::atomic<bool>* stop;

  bool leftward() const { return side != Side::right; }
  bool rightward() const { return side != Side::left; }
  // Most words are always kept, and the frequent others come first: what is looked up stays small.
  double keep_of(Id word) const { return keep[std::min(word, all_kept)]; }
};

// Adds m times the weights of all pairs of a word, whose occurrences are [at, end), to the sums; for
// m = 0 the weights themselves. `G` has room for m of them, which hold nothing between two calls, or
// for none if windows are `whole_lines`.
void walk(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums, EachLane* G);

}  // namespace wordkin::counting
