// Reads one block of the corpus: subsampling, windows and negatives.
#include <algorithm>

#include "stochastic/epoch.hpp"

namespace wordkin::stochastic {
namespace {

// The streams of random numbers at a position: whether its token is kept, the way through the words
// drawn of a span that begins there, and the words of a block that does.
constexpr int kKept = 0, kStride = 1, kFirstWord = 2;

}  // namespace

// Appends the token at position i if it is kept, without a branch: half of them are.
inline void Block::push(std::int64_t i, int line) {
  const Id id = epoch_.ids[i];
  tokens[size_] = id;
  positions[size_] = i;
  line_begin_[size_] = line;
  size_ += draws_.at(epoch_.first_position + i, kKept) >> 32 <= epoch_.keep[id];
}

void Block::read(std::int64_t from) {
  const std::int64_t to = std::min(from + epoch_.block, epoch_.size);
  const auto room = static_cast<std::size_t>(to - from + 2 * epoch_.reach() + 1);
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
  tally = {};
  tally.positions = to - from;
  tally.trained = centers;
  tally.subsampled = to - from - line_ends - centers;
  for (std::int64_t i = to; size_ < first + centers + epoch_.reach(); ++i) {
    if (i == epoch_.size || epoch_.ids[i] == kLineEnd) break;
    push(i, line);
  }
  for (int t = 0; t < size_; ++t) redraw[t] = epoch_.redraw[tokens[t]];
  find_windows();
  find_layout();
  draw_words(from);
  find_pools();
}

void Block::read_before(std::int64_t from) {
  for (std::int64_t i = from - 1; i >= 0 && epoch_.ids[i] != kLineEnd; --i) {
    if (size_ == epoch_.reach()) break;
    push(i, 0);
  }
  std::reverse(tokens.begin(), tokens.begin() + size_);
  std::reverse(positions.begin(), positions.begin() + size_);
}

void Block::find_windows() {
  begin.resize(centers);
  end.resize(centers);
  int line_end = size_;
  for (int t = size_ - 1; t >= first; --t) {
    if (t < first + centers) {
      begin[t - first] = std::max(t - epoch_.reach(), line_begin_[t]);
      end[t - first] = std::min(t + epoch_.reach() + 1, line_end);
    }
    if (line_begin_[t] == t) line_end = t;
  }
}

void Block::find_layout() {
  layout = epoch_.layouts.data();
  const Layout* const last = layout + epoch_.layouts.size() - 1;
  for (int t = 0; t < centers && layout != last; ++t) {
    const int reach = std::max(first + t - begin[t], end[t] - 1 - first - t);
    while (layout != last && layout->reach < reach) ++layout;
  }
}

void Block::draw_words(std::int64_t from) {
  drawn.resize(centers ? layout->drawn : 0);
  int stream = kFirstWord;
  for (Id& word : drawn) word = draw(draws_.at(epoch_.first_position + from, stream++), epoch_.noise);
}

// A span takes every so many of the words drawn, by an odd stride, so that none comes twice before all
// have come.
void Block::find_pools() {
  const int span = layout->span, pool_size = layout->pool_size;
  const auto mask = static_cast<std::uint32_t>(layout->drawn - 1);
  spans = (centers + span - 1) / span;
  pools.resize(static_cast<std::size_t>(spans) * pool_size);
  Id* pool = pools.data();
  for (int s = 0; s < spans; ++s) {
    const std::uint64_t random =
        draws_.at(epoch_.first_position + positions[first + s * span], kStride);
    const auto stride = static_cast<std::uint32_t>(random) | 1;
    auto at = static_cast<std::uint32_t>(random >> 32);
    for (int k = 0; k < pool_size; ++k, at += stride) *pool++ = static_cast<Id>(at & mask);
  }
}

}  // namespace wordkin::stochastic
