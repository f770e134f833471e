// The counted pairs of rows that meet a sample of the other matrix: kernels.hpp says where they stand.
// Most words of a row's pairs are frequent, and in the sample; for the others, single rows of the other
// matrix are read, which takes the time of memory, not of arithmetic.
#include "kernels/simd.hpp"

namespace wordkin::WORDKIN_LEVEL {
namespace {

constexpr std::int64_t kAhead = 4;   // pairs between a row that is fetched and the one in use

template <typename T>
constexpr std::int64_t lanes() {
  return kLanes * 4 / sizeof(T);
}

template <typename T>
INLINE void fetch(const T* row, std::int64_t d) {
  for (std::int64_t at = 0; at < d; at += 64 / static_cast<std::int64_t>(sizeof(T)))
    __builtin_prefetch(row + at);
}

// Calls f(row, pair, word) for the pairs beyond the sample, with their rows of B on the way.
template <typename T, typename F>
INLINE void for_pairs_beyond(const SampledPairs<T>& pairs, const T* B, std::int64_t d, F f) {
  const std::int64_t last = pairs.indptr[pairs.rows];
  for (std::int64_t r = 0; r < pairs.rows; ++r)
    for (std::int64_t i = pairs.indptr[r]; i < pairs.indptr[r + 1]; ++i) {
      if (i + kAhead < last && pairs.at[i + kAhead] >= pairs.columns)
        fetch(B + pairs.words[i + kAhead] * d, d);
      if (pairs.at[i] >= pairs.columns) f(r, i, pairs.words[i]);
    }
}

}  // namespace

template <typename T>
void place(const SampledPairs<T>& pairs, const Id* place, const T* log_weights, T* x,
           std::int64_t* lengths) {
  for (std::int64_t r = 0; r < pairs.rows; ++r) {
    std::int64_t length = pairs.columns;
    for (std::int64_t i = pairs.indptr[r]; i < pairs.indptr[r + 1]; ++i) {
      const Id found = place[pairs.words[i]];
      pairs.at[i] = found < 0 ? static_cast<Id>(length++) : found;
      if (found >= 0) x[r * pairs.stride + found] -= log_weights[found];
    }
    lengths[r] = length;
  }
}

template <typename T>
void multiply(const SampledPairs<T>& pairs, const T* A, const T* B, std::int64_t d, const T* column,
              T* x) {
  for_pairs_beyond(pairs, B, d, [&](std::int64_t r, std::int64_t i, Id word) ALWAYS_INLINE {
    const T *a = A + r * d, *b = B + word * d;
    Vector<T> sums{};
    std::int64_t at = 0;
    for (; at + lanes<T>() <= d; at += lanes<T>())
      sums += load_unaligned(a + at) * load_unaligned(b + at);
    T product = sum(sums);
    for (; at < d; ++at) product += a[at] * b[at];
    x[r * pairs.stride + pairs.at[i]] = column ? product + column[word] : product;
  });
}

template <typename T>
void add(const SampledPairs<T>& pairs, const T* x, const T* B, std::int64_t d, T* g) {
  for_pairs_beyond(pairs, B, d, [&](std::int64_t r, std::int64_t i, Id word) ALWAYS_INLINE {
    const T *b = B + word * d, factor = x[r * pairs.stride + pairs.at[i]];
    T* row = g + r * d;
    std::int64_t at = 0;
    for (; at + lanes<T>() <= d; at += lanes<T>())
      store_unaligned(row + at, load_unaligned(row + at) + factor * load_unaligned(b + at));
    for (; at < d; ++at) row[at] += factor * b[at];
  });
}

#define WORDKIN_PAIRS(T)                                                                           \
  template void place<T>(const SampledPairs<T>&, const Id*, const T*, T*, std::int64_t*);          \
  template void multiply<T>(const SampledPairs<T>&, const T*, const T*, std::int64_t, const T*, T*); \
  template void add<T>(const SampledPairs<T>&, const T*, const T*, std::int64_t, T*);
WORDKIN_PAIRS(float)
WORDKIN_PAIRS(double)

}  // namespace wordkin::WORDKIN_LEVEL
