// Cosines in float64, and the nearest rows.
#include "search/search.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/threads.hpp"

namespace wordkin {

namespace {

constexpr int kLanes = 8;           // sums that a sum is split into, on every processor
constexpr int kScoresAtOnce = 16;   // scores compared with the floor together
typedef float Four __attribute__((vector_size(16)));
typedef std::int64_t Two __attribute__((vector_size(16)));
constexpr std::size_t kCandidates = 32;   // candidates whose cosines are summed together

template <typename A, typename B>
double dot(const A* a, const B* b, int d) {
  double sums[kLanes] = {};
  int i = 0;
  for (; i + kLanes <= d; i += kLanes)
    for (int lane = 0; lane < kLanes; ++lane)
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
  for (int lane = 0; i < d; ++i, ++lane)
    sums[lane] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

// Whether one of kScoresAtOnce scores, scaled, is at least `floor`.
inline bool any_reaches(const float* scores, const float* scale, float floor) {
  Two reached = {};
  for (int i = 0; i < kScoresAtOnce; i += 4) {
    Four score, factor;
    std::memcpy(&score, scores + i, sizeof score);
    std::memcpy(&factor, scale + i, sizeof factor);
    reached |= (Two)(score * factor >= floor);
  }
  return (reached[0] | reached[1]) != 0;
}

// Calls work(begin, end) for parts of 0 .. size, a thread each.
template <typename Work>
void in_parts(Row size, int threads, const Work& work) {
  if (threads <= 1 || size <= 1) {
    const KeepDenormals keep;
    work(Row{0}, size);
    return;
  }
  const int parts = static_cast<int>(std::min<Row>(threads, size));
  run_threads(
      parts,
      [&](int part) {
        const KeepDenormals keep;
        work(size * part / parts, size * (part + 1) / parts);
      },
      [] {}, [] {});
}

}  // namespace

double SearchedRows::cosine(Row row, const double* query) const {
  // What rounding put beyond 1 must not decide between equals.
  return std::clamp(dot(matrix + row * d, query, d) * inverse[row], -1.0, 1.0);
}

void row_lengths(const float* matrix, Row rows, int d, double* lengths, int threads) {
  in_parts(rows, threads, [&](Row begin, Row end) {
    for (Row i = begin; i < end; ++i)
      lengths[i] = std::sqrt(dot(matrix + i * d, matrix + i * d, d));
  });
}

void make_units(double* matrix, Row rows, int d) {
  const KeepDenormals keep;
  for (Row i = 0; i < rows; ++i) {
    double* row = matrix + i * d;
    double largest = 0;
    for (int j = 0; j < d; ++j) largest = std::max(largest, std::abs(row[j]));
    if (largest == 0) continue;
    // By a power of 2, which changes no digit, to where squares neither overflow nor vanish.
    const int exponent = std::ilogb(largest);
    if (std::abs(exponent) > 300)
      for (int j = 0; j < d; ++j) row[j] = std::ldexp(row[j], -exponent);
    const double length = std::sqrt(dot(row, row, d));
    for (int j = 0; j < d; ++j) row[j] /= length;
  }
}

void products(const double* a, Row n, const double* b, Row m, int d, double* out, int threads) {
  in_parts(n, threads, [&](Row begin, Row end) {
    for (Row i = begin; i < end; ++i)
      for (Row j = 0; j < m; ++j) out[i * m + j] = dot(a + i * d, b + j * d, d);
  });
}

bool Excluded::contains(Row query, Row row) const {
  const auto begin = rows.begin() + offsets[static_cast<std::size_t>(query)];
  const auto end = rows.begin() + offsets[static_cast<std::size_t>(query) + 1];
  return std::binary_search(begin, end, row);
}

NearestRows::NearestRows(SearchedRows searched, std::vector<double> queries, Row k, double error,
                         Excluded excluded)
    : searched_(searched),
      queries_(std::move(queries)),
      k_(k),
      excluded_(std::move(excluded)),
      most_candidates_(std::max(kCandidates, static_cast<std::size_t>(k))),
      error_(error),
      answers_(queries_.size() / static_cast<std::size_t>(searched.d)) {}

void NearestRows::scan(const float* scores, const float* scale, const Row* numbers, Row rows,
                       int threads) {
  in_parts(queries(), threads, [&](Row begin, Row end) {
    for (Row i = begin; i < end; ++i) scan_one(i, scores + i * rows, scale, numbers, rows);
  });
}

void NearestRows::scan_one(Row i, const float* scores, const float* scale, const Row* numbers,
                           Row rows) {
  Answer& answer = answers_[static_cast<std::size_t>(i)];
  const auto consider = [&](Row j) {
    if (scores[j] * scale[j] < answer.floor || excluded_.contains(i, numbers[j])) return;
    answer.candidates.push_back(numbers[j]);
    if (answer.candidates.size() == most_candidates_) settle(i);
  };
  Row j = 0;
  for (; j + kScoresAtOnce <= rows; j += kScoresAtOnce) {
    if (!any_reaches(scores + j, scale + j, answer.floor)) continue;
    for (int lane = 0; lane < kScoresAtOnce; ++lane) consider(j + lane);
  }
  for (; j < rows; ++j) consider(j);
}

void NearestRows::settle(Row i) {
  Answer& answer = answers_[static_cast<std::size_t>(i)];
  for (Row row : answer.candidates)
    answer.best.push_back({searched_.cosine(row, query(i)), row});
  answer.candidates.clear();
  const auto k = static_cast<std::size_t>(k_);
  if (answer.best.size() < k) return;
  const auto last = answer.best.begin() + (k_ - 1);
  std::nth_element(answer.best.begin(), last, answer.best.end());
  answer.best.resize(k);
  const bool is_zero = std::all_of(query(i), query(i) + searched_.d, [](double x) { return x == 0; });
  // Of a query of zeros the first k rows are the answer: all cosines are 0.
  answer.floor = is_zero ? std::numeric_limits<float>::infinity()
                           : static_cast<float>(answer.best.back().cosine - error_);
}

void NearestRows::finish(Row* rows, double* cosines, int threads) {
  in_parts(queries(), threads, [&](Row begin, Row end) {
    for (Row i = begin; i < end; ++i) {
      settle(i);
      std::vector<Found>& best = answers_[static_cast<std::size_t>(i)].best;
      std::sort(best.begin(), best.end());
      for (std::size_t j = 0; j < best.size(); ++j) {
        rows[i * k_ + static_cast<Row>(j)] = best[j].row;
        cosines[i * k_ + static_cast<Row>(j)] = best[j].cosine;
      }
    }
  });
}

}  // namespace wordkin
