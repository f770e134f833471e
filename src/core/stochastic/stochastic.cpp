// One epoch of stochastic descent: a corpus is cut into blocks, blocks into spans of consecutive
// centers; each thread takes the next block until none is left. Threads either change the rows of the
// model as they please (lock_free.cpp), or work in batches whose outcome does not depend on them
// (deterministic.cpp).
#include "stochastic/stochastic.hpp"

#include <algorithm>
#include <cmath>

#include "stochastic/epoch.hpp"

namespace wordkin {
namespace stochastic {

void Rows::resize(const Block& block) {
  V.resize(block.size());
  U.resize(block.size() + kBeyond);
  drawn.resize(block.drawn.size());
}

float rate_at(const Epoch& epoch, std::int64_t position) {
  const double done = static_cast<double>(position) / static_cast<double>(epoch.size);
  return static_cast<float>(epoch.rate_begin + (epoch.rate_end - epoch.rate_begin) * done);
}

Descent::Descent(const Epoch& epoch, const Parameters& model)
    : epoch_(epoch), model_(model),
      scratch_(std::ranges::max(epoch.layouts, {}, &Layout::span).span, epoch.reach(),
               std::ranges::max(epoch.layouts, {}, &Layout::pool_size).pool_size, model.stride) {
  const auto pool = std::ranges::max(epoch.layouts, {}, &Layout::pool_size).pool_size;
  pool_.resize(pool);
  pool_U_.resize(pool + kBeyond);
  for (const Layout& layout : epoch.layouts)
    window_weights_.push_back(expected_window(layout.reach, epoch.window));
}

void Descent::run(Block& block, Rows& rows) {
  // What is read beyond the last row, and not used, shall be a row of the block.
  std::fill_n(rows.U.end() - kBeyond, kBeyond, rows.U.front());
  const Layout& layout = *block.layout;
  scratch_.fit(layout.reach, layout.pool_size);
  Span span{};
  span.tokens = block.tokens.data();
  span.redraw = block.redraw.data();
  span.V = rows.V.data();
  span.U = rows.U.data();
  span.reach = layout.reach;
  span.window_weights = window_weights_[&layout - epoch_.layouts.data()].front().floats;
  span.pool = pool_.data();
  span.pool_U = pool_U_.data();
  span.pool_size = layout.pool_size;
  span.negative_weight = static_cast<float>(epoch_.negatives) / layout.pool_size;
  span.tokens_end = block.size();
  for (int s = 0; s < block.spans; ++s) {
    const int at = s * layout.span;
    span.first = block.first + at;
    span.centers = std::min(layout.span, block.centers - at);
    span.begin = block.begin.data() + at;
    span.end = block.end.data() + at;
    const Id* const pool = block.pools.data() + s * layout.pool_size;
    for (int k = 0; k < layout.pool_size; ++k) {
      pool_[k] = block.drawn[pool[k]];
      pool_U_[k] = rows.drawn[pool[k]];
    }
    std::fill_n(pool_U_.begin() + layout.pool_size, kBeyond, pool_U_.front());
    const float rate = rate_at(epoch_, block.positions[span.first]);
    const auto step = [&] {
      return epoch_.step(model_.stride, model_.d, span, rate / layout.steps, scratch_);
    };
    const StepResult result = step();
    block.tally.loss += result.loss;
    block.tally.pairs += result.pairs;
    for (int i = 1; i < std::min(layout.steps, kMostSteps); ++i) step();
  }
}

namespace {

void add_to(Tally& sum, const Tally& tally) {
  sum.positions += tally.positions;
  sum.trained += tally.trained;
  sum.subsampled += tally.subsampled;
  sum.pairs += tally.pairs;
  sum.loss += tally.loss;
}

}  // namespace

bool SharedTally::add(const Tally& tally) {
  std::lock_guard lock(mutex_);
  add_to(sum_, tally);
  add_to(recent_, tally);
  if (recent_.positions >= kRecent) {
    check(recent_);
    recent_ = {};
  }
  return !sum_.diverged;
}

Tally SharedTally::now() {
  std::lock_guard lock(mutex_);
  return sum_;
}

Tally SharedTally::end() {
  std::lock_guard lock(mutex_);
  // Where training was stopped, the mean loss may be that of a few pairs.
  if (sum_.positions >= size_ || !std::isfinite(sum_.loss)) check(sum_);
  return sum_;
}

void SharedTally::check(const Tally& some) {
  if (!(some.loss <= limit_ * some.pairs)) sum_.diverged = true;   // or it is a NaN
}

}  // namespace stochastic

Tally train_epoch(const Parameters& model, const Epoch& epoch, const Tick& tick) {
  return epoch.batch ? stochastic::train_deterministic(model, epoch, tick)
                     : stochastic::train_lock_free(model, epoch, tick);
}

}  // namespace wordkin
