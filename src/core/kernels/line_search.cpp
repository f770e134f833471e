// Along a direction, the step that each row of a tile takes. tile.hpp has the formulas.
#include "kernels/tile.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr int kTrials = 8;              // points that a line search evaluates
constexpr double kFlat = 0.2;           // it ends where the slope has fallen to this share
constexpr double kFarthest = 4;         // and never goes farther than so many Newton steps

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
int search(const Tile<T>& tile, const T* y, const double* linear, const double* quadratic, T* alpha,
           double* loss, double* log_z) {
  int evaluations = 0;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const T* direction = y + r * tile.stride;
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

template int search<float>(const Tile<float>&, const float*, const double*, const double*, float*,
                           double*, double*);
template int search<double>(const Tile<double>&, const double*, const double*, const double*, double*,
                            double*, double*);

}  // namespace wordkin::WORDKIN_LEVEL
