// The n-grams that words share, each told apart from every other, and rows predicted from their sums.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace wordkin {

// A matrix of zeros and ones in compressed rows: row r has a one in the columns
// columns[ends[r]] .. columns[ends[r + 1] - 1], each once.
struct Indicators {
  std::span<const std::int64_t> ends;
  std::span<const std::int32_t> columns;
  std::int64_t rows() const { return static_cast<std::int64_t>(ends.size()) - 1; }
};

struct SharedNgrams {
  std::vector<char> bytes;              // the n-grams, one after the other
  std::vector<std::int64_t> offsets;    // n-gram g is bytes[offsets[g] .. offsets[g + 1])
  std::vector<std::int64_t> ends;       // the n-grams of the words, as in `Indicators`
  std::vector<std::int32_t> columns;
  std::int64_t left_out = 0;            // n-grams that enough words have, beyond the first `most`
};

// Finds the n-grams of `shortest` to `longest` characters of each "<word>", but for the whole of it,
// that at least `least` words have; of more than `most`, those that the most words have, and of these
// the first. Word i is bytes[offsets[i] .. offsets[i + 1]). A character is a byte and the UTF-8
// continuation bytes after it. N-grams are numbered as they appear.
SharedNgrams shared_ngrams(std::string_view bytes, std::span<const std::int64_t> offsets, int shortest,
                           int longest, std::int64_t least, std::int64_t most);

// Writes to out (rows, d) the sum of the rows of G (columns, d) that each row of `which` names, in
// their order.
template <typename T>
void sum_rows(const Indicators& which, const T* G, std::int64_t d, T* out, int threads);

// What is fitted besides the sums: any combination of the k columns of F (rows, k), which are
// orthonormal under the weights: F' diag(w) F = 1.
struct Line {
  std::span<const double> F;
  std::int64_t k;
};

// Improves G (columns, d) by steps of preconditioned conjugate gradients, each column of d by itself,
// towards the least  sum_r w_r |y_r - f_r B - s_r G|^2 + tau |G|^2  over B and G, where s_r is row r of
// `which`, f_r that of the line, and Y is (rows, d). `transposed` has the same ones in compressed columns.
template <typename T>
void fit_sums(const Indicators& which, const Indicators& transposed, const Line& line, const double* w,
              double tau, const T* Y, std::int64_t d, T* G, int steps, int threads,
              const std::function<void()>& tick);

}  // namespace wordkin
