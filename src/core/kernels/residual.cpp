// The residual of a tile of logits, dJ/dx, which the exact engine multiplies next. tile.hpp has the
// formulas.
#include "kernels/tile.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

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

}  // namespace

template <typename T>
void residual(const Tile<T>& tile, T* out, double* loss, double* log_z) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    T* row = out + r * tile.stride;
    if (!(tile.n[r] > 0)) {
      for (std::int64_t w = 0; w < tile.stride; ++w) row[w] = 0;
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

template void residual<float>(const Tile<float>&, float*, double*, double*);
template void residual<double>(const Tile<double>&, double*, double*, double*);

}  // namespace wordkin::WORDKIN_LEVEL
