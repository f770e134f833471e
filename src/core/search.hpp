// Questions about the rows of a matrix, by cosine.
//
// Every cosine in an answer is summed in float64 and in one order: it depends on the two rows and on
// nothing else, neither on the BLAS at hand, nor on what is asked along with it, nor on the threads.
// Rough scores come in from a float32 matrix product, and only say which rows are worth summing.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

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

  // Writes (n, k), the nearest first; what stands there is left where there are fewer than k.
  void finish(Row* rows, double* cosines, int threads);

  Row queries() const { return static_cast<Row>(questions_.size()); }
  Row k() const { return k_; }

 private:
  struct Found {
    double cosine;
    Row row;

    bool operator<(const Found& other) const {   // is nearer than
      return cosine != other.cosine ? cosine > other.cosine : row < other.row;
    }
  };
  struct Question {
    std::vector<Found> best;       // the k nearest up to now, in no order
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
  std::size_t patience_;   // candidates that are settled at once
  double error_;
  std::vector<Question> questions_;
};

}  // namespace wordkin
