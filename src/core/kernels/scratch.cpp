// The working memory of a step, and the weights of a window: what is made once for many steps, and so
// compiled for the baseline alone.
#include <algorithm>

#include "kernels/kernels.hpp"

namespace wordkin {

namespace {

std::int64_t padded(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

int width_of(int reach, int pool_size) {
  return static_cast<int>(padded(pool_size, kRowAlignment) + padded(2 * reach + 3, kRowAlignment) +
                          kRowAlignment);
}

}  // namespace

Scratch::Scratch(int centers, int reach, int pool_size, std::int64_t stride)
    : width(width_of(reach, pool_size)) {
  const std::int64_t outside = centers + 2LL * reach;
  std::int64_t lines = 0;
  const auto reserve = [&](std::int64_t bytes) {
    const std::int64_t at = lines;
    lines += padded(bytes, sizeof(CacheLine)) / sizeof(CacheLine);
    return at;
  };
  // `redraw` is read up to a vector beyond its end, and up to what a window reaches before its begin.
  const auto logits_at = reserve(4LL * centers * width),
             weights_at = reserve(4LL * centers * width), steps_at = reserve(4LL * centers * stride),
             redraw_at = reserve(4LL * (outside + 2LL * (reach + 1) + 2 * kRowAlignment)),
             pool_at = reserve(4LL * padded(pool_size, kRowAlignment));
  memory.resize(lines);
  const auto place = [&]<typename T>(T*& member, std::int64_t at) {
    member = reinterpret_cast<T*>(memory.data() + at);
  };
  place(logits, logits_at);
  place(weights, weights_at);
  place(V_steps, steps_at);
  place(redraw, redraw_at);
  place(pool, pool_at);
  redraw += reach + 1;
  std::fill_n(pool, padded(pool_size, kRowAlignment), kLineEnd);
}

void Scratch::fit(int reach, int pool_size) {
  width = width_of(reach, pool_size);
  // The kernels read whole vectors of the pool: what is behind it is no word.
  std::fill_n(pool, padded(pool_size, kRowAlignment), kLineEnd);
}

std::vector<CacheLine> expected_window(int reach, std::int64_t m) {
  std::vector<CacheLine> lines(padded(2 * reach + 3, kRowAlignment) / kRowAlignment);
  float* weights = lines.front().floats;
  for (int distance = 1; distance <= reach; ++distance)
    weights[reach + 1 - distance] = weights[reach + 1 + distance] =
        m ? static_cast<float>(static_cast<double>(m - distance + 1) / static_cast<double>(m)) : 1.0f;
  return lines;
}

}  // namespace wordkin
