// What stands between the matrix products of the exact engine: from a tile of logits to the residual
// that is multiplied next, and along a direction to the step that each row takes.
//
// Compiled once for each instruction set, like the stochastic kernel, and under the same rule: nothing
// is called that another translation unit could also emit.
//
// A row r of one matrix meets all rows w of the other one, x_w = a_r . b_w. Its loss, a pair, is
//
//   softmax    log sum_w e^x_w                           - sum_o f_o x_o        f_o = N_ro / n_r
//   poisson    sum_w m_w e^x_w / n_r                     - sum_o f_o x_o        m_w = e^column_w
//   logistic   sum_w m_w s+(x_w) + sum_o f_o [ s+(-x_o) - h_o s+(x_o) ]         s+(x) = log(1 + e^x)
//              m_w = row_r column_w / n_r,  h_o = row_hit_r column_hit_o
//
// where the sums over o take the pairs that were counted, and those over w take all words. Sums are
// taken in a fixed order, a row by one thread: the results do not depend on how many there are.
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr std::int64_t kBlock = 4096;   // columns that are summed before the sum goes into a double
constexpr int kTrials = 8;              // points that a line search looks at
constexpr double kFlat = 0.2;           // it ends where the slope has fallen to this share
constexpr double kFarthest = 4;         // and never goes farther than so many Newton steps

template <typename T>
constexpr int lanes() {
  return kLanes * 4 / sizeof(T);
}

INLINE bool finite(double x) { return x - x == 0; }

template <typename T>
INLINE T largest_exponent() {
  return sizeof(T) == 4 ? T(88) : T(709);
}

template <typename T>
INLINE Vector<T> bounded_exponential(Vector<T> x) {
  const Vector<T> most = splat(largest_exponent<T>());
  return exponential(x > most ? most : x);
}

// s(x), and log(1 + e^x), both stable.
template <typename T>
struct Logistic {
  Vector<T> sigmoid, softplus;
  INLINE explicit Logistic(Vector<T> x) {
    const Vector<T> zero{}, e = exponential(x > zero ? -x : x), reciprocal = T(1) / (e + T(1));
    sigmoid = x > zero ? reciprocal : e * reciprocal;
    softplus = (x < zero ? zero : x) + log_one_plus(e);   // a NaN stays a NaN
  }
};

// Calls f(at) for each whole vector of [0, n), then f for a copy of the rest: f(at, count) with count
// below the number of lanes.
template <typename T, typename Whole, typename Rest>
INLINE void for_vectors(std::int64_t n, Whole whole, Rest rest) {
  std::int64_t at = 0;
  for (; at + lanes<T>() <= n; at += lanes<T>()) whole(at);
  if (at < n) rest(at, static_cast<int>(n - at));
}

template <typename T>
INLINE Vector<T> load_some(const T* p, int count, T rest) {
  T values[lanes<T>()];
  for (int i = 0; i < lanes<T>(); ++i) values[i] = i < count ? p[i] : rest;
  return load_unaligned(values);
}

// The sums of up to 3 functions of the elements of arrays, in blocks: f(vectors, sums) adds to the
// sums; the arrays end in what `rests` names, which must add nothing.
template <typename T, int kArrays, int kSums, typename F>
INLINE void sum_over(std::int64_t n, const T* const* arrays, const T* rests, double* totals, F f) {
  for (std::int64_t begin = 0; begin < n; begin += kBlock) {
    const std::int64_t size = n - begin < kBlock ? n - begin : kBlock;
    Vector<T> sums[kSums] = {}, x[kArrays];
    for_vectors<T>(
        size,
        [&](std::int64_t at) ALWAYS_INLINE {
          for (int k = 0; k < kArrays; ++k) x[k] = load_unaligned(arrays[k] + begin + at);
          f(x, sums);
        },
        [&](std::int64_t at, int count) ALWAYS_INLINE {
          for (int k = 0; k < kArrays; ++k) x[k] = load_some(arrays[k] + begin + at, count, rests[k]);
          f(x, sums);
        });
    for (int k = 0; k < kSums; ++k) totals[k] += static_cast<double>(sum(sums[k]));
  }
}

// out = f(arrays), elementwise.
template <typename T, int kArrays, typename F>
INLINE void transform(std::int64_t n, const T* const* arrays, T* out, F f) {
  Vector<T> x[kArrays];
  for_vectors<T>(
      n,
      [&](std::int64_t at) ALWAYS_INLINE {
        for (int k = 0; k < kArrays; ++k) x[k] = load_unaligned(arrays[k] + at);
        store_unaligned(out + at, f(x));
      },
      [&](std::int64_t at, int count) ALWAYS_INLINE {
        for (int k = 0; k < kArrays; ++k) x[k] = load_some(arrays[k] + at, count, T(0));
        T values[lanes<T>()];
        store_unaligned(values, f(x));
        for (int i = 0; i < count; ++i) out[at + i] = values[i];
      });
}

template <typename T>
double maximum(const T* x, std::int64_t n) {
  Vector<T> most = splat(x[0]);
  for_vectors<T>(
      n,
      [&](std::int64_t at) ALWAYS_INLINE {
        const Vector<T> now = load_unaligned(x + at);
        most = now > most ? now : most;
      },
      [&](std::int64_t at, int count) ALWAYS_INLINE {
        const Vector<T> now = load_some(x + at, count, x[0]);
        most = now > most ? now : most;
      });
  T found = most[0];
  for (int i = 1; i < lanes<T>(); ++i) found = most[i] > found ? most[i] : found;
  return static_cast<double>(found);
}

// One row of a tile.
template <typename T>
struct Row {
  const T* x;
  std::int64_t columns, entries;
  const Id* indices;
  const T* counts;
  double n;
};

template <typename T>
Row<T> row_of(const Tile<T>& tile, std::int64_t r) {
  const std::int64_t begin = tile.indptr[r], end = tile.indptr[r + 1];
  return {tile.x + r * tile.columns, tile.columns, end - begin, tile.indices + begin,
          tile.counts + begin, static_cast<double>(tile.n[r])};
}

// ---- the residual dJ/dx --------------------------------------------------------------------------

template <typename T>
void softmax_residual(const Tile<T>& tile, std::int64_t r, T* out, double* loss, double* log_z) {
  const Row<T> row = row_of(tile, r);
  const double top = maximum(row.x, row.columns);
  const T shift = static_cast<T>(top);
  double z = 0;
  for (std::int64_t begin = 0; begin < row.columns; begin += kBlock) {
    const std::int64_t size = row.columns - begin < kBlock ? row.columns - begin : kBlock;
    const T* arrays[] = {row.x + begin};
    transform<T, 1>(size, arrays, out + begin,
                    [&](const Vector<T>* x) ALWAYS_INLINE { return exponential(x[0] - shift); });
    const T* written[] = {out + begin};
    const T rests[] = {T(0)};
    sum_over<T, 1, 1>(size, written, rests, &z,
                      [](const Vector<T>* e, Vector<T>* sums) ALWAYS_INLINE { sums[0] += e[0]; });
  }
  const T scale = static_cast<T>(1 / z);
  const T* written[] = {out};
  transform<T, 1>(row.columns, written, out,
                  [&](const Vector<T>* e) ALWAYS_INLINE { return e[0] * scale; });
  const double share = 1 / row.n;
  double hit = 0;
  for (std::int64_t i = 0; i < row.entries; ++i) {
    const Id o = row.indices[i];
    const double f = row.counts[i] * share;
    out[o] -= static_cast<T>(f);
    hit += f * row.x[o];
  }
  *log_z = top + __builtin_log(z);
  *loss = row.n * (*log_z - hit);
}

template <typename T>
void poisson_residual(const Tile<T>& tile, std::int64_t r, T* out, double* loss, double* log_z) {
  const Row<T> row = row_of(tile, r);
  const T share = static_cast<T>(1 / row.n);
  const T* arrays[] = {row.x, tile.column};
  transform<T, 2>(row.columns, arrays, out, [&](const Vector<T>* x) ALWAYS_INLINE {
    return bounded_exponential<T>(x[0] + x[1]) * share;
  });
  for (std::int64_t i = 0; i < row.entries; ++i) out[row.indices[i]] -= row.counts[i] * share;
  *loss = *log_z = 0;
}

template <typename T>
void logistic_residual(const Tile<T>& tile, std::int64_t r, T* out, double* loss, double* log_z) {
  const Row<T> row = row_of(tile, r);
  const T share = static_cast<T>(1 / row.n), weight = tile.row[r] * share;
  const T* arrays[] = {row.x, tile.column};
  const T rests[] = {T(0), T(0)};
  double all = 0, hit = 0;
  sum_over<T, 2, 1>(row.columns, arrays, rests, &all,
                    [&](const Vector<T>* x, Vector<T>* sums) ALWAYS_INLINE {
                      sums[0] += x[1] * weight * Logistic<T>(x[0]).softplus;
                    });
  transform<T, 2>(row.columns, arrays, out, [&](const Vector<T>* x) ALWAYS_INLINE {
    return x[1] * weight * Logistic<T>(x[0]).sigmoid;
  });
  for (std::int64_t i = 0; i < row.entries; ++i) {
    const Id o = row.indices[i];
    const Logistic<T> at(splat(row.x[o]));
    const T f = row.counts[i] * share, s = at.sigmoid[0], plus = at.softplus[0];
    const T h = tile.row_hit[r] * tile.column_hit[o];
    out[o] -= f * ((1 - s) + h * s);
    hit += static_cast<double>(f) * (static_cast<double>(plus) - row.x[o] - h * plus);
  }
  *loss = row.n * (all + hit);
  *log_z = 0;
}

// ---- the line search -----------------------------------------------------------------------------

struct Point {
  double loss;        // J
  double slope;       // -dJ/dalpha: positive while there is farther down to go
  double curvature;   // d2J/dalpha2
};

// J along x - alpha y for one row, without what is linear or quadratic in alpha.
template <typename T>
class SoftmaxLine {
 public:
  SoftmaxLine(const Tile<T>& tile, std::int64_t r, const T* y, double log_z)
      : row_(row_of(tile, r)), y_(y), shift_(static_cast<T>(log_z)) {}
  // What y is on average is taken off it from here on: by Jensen's inequality the sum of exponentials
  // then stays above its first value, and does not vanish however far a row moves as a whole.
  Point begin() {
    const Point point = at(0);
    center_ = static_cast<T>(point.slope);
    return point;
  }
  Point at(double alpha) const {
    const T *arrays[] = {row_.x, y_}, step = static_cast<T>(alpha), center = center_, shift = shift_;
    const T rests[] = {T(-1e30), T(0)};
    double s[3] = {};
    sum_over<T, 2, 3>(row_.columns, arrays, rests, s,
                      [&](const Vector<T>* v, Vector<T>* sums) ALWAYS_INLINE {
                        const Vector<T> y = v[1] - center;
                        const Vector<T> e = bounded_exponential<T>(v[0] - shift - step * y), ey = e * y;
                        sums[0] += e;
                        sums[1] += ey;
                        sums[2] += ey * y;
                      });
    const double mean = s[1] / s[0], nan = __builtin_nan("");
    const double loss = static_cast<double>(shift_) - alpha * center_ + __builtin_log(s[0]);
    // Where exponentials have met their bound, their ratios say nothing.
    if (s[0] > (sizeof(T) == 4 ? 1e38 : 1e307)) return {loss, nan, nan};
    return {loss, center_ + mean, s[2] / s[0] - mean * mean};
  }

 private:
  Row<T> row_;
  const T* y_;
  T shift_, center_ = 0;
};

template <typename T>
class PoissonLine {
 public:
  PoissonLine(const Tile<T>& tile, std::int64_t r, const T* y)
      : row_(row_of(tile, r)), y_(y), column_(tile.column) {}
  Point begin() const { return at(0); }
  Point at(double alpha) const {
    const T *arrays[] = {row_.x, y_, column_}, step = static_cast<T>(alpha);
    const T rests[] = {T(-1e30), T(0), T(0)};
    double s[3] = {};
    sum_over<T, 3, 3>(row_.columns, arrays, rests, s,
                      [&](const Vector<T>* v, Vector<T>* sums) ALWAYS_INLINE {
                        const Vector<T> e = bounded_exponential<T>(v[0] + v[2] - step * v[1]),
                                        ey = e * v[1];
                        sums[0] += e;
                        sums[1] += ey;
                        sums[2] += ey * v[1];
                      });
    return {s[0] / row_.n, s[1] / row_.n, s[2] / row_.n};
  }

 private:
  Row<T> row_;
  const T *y_, *column_;
};

template <typename T>
class LogisticLine {
 public:
  LogisticLine(const Tile<T>& tile, std::int64_t r, const T* y)
      : row_(row_of(tile, r)), y_(y), column_(tile.column), column_hit_(tile.column_hit),
        row_hit_(tile.row_hit[r]), weight_(static_cast<T>(tile.row[r] / tile.n[r])) {}
  Point begin() const { return at(0); }
  Point at(double alpha) const {
    const T *arrays[] = {row_.x, y_, column_}, step = static_cast<T>(alpha), weight = weight_;
    const T rests[] = {T(0), T(0), T(0)};
    double s[3] = {};
    sum_over<T, 3, 3>(row_.columns, arrays, rests, s,
                      [&](const Vector<T>* v, Vector<T>* sums) ALWAYS_INLINE {
                        const Logistic<T> x(v[0] - step * v[1]);
                        const Vector<T> m = v[2] * weight, my = m * v[1] * x.sigmoid;
                        sums[0] += m * x.softplus;
                        sums[1] += my;
                        sums[2] += my * (T(1) - x.sigmoid) * v[1];
                      });
    // The counted pairs, a vector of them at a time.
    for (std::int64_t begin = 0; begin < row_.entries; begin += lanes<T>()) {
      const std::int64_t left = row_.entries - begin;
      const int size = left < lanes<T>() ? static_cast<int>(left) : lanes<T>();
      T x[lanes<T>()] = {}, y[lanes<T>()] = {}, f[lanes<T>()] = {}, h[lanes<T>()] = {};
      for (int i = 0; i < size; ++i) {
        const Id o = row_.indices[begin + i];
        x[i] = row_.x[o];
        y[i] = y_[o];
        f[i] = row_.counts[begin + i] / static_cast<T>(row_.n);
        h[i] = row_hit_ * column_hit_[o];
      }
      const Vector<T> vx = load_unaligned(x), vy = load_unaligned(y), vf = load_unaligned(f),
                      vh = load_unaligned(h), at = vx - step * vy;
      const Logistic<T> now(at);
      const Vector<T> rest = T(1) - now.sigmoid;
      s[0] += static_cast<double>(sum(vf * (now.softplus - at - vh * now.softplus)));
      s[1] -= static_cast<double>(sum(vf * vy * (rest + vh * now.sigmoid)));
      s[2] += static_cast<double>(sum(vf * vy * vy * now.sigmoid * rest * (T(1) - vh)));
    }
    return {s[0], s[1], s[2]};
  }

 private:
  Row<T> row_;
  const T *y_, *column_, *column_hit_;
  T row_hit_, weight_;
};

struct Found {
  double alpha;
  double loss;   // J there, without what is linear in alpha
};

// Safeguarded Newton steps on the slope, which falls along the line as J is convex: a point behind the
// minimum bounds it from above, one before it from below. Where trials run out the lower bound is
// taken, at which J is less than it was.
template <typename T, typename Line>
Found search_line(Line line, double linear, double quadratic, int* evaluations) {
  const auto with_rest = [&](Point point, double alpha) {
    ++*evaluations;
    point.slope += linear - alpha * quadratic;
    point.curvature += quadratic;
    return point;
  };
  Point low = with_rest(line.begin(), 0);
  double low_at = 0, high_at = 0, high_slope = 0;
  int behind = 0;   // points behind the minimum since the last one before it
  if (!(low.slope > 0) || !finite(low.slope)) return {0, low.loss};
  const double flat = kFlat * low.slope, begin = low.loss, rounding = sizeof(T) == 4 ? 4e-6 : 1e-14;
  // Where a row is so sure that no curvature is left, it may still be wrong.
  double alpha = low.curvature > 0 ? low.slope / low.curvature : kFarthest;
  for (int trial = 0; trial < kTrials; ++trial) {
    if (!(alpha < kFarthest)) alpha = kFarthest;
    const Point now = with_rest(line.at(alpha), alpha);
    bool good = finite(now.slope) && finite(now.curvature);
    if (good && __builtin_fabs(now.slope) <= flat) {
      // Behind the minimum the slope may have been this flat for long, and J have risen.
      const double moved = alpha * linear - alpha * alpha * quadratic / 2;
      const double slack = rounding * (__builtin_fabs(now.loss) + __builtin_fabs(moved));
      good = now.slope >= 0 || now.loss - moved <= begin + slack;
      if (good) return {alpha, now.loss};
    }
    if (good && now.slope >= 0) {
      low = now;
      low_at = alpha;
      behind = 0;
      if (alpha == kFarthest) break;
    } else {
      high_at = alpha;
      high_slope = good ? now.slope : -1e300;
      ++behind;
    }
    double next = alpha + now.slope / now.curvature;
    if (now.slope < -2 * low.slope) {
      // Far behind the minimum the slope is all but exponential, and a Newton step hardly moves: this
      // is the one to where low.slope - b e^(k alpha) is 0.
      const double fallen = low.slope - now.slope;
      next = alpha - fallen / now.curvature * __builtin_log(fallen / low.slope);
    }
    if (good && next > low_at && (high_at == 0 || next < high_at)) {
      alpha = next;
    } else if (high_at == 0) {
      alpha = 2 * low_at;
    } else {   // a secant, unless secants have come from one side again and again
      const double secant = low.slope / (low.slope - high_slope), least = behind ? 0.1 : 0.5;
      alpha = low_at + (high_at - low_at) * (behind > 1 || secant < least ? least : secant);
    }
  }
  return {low_at, low.loss};
}

}  // namespace

template <typename T>
void residual(const Tile<T>& tile, T* out, double* loss, double* log_z) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    T* row = out + r * tile.columns;
    if (!(tile.n[r] > 0)) {
      for (std::int64_t w = 0; w < tile.columns; ++w) row[w] = 0;
      loss[r] = log_z[r] = 0;
      continue;
    }
    switch (tile.link) {
      case Link::softmax: softmax_residual(tile, r, row, loss + r, log_z + r); break;
      case Link::poisson: poisson_residual(tile, r, row, loss + r, log_z + r); break;
      case Link::logistic: logistic_residual(tile, r, row, loss + r, log_z + r); break;
    }
  }
}

template <typename T>
int search(const Tile<T>& tile, const T* y, const double* linear, const double* quadratic, T* alpha,
           double* loss, double* log_z) {
  int evaluations = 0;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const T* direction = y + r * tile.columns;
    const Row<T> row = row_of(tile, r);
    if (!(row.n > 0)) {
      alpha[r] = 0;
      continue;
    }
    double hit = 0, hit_slope = 0;   // what is linear in the logits of the pairs that were counted
    if (tile.link != Link::logistic)
      for (std::int64_t i = 0; i < row.entries; ++i) {
        const Id o = row.indices[i];
        hit += static_cast<double>(row.counts[i]) * row.x[o];
        hit_slope += static_cast<double>(row.counts[i]) * direction[o];
      }
    const double slope = linear[r] - hit_slope / row.n;
    Found found{};
    switch (tile.link) {
      case Link::softmax:
        found = search_line<T>(SoftmaxLine<T>(tile, r, direction, log_z[r]), slope, quadratic[r],
                               &evaluations);
        log_z[r] = found.loss;
        break;
      case Link::poisson:
        found = search_line<T>(PoissonLine<T>(tile, r, direction), slope, quadratic[r], &evaluations);
        break;
      case Link::logistic:
        found = search_line<T>(LogisticLine<T>(tile, r, direction), slope, quadratic[r], &evaluations);
        break;
    }
    alpha[r] = static_cast<T>(found.alpha);
    loss[r] = row.n * found.loss - (hit - found.alpha * hit_slope);
  }
  return evaluations;
}

template void residual<float>(const Tile<float>&, float*, double*, double*);
template void residual<double>(const Tile<double>&, double*, double*, double*);
template int search<float>(const Tile<float>&, const float*, const double*, const double*, float*,
                           double*, double*);
template int search<double>(const Tile<double>&, const double*, const double*, const double*, double*,
                            double*, double*);

}  // namespace wordkin::WORDKIN_LEVEL
