// Finds the rows of a matrix that are nearest to a query by cosine, and answers analogies.
//
// Every cosine in an answer is summed in float64 and in one order: it depends on the two rows and on
// nothing else, neither on the BLAS at hand, nor on the other queries, nor on the threads.
// Rough scores come in from a float32 matrix product, and only say which rows are worth summing.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/types.hpp"

namespace wordkin {

using Row = std::int64_t;

// (V, d) float32 rows as they are, and 1 / length of each: 0 of a row of zeros, which has no direction.
struct SearchedRows {
  const float* matrix;
  const double* inverse;
  Row rows;
  int d;

  // The cosine of a row with a query of length 1, or 0.
  double cosine(Row row, const double* query) const;
};

// Lengths of (rows, d) float32; infinite or NaN where a number of the row is not finite.
void row_lengths(const float* matrix, Row rows, int d, double* lengths, int threads);

// Divides (rows, d) float64, finite, by their lengths, whatever those are; rows of zeros stay.
void make_units(double* matrix, Row rows, int d);

// out[i, j] = a_i · b_j for (n, d) and (m, d) float64.
void products(const double* a, Row n, const double* b, Row m, int d, double* out, int threads);

// Rows that a query must not find: those of query i are rows[offsets[i] .. offsets[i + 1]), rising.
struct Excluded {
  std::vector<Row> offsets, rows;

  bool contains(Row query, Row row) const;
};

// The k rows nearest to each of n queries, while scores of all of them come in tile by tile. Equal
// cosines are in the order of their rows.
class NearestRows {
 public:
  // Queries, (n, d), have length 1, or 0.
  NearestRows(SearchedRows searched, std::vector<double> queries, Row k, double error,
              Excluded excluded);

  // Scores of (n, rows): times `scale`, one a row, they are cosines that are off by less than `error`.
  // `numbers`, those of the rows, rise, and are all larger than the ones before.
  void scan(const float* scores, const float* scale, const Row* numbers, Row rows, int threads);

  // Writes (n, k), the nearest first; where there are fewer than k, the rest is left as it is.
  void finish(Row* rows, double* cosines, int threads);

  Row queries() const { return static_cast<Row>(answers_.size()); }
  Row k() const { return k_; }

 private:
  struct Found {
    double cosine;
    Row row;

    bool operator<(const Found& other) const {   // is nearer than
      return cosine != other.cosine ? cosine > other.cosine : row < other.row;
    }
  };
  struct Answer {
    std::vector<Found> best;       // the k nearest so far, in no order
    std::vector<Row> candidates;   // rows that may be nearer: their cosines are not summed yet
    float floor = -std::numeric_limits<float>::infinity();   // scores below are not worth it
  };

  const double* query(Row i) const { return queries_.data() + i * searched_.d; }
  void scan_one(Row i, const float* scores, const float* scale, const Row* numbers, Row rows);
  void settle(Row i);

  SearchedRows searched_;
  std::vector<double> queries_;
  Row k_;
  Excluded excluded_;
  std::size_t most_candidates_;   // at so many, settle sums their cosines
  double error_;
  std::vector<Answer> answers_;
};

// ---- analogies -----------------------------------------------------------------------------------
//
// Answers "a is to b as c is to ?" for many questions at once, tile of the vocabulary by tile.
//
// The questions of a file share few words: their cosines with a tile of rows are one matrix product,
// which the caller takes. Here, for each question and block of places, an upper bound of every score is
// held against the best score so far, in float32; what may be better is scored in float64. So answers
// depend neither on the matrix product, nor on tiles, nor on threads.

// With cosines cos(w) of a candidate and the word w:
//   sum      cos(b) - cos(a) + cos(c)                                              (3CosAdd)
//   product  s(b) s(c) / (s(a) + 1e-6), where s(w) = (1 + cos(w)) / 2              (3CosMul)
enum class AnalogyMethod { sum, product };

struct AnalogyQuestions {
  AnalogyMethod method;
  const double* directions;   // of the words asked about, (words, d): of length 1, or zero
  std::int64_t words;
  int d;
  const Id* questions;        // (size, 3): a, b, c as numbers of words
  std::int64_t size;
};

struct AnalogyTile {
  const float* cosines;       // of words and candidates, (words, size), each off by `slack` at most
  float slack;
  SearchedRows candidates;
  const Id* same_word;        // which of the words asked about each candidate is, -1: none of them
  std::int64_t first;         // number of the first candidate
};

struct AnalogyAnswers {       // so far, for each question
  double* scores;             // of the best candidate, -infinity before the first
  std::int64_t* rows;         // its number, -1 before the first; the lowest of equals
};

// Improves the answers by the candidates of a tile. Tiles must come in the order of their rows. The
// words of a question are no candidates for it.
void improve(const AnalogyQuestions&, const AnalogyTile&, const AnalogyAnswers&, int threads);

}  // namespace wordkin
