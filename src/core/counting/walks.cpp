#include "counting/walks.hpp"

namespace wordkin::counting {

namespace {

constexpr int kSteps = 4;                      // tokens that each passes at a time
constexpr int kWidth = 2;                      // doubles of a vector, which all processors have

using Vector [[gnu::vector_size(8 * kWidth)]] = double;

// Inlined by force: a function that does nothing but fetch ahead is optimized away.
[[gnu::always_inline]] inline void prefetch(const Walks& walks, const std::int64_t* at,
                                            const std::int64_t* end) {
  constexpr int kAhead = 8;
  if (end - at <= kAhead) return;
  const Id* upcoming = walks.ids + at[kAhead];
  for (int line = -2; line <= 2; ++line) __builtin_prefetch(upcoming + 16 * line);
}

// Without subsampling, what is at distance j weighs m - j + 1.
void walk_all_kept(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums) {
  const std::int64_t m = walks.window;
  for (; at != end && !*walks.stop; ++at) {
    prefetch(walks, at, end);
    const Id* const center = walks.ids + *at;
    const std::int64_t right = walks.rightward() ? std::min(m, walks.size - 1 - *at) : 0;
    const std::int64_t left = walks.leftward() ? std::min(m, *at) : 0;
    for (std::int64_t j = 1; j <= right && center[j] != kLineEnd; ++j)
      sums.add(center[j], static_cast<double>(m - j + 1));
    for (std::int64_t j = 1; j <= left && center[-j] != kLineEnd; ++j)
      sums.add(center[-j], static_cast<double>(m - j + 1));
  }
}

// Whether no line ends among them; the one id below 0 is that of a line's end.
bool within_line(const Id* ids, std::int64_t size) {
  Id all = 0;
  for (std::int64_t i = 0; i < size; ++i) all |= ids[i];
  return all >= 0;
}

// Where m tokens follow at most, no more than m are passed: G_m = m - E[X], and the rest of G is not
// needed.
void walk_to_line_end(const Walks& walks, const Id* here, std::int64_t step, std::int64_t room, Sums& sums) {
  if (!walks.window) {
    for (; room && *here != kLineEnd; here += step, --room) sums.add(*here, 1.0);
    return;
  }
  double weight = static_cast<double>(walks.window);
  for (; room && *here != kLineEnd; here += step, --room) {
    sums.add(*here, weight);
    weight -= walks.keep_of(*here);
  }
}

// No line is longer than the window.
void walk_whole_lines(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums) {
  for (; at != end && !*walks.stop; ++at) {
    prefetch(walks, at, end);
    const Id* const center = walks.ids + *at;
    if (walks.rightward()) walk_to_line_end(walks, center + 1, 1, walks.size - 1 - *at, sums);
    if (walks.leftward()) walk_to_line_end(walks, center - 1, -1, *at, sums);
  }
}

// The walks from all occurrences of a word, four side by side so that they fill vectors whatever m is;
// where one ends, the next begins.
class Lanes {
 public:
  Lanes(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums, EachLane* G)
      : walks_(walks), at_(at), end_(end), leftward_(!walks.rightward()), sums_(sums), G_(G) {}

  void walk() {
    for (int lane = 0; lane < kLanes; ++lane) begin(lane);
    const EachLane& G_m = G_[walks_.window - 1];
    while (walking_ && !*walks_.stop) {
      for (int lane = 0; lane < kLanes; ++lane) read(lane);
      for (int lane = 0; lane < kLanes; lane += kWidth) pass(lane);
      for (int lane = 0; lane < kLanes; ++lane) {
        for (int i = 0; i < kSteps; ++i) sums_.add(ids_[lane][i], weights_[i].of[lane]);
        if (!step_[lane] || (!ended_[lane] && G_m.of[lane] >= walks_.negligible)) continue;
        --walking_;
        begin(lane);
      }
    }
  }

 private:
  // Puts the next walk into the lane, or none if none is left.
  void begin(int lane) {
    const auto m = static_cast<int>(walks_.window);   // less than a line has words
    while (at_ != end_) {
      const std::int64_t center = *at_, step = leftward_ ? -1 : 1;
      const std::int64_t room = leftward_ ? center : walks_.size - 1 - center;
      const Id* const first = walks_.ids + center + step;
      const bool last = leftward_ || !walks_.leftward();   // of the walks from this occurrence
      if (leftward_ == !walks_.rightward()) prefetch(walks_, at_, end_);
      at_ += last;
      leftward_ = last ? !walks_.rightward() : true;
      if (room <= m || !within_line(step > 0 ? first : first - m, m + 1)) {
        walk_to_line_end(walks_, first, step, room, sums_);
        continue;
      }
      here_[lane] = first;
      room_[lane] = room;
      step_[lane] = step;
      ended_[lane] = false;
      for (int n = 1; n <= m; ++n) G_[n - 1].of[lane] = n;
      ++walking_;
      return;
    }
    room_[lane] = step_[lane] = 0;
  }

  // The lane's next tokens; `nothing` behind the end of the line.
  void read(int lane) {
    const Id* const here = here_[lane];
    const std::int64_t step = step_[lane];
    Id* const ids = ids_[lane];
    if (room_[lane] >= kSteps && within_line(step > 0 ? here : here - (kSteps - 1), kSteps)) {
      for (int i = 0; i < kSteps; ++i) ids[i] = here[i * step];
    } else {
      int i = 0;
      for (; i < std::min<std::int64_t>(kSteps, room_[lane]) && here[i * step] != kLineEnd; ++i)
        ids[i] = here[i * step];
      std::fill(ids + i, ids + kSteps, walks_.nothing);
      ended_[lane] = true;
    }
    here_[lane] += kSteps * step;
    room_[lane] -= kSteps;
    for (int i = 0; i < kSteps; ++i) keep_[i].of[lane] = walks_.keep_of(ids[i]);
  }

  // Gives the weights of the next tokens in these lanes, and passes all four of them for one n after the
  // other: so G is read and written once.
  void pass(int lane) {
    const auto at = [lane](EachLane& row) -> Vector& {
      return *reinterpret_cast<Vector*>(row.of + lane);
    };
    const Vector k0 = at(keep_[0]), k1 = at(keep_[1]), k2 = at(keep_[2]), k3 = at(keep_[3]);
    const Vector d0 = 1 - k0, d1 = 1 - k1, d2 = 1 - k2, d3 = 1 - k3;
    Vector below0{}, below1{}, below2{}, below3{};   // G_(n-1) before each of them
    for (EachLane* G_n = G_; G_n != G_ + walks_.window; ++G_n) {
      const Vector G0 = at(*G_n);
      const Vector G1 = d0 * G0 + k0 * below0;
      const Vector G2 = d1 * G1 + k1 * below1;
      const Vector G3 = d2 * G2 + k2 * below2;
      at(*G_n) = d3 * G3 + k3 * below3;
      below0 = G0;
      below1 = G1;
      below2 = G2;
      below3 = G3;
    }
    at(weights_[0]) = below0;
    at(weights_[1]) = below1;
    at(weights_[2]) = below2;
    at(weights_[3]) = below3;
  }

  const Walks& walks_;
  const std::int64_t *at_, *end_;   // occurrences from which no walk has begun
  bool leftward_;                   // the direction of the next walk, from the first of them
  Sums& sums_;
  EachLane* G_;                     // G_n for n = 1..m
  int walking_ = 0;
  const Id* here_[kLanes] = {};
  std::int64_t room_[kLanes];       // ids up to the end of the corpus
  std::int64_t step_[kLanes];       // 1, -1, or 0: no walk
  bool ended_[kLanes];
  Id ids_[kLanes][kSteps];
  EachLane keep_[kSteps];           // of the next tokens
  EachLane weights_[kSteps];
};

}  // namespace

void walk(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums, EachLane* G) {
  if (walks.whole_lines)
    walk_whole_lines(walks, at, end, sums);
  else if (walks.all_kept == 0)
    walk_all_kept(walks, at, end, sums);
  else
    Lanes(walks, at, end, sums, G).walk();
}

}  // namespace wordkin::counting
