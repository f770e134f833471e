// One epoch of stochastic descent: a corpus is cut into blocks, blocks into spans of consecutive
// centers; each thread takes the next block until none is left.
//
// What is drawn for a token depends on its position alone (sampling.hpp). A block therefore sees the
// words beyond its edges exactly as its neighbours do, and no window is cut but by the end of a line.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

#include "core.hpp"
#include "sampling.hpp"

namespace wordkin {

// ---- working memory ------------------------------------------------------------------------------

namespace {

constexpr std::int64_t kBlockPositions = 8192;

std::int64_t padded(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

}  // namespace

Scratch::Scratch(int centers, int window, int pool_size, std::int64_t stride)
    : width(static_cast<int>(padded(pool_size, kRowAlignment) +
                             padded(2 * window + 3, kRowAlignment) + kRowAlignment)) {
  const std::int64_t outside = centers + 2LL * window;
  std::int64_t lines = 0;
  const auto reserve = [&](std::int64_t bytes) {
    const std::int64_t at = lines;
    lines += padded(bytes, sizeof(CacheLine)) / sizeof(CacheLine);
    return at;
  };
  // `redraw` is read up to a vector beyond its end, and up to a window before its begin.
  const auto logits_at = reserve(4LL * centers * width),
             weights_at = reserve(4LL * centers * width), steps_at = reserve(4LL * centers * stride),
             redraw_at = reserve(4LL * (outside + 2LL * (window + 1) + 2 * kRowAlignment)),
             pool_at = reserve(4LL * padded(pool_size, kRowAlignment)),
             pool_rows_at = reserve(8LL * (pool_size + kRowAlignment)),
             outside_at = reserve(8LL * (outside + kRowAlignment)),
             centers_at = reserve(8LL * centers);
  memory.resize(lines);
  const auto place = [&]<typename T>(T*& member, std::int64_t at) {
    member = reinterpret_cast<T*>(memory.data() + at);
  };
  place(logits, logits_at);
  place(weights, weights_at);
  place(V_steps, steps_at);
  place(redraw, redraw_at);
  place(pool, pool_at);
  place(pool_rows, pool_rows_at);
  place(outside_rows, outside_at);
  place(center_rows, centers_at);
  redraw += window + 1;
  std::fill_n(pool, padded(pool_size, kRowAlignment), kLineEnd);
}

std::vector<CacheLine> expected_window(int m) {
  std::vector<CacheLine> lines(padded(2 * m + 3, kRowAlignment) / kRowAlignment);
  float* weights = lines.front().floats;
  for (int distance = 1; distance <= m; ++distance)
    weights[m + 1 - distance] = weights[m + 1 + distance] =
        static_cast<float>(m - distance + 1) / m;
  return lines;
}

// ---- blocks --------------------------------------------------------------------------------------

namespace {

// The tokens of one block that subsampling keeps, with up to m kept tokens of its surroundings on
// either side, and for each center its window.
class Block {
 public:
  Block(const Epoch& epoch, const Draws& draws) : epoch_(epoch), draws_(draws) {}

  std::vector<Id> tokens;
  std::vector<float> redraw;
  std::vector<std::int64_t> positions;
  std::vector<int> begin, end;   // windows of the centers
  int first = 0, centers = 0;
  std::int64_t subsampled = 0;

  void read(std::int64_t from, std::int64_t to) {
    const auto room = static_cast<std::size_t>(to - from + 2 * epoch_.window + 1);
    tokens.resize(room);
    redraw.resize(room);
    positions.resize(room);
    line_begin_.resize(room);
    size_ = 0;
    read_before(from);
    first = size_;
    int line = 0;
    std::int64_t line_ends = 0;
    for (std::int64_t i = from; i < to; ++i) {
      if (epoch_.ids[i] == kLineEnd) {
        line = size_;
        ++line_ends;
      } else {
        push(i, line);
      }
    }
    centers = size_ - first;
    subsampled = to - from - line_ends - centers;
    for (std::int64_t i = to; size_ < first + centers + epoch_.window; ++i) {
      if (i == epoch_.size || epoch_.ids[i] == kLineEnd) break;
      push(i, line);
    }
    for (int t = 0; t < size_; ++t) redraw[t] = epoch_.redraw[tokens[t]];
    find_windows();
  }

  int tokens_end() const { return size_; }

 private:
  // Appends the token at position i if it is kept, without a branch: half of them are.
  void push(std::int64_t i, int line) {
    const Id id = epoch_.ids[i];
    tokens[size_] = id;
    positions[size_] = i;
    line_begin_[size_] = line;
    size_ += draws_.at(epoch_.first_position + i, 0) >> 32 <= epoch_.keep[id];
  }

  void read_before(std::int64_t from) {
    for (std::int64_t i = from - 1; i >= 0 && epoch_.ids[i] != kLineEnd; --i) {
      if (size_ == epoch_.window) break;
      push(i, 0);
    }
    std::reverse(tokens.begin(), tokens.begin() + size_);
    std::reverse(positions.begin(), positions.begin() + size_);
  }

  void find_windows() {
    begin.resize(centers);
    end.resize(centers);
    int line_end = size_;
    for (int t = size_ - 1; t >= first; --t) {
      if (t < first + centers) {
        begin[t - first] = std::max(t - epoch_.window, line_begin_[t]);
        end[t - first] = std::min(t + epoch_.window + 1, line_end);
      }
      if (line_begin_[t] == t) line_end = t;
    }
  }

  const Epoch& epoch_;
  const Draws& draws_;
  std::vector<int> line_begin_;
  int size_ = 0;
};

// What threads share: the next block to take, and the running tally.
struct Shared {
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable changed;
  Tally tally;
  int running = 0;
};

// Numbers below 1e-38, as steps of saturated logits are, are zeros for this thread: they change
// nothing, and processors take a hundred times as long for them.
void flush_denormals() {
#ifdef __SSE2__
  _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

void work(const Parameters& model, const Epoch& epoch, Shared& shared) {
  flush_denormals();
  const Draws draws(epoch.seed, epoch.epoch);
  Scratch scratch(epoch.span, epoch.window, epoch.pool_size, model.stride);
  Block block(epoch, draws);
  const std::vector<CacheLine> window_weights = expected_window(epoch.window);
  std::vector<Id> pool(epoch.pool_size), upcoming(epoch.pool_size);
  const auto fill = [&](std::vector<Id>& into, std::int64_t position) {
    for (int k = 0; k < epoch.pool_size; ++k)
      into[k] = draw(draws.at(epoch.first_position + position, 1 + k), epoch.noise);
  };
  while (!shared.stop) {
    const std::int64_t from = shared.next.fetch_add(kBlockPositions);
    if (from >= epoch.size) return;
    const std::int64_t to = std::min(from + kBlockPositions, epoch.size);
    block.read(from, to);
    Tally tally;
    tally.positions = to - from;
    tally.trained = block.centers;
    tally.subsampled = block.subsampled;
    if (block.centers) fill(upcoming, block.positions[block.first]);
    for (int at = 0; at < block.centers && !shared.stop; at += epoch.span) {
      Span span{};
      span.tokens = block.tokens.data();
      span.redraw = block.redraw.data();
      span.first = block.first + at;
      span.centers = std::min(epoch.span, block.centers - at);
      span.begin = block.begin.data() + at;
      span.end = block.end.data() + at;
      span.window = epoch.window;
      span.window_weights = window_weights.front().floats;
      span.tokens_end = block.tokens_end();
      pool.swap(upcoming);
      const int next = at + span.centers;
      if (next < block.centers) fill(upcoming, block.positions[block.first + next]);
      span.pool = pool.data();
      span.upcoming = next < block.centers ? upcoming.data() : nullptr;
      span.pool_size = epoch.pool_size;
      span.negative_weight = static_cast<float>(epoch.negatives) / epoch.pool_size;
      const double done = static_cast<double>(block.positions[span.first]) / epoch.size;
      const auto rate = static_cast<float>(epoch.rate_begin +
                                           (epoch.rate_end - epoch.rate_begin) * done);
      const StepResult result = epoch.step(model, span, rate / epoch.steps, scratch);
      tally.loss += result.loss;
      tally.pairs += result.pairs;
      for (int i = 1; i < epoch.steps; ++i)
        epoch.step(model, span, rate / epoch.steps, scratch);
    }
    std::lock_guard lock(shared.mutex);
    shared.tally.positions += tally.positions;
    shared.tally.trained += tally.trained;
    shared.tally.subsampled += tally.subsampled;
    shared.tally.pairs += tally.pairs;
    shared.tally.loss += tally.loss;
    if (!std::isfinite(tally.loss)) {
      shared.tally.finite = false;
      shared.stop = true;
    }
  }
}

}  // namespace

Tally train_epoch(const Parameters& model, const Epoch& epoch,
                  const std::function<void(const Tally&)>& tick) {
  Shared shared;
  std::exception_ptr failure;
  const auto guarded = [&] {
    try {
      work(model, epoch, shared);
    } catch (...) {
      std::lock_guard lock(shared.mutex);
      failure = std::current_exception();
      shared.stop = true;
    }
    std::lock_guard lock(shared.mutex);
    --shared.running;
    shared.changed.notify_all();
  };
  std::vector<std::thread> threads;
  const auto join = [&] {
    for (auto& thread : threads) thread.join();
  };
  try {
    for (int t = 0; t < epoch.threads; ++t) {
      {
        std::lock_guard lock(shared.mutex);
        ++shared.running;
      }
      try {
        threads.emplace_back(guarded);
      } catch (...) {
        std::lock_guard lock(shared.mutex);
        --shared.running;
        throw;
      }
    }
    std::unique_lock lock(shared.mutex);
    while (!shared.changed.wait_for(lock, std::chrono::milliseconds(100),
                                    [&] { return shared.running == 0; })) {
      const Tally now = shared.tally;
      lock.unlock();
      tick(now);
      lock.lock();
    }
  } catch (...) {
    shared.stop = true;
    join();
    throw;
  }
  join();
  if (failure) std::rethrow_exception(failure);
  return shared.tally;
}

}  // namespace wordkin
