// Expected co-occurrence counts: row c holds, for each o, the weight with which stochastic training
// meets the pair (c, o), in expectation over what subsampling drops.
//
// A row is counted wholly by one thread, occurrence by occurrence in the order of the text, so its sums
// are the same bits whatever the number of threads. From each occurrence the line is walked to the
// right and to the left. With X the number of kept tokens passed on the way, the next token is met with
// the weight E[max(0, m - X)] / m. Let G_n = E[max(0, n - X)]: it begins as n, and to pass a token that
// is kept with probability k takes G_n to (1 - k) G_n + k G_(n-1). There is no difference in it, so the
// smallest weight has all its digits.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include "counting/counting.hpp"
#include "base/threads.hpp"

namespace wordkin {

namespace {

constexpr int kLanes = 4;                      // walks side by side
constexpr int kSteps = 4;                      // tokens that each passes at a time
constexpr int kWidth = 2;                      // doubles of a vector, which all processors have
constexpr int kMarked = 8;                     // columns that one mark stands for
constexpr int kPage = 64 * kMarked;            // and 64 marks
constexpr std::int64_t kChunk = 4096;          // occurrences that a thread takes at a time
constexpr std::int64_t kInverted = 1 << 24;    // occurrences whose positions may always be held

using Vector [[gnu::vector_size(8 * kWidth)]] = double;

struct alignas(8 * kLanes) EachLane {   // a number of each walk
  double of[kLanes];
};

// No char, to which the compiler must assume that any store may go.
enum class Mark : std::uint8_t { clear, set };

// A row while it is summed: dense, with a mark on each cache line that is not zero. One column more
// than there are words takes what is of no word.
struct Sums {
  explicit Sums(Id words)
      : columns((static_cast<std::size_t>(words) / kPage + 1) * kPage),
        marks(columns.size() / kMarked) {}

  void add(Id o, double weight) {
    const auto column = static_cast<std::uint32_t>(o);
    columns[column] += weight;
    marks[column / kMarked] = Mark::set;
  }

  std::vector<double> columns;
  std::vector<Mark> marks;
};

struct Walks {
  const Id* ids;
  std::int64_t size;
  const double* keep;
  Id all_kept;         // this word and those behind it are always kept
  Id nothing;          // V: no word
  int window;
  double negligible;
  const std::atomic<bool>* stop;

  // Most words are always kept, and the frequent others come first: what is looked up stays small.
  double keep_of(Id word) const { return keep[std::min(word, all_kept)]; }
};

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
    const std::int64_t right = std::min(m, walks.size - 1 - *at), left = std::min(m, *at);
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

// The walks from all occurrences of a word, four side by side so that they fill vectors whatever m is;
// where one ends, the next begins.
class Lanes {
 public:
  Lanes(const Walks& walks, const std::int64_t* at, const std::int64_t* end, Sums& sums, EachLane* G)
      : walks_(walks), at_(at), end_(end), sums_(sums), G_(G) {}

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
    const int m = walks_.window;
    while (at_ != end_) {
      const std::int64_t center = *at_, step = leftward_ ? -1 : 1;
      const std::int64_t room = leftward_ ? center : walks_.size - 1 - center;
      const Id* const first = walks_.ids + center + step;
      if (!leftward_) prefetch(walks_, at_, end_);
      at_ += leftward_;
      leftward_ = !leftward_;
      if (room <= m || !within_line(step > 0 ? first : first - m, m + 1)) {
        walk_to_line_end(first, step, room);
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

  // Where m tokens follow at most, no more than m are passed: G_m = m - E[X], and the rest of G is not
  // needed.
  void walk_to_line_end(const Id* here, std::int64_t step, std::int64_t room) {
    double weight = walks_.window;
    for (; room && *here != kLineEnd; here += step, --room) {
      sums_.add(*here, weight);
      weight -= walks_.keep_of(*here);
    }
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
  bool leftward_ = false;           // the first of them has been walked from to the right
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

// Grows without clearing what is to be written to.
template <typename T>
class Buffer {
 public:
  // Where further ones go; there is room for so many.
  T* end(std::int64_t more) {
    if (size_ + more > room_) {
      room_ = std::max(size_ + more, 2 * room_);
      auto larger = std::make_unique_for_overwrite<T[]>(room_);
      std::copy_n(memory_.get(), size_, larger.get());
      memory_ = std::move(larger);
    }
    return memory_.get() + size_;
  }
  void add(std::int64_t written) { size_ += written; }
  void clear() { size_ = 0; }
  const T* data() const { return memory_.get(); }
  std::int64_t size() const { return size_; }

 private:
  std::unique_ptr<T[]> memory_;
  std::int64_t size_ = 0, room_ = 0;
};

struct Rows {
  Buffer<std::int64_t> lengths;
  Buffer<Id> indices;
  Buffer<double> values;
};

struct Worker {
  Worker(Id words, int window) : sums(words), G(window) {}
  Sums sums;
  std::vector<EachLane> G;
  Rows rows;   // of the block
};

// Consecutive rows that one worker has counted.
struct Chunk {
  const Rows* rows;
  std::int64_t first_length, lengths, first_entry, entries;   // where they are in its rows
};

}  // namespace

// ---- blocks of rows ------------------------------------------------------------------------------

struct Counter::State {
  explicit State(const Counting& corpus);
  void invert();
  void work(Worker&, std::int64_t entries_wanted);
  void count_row(Worker&, Id c) const;

  const Counting corpus;
  std::vector<double> keep;              // and a 1 for all words behind those that may be dropped
  Walks walks;
  std::vector<std::int64_t> occurrences;
  // The positions of the words first..next_inverted - 1, and where those of each begin.
  Id inverted = 0, next_inverted = 0;
  std::vector<std::int64_t> positions, begins;
  std::vector<std::unique_ptr<Worker>> workers;

  // Of the block that is being counted.
  std::mutex mutex;
  std::atomic<bool> stop{false};
  std::vector<Chunk> chunks;
  Id next = 0;                           // row to take
  std::int64_t entries = 0, tokens = 0;
};

Counter::State::State(const Counting& corpus)
    : corpus(corpus), keep(corpus.keep, corpus.keep + corpus.words), occurrences(corpus.words) {
  for (std::int64_t i = 0; i < corpus.size; ++i) {
    const Id id = corpus.ids[i];
    if (id < kLineEnd || id >= corpus.words) throw std::invalid_argument("an id is out of range");
    if (id != kLineEnd) ++occurrences[id];
  }
  next = inverted = next_inverted = corpus.first;
  tokens = std::accumulate(occurrences.begin(), occurrences.begin() + next, std::int64_t{0});
  while (!keep.empty() && keep.back() == 1) keep.pop_back();
  walks = {corpus.ids, corpus.size, nullptr, static_cast<Id>(keep.size()), corpus.words,
           corpus.window, corpus.negligible * corpus.window, &stop};
  keep.push_back(1);
  walks.keep = keep.data();
}

// Sorts positions by word, for as many words as have kInverted occurrences or an eighth of all: so a
// corpus of any size is read about eight times at most.
void Counter::State::invert() {
  const std::int64_t room = std::max(kInverted, corpus.size / 8);
  inverted = next_inverted;
  begins.assign(1, 0);
  for (; next_inverted < corpus.words; ++next_inverted) {
    const std::int64_t end = begins.back() + occurrences[next_inverted];
    if (end > room && next_inverted > inverted) break;
    begins.push_back(end);
  }
  positions.resize(begins.back());
  std::vector<std::int64_t> ends(begins.begin(), begins.end() - 1);
  for (std::int64_t i = 0; i < corpus.size; ++i) {
    const Id id = corpus.ids[i];
    if (id >= inverted && id < next_inverted) positions[ends[id - inverted]++] = i;
  }
}

void Counter::State::count_row(Worker& worker, Id c) const {
  const std::int64_t* const at = positions.data() + begins[c - inverted];
  const std::int64_t* const end = positions.data() + begins[c - inverted + 1];
  Sums& sums = worker.sums;
  if (walks.all_kept == 0)
    walk_all_kept(walks, at, end, sums);
  else
    Lanes(walks, at, end, sums, worker.G.data()).walk();
  sums.columns[walks.nothing] = 0;
  Rows& rows = worker.rows;
  const double keep_c = walks.keep_of(c), m = corpus.window;
  std::int64_t length = 0;
  for (std::size_t page = 0; page < sums.marks.size() / 64; ++page) {
    // 64 marks to as many bits: a byte of each eight, its lowest bit that of the first of them.
    std::uint64_t marks[8], any = 0, marked = 0;
    std::memcpy(marks, sums.marks.data() + page * 64, 64);
    for (const std::uint64_t eight : marks) any |= eight;
    if (!any) continue;
    for (int i = 0; i < 8; ++i) marked |= (marks[i] * 0x0102040810204080) >> 56 << (8 * i);
    std::memset(sums.marks.data() + page * 64, 0, 64);
    Id* const indices = rows.indices.end(kPage);
    double* const values = rows.values.end(kPage);
    std::int64_t n = 0;
    for (; marked; marked &= marked - 1) {
      const std::size_t first = page * kPage + __builtin_ctzll(marked) * kMarked;
      for (std::size_t o = first; o < first + kMarked; ++o) {
        indices[n] = static_cast<Id>(o);
        values[n] = sums.columns[o];
        n += sums.columns[o] != 0;
        sums.columns[o] = 0;
      }
    }
    for (std::int64_t i = 0; i < n; ++i)
      values[i] = values[i] * (keep_c * walks.keep_of(indices[i])) / m;
    rows.indices.add(n);
    rows.values.add(n);
    length += n;
  }
  *rows.lengths.end(1) = length;
  rows.lengths.add(1);
}

void Counter::State::work(Worker& worker, std::int64_t entries_wanted) {
  const Rows& rows = worker.rows;
  for (;;) {
    std::int64_t mass = 0;
    std::size_t place;
    Id first, last;
    {
      std::lock_guard lock(mutex);
      if (stop || next == next_inverted || entries >= entries_wanted) return;
      first = next;
      while (next < next_inverted && mass < kChunk) mass += occurrences[next++];
      last = next;
      place = chunks.size();
      chunks.push_back({&rows, rows.lengths.size(), last - first, rows.indices.size(), 0});
    }
    for (Id c = first; c < last && !stop; ++c) count_row(worker, c);
    std::lock_guard lock(mutex);
    chunks[place].entries = rows.indices.size() - chunks[place].first_entry;
    entries += chunks[place].entries;
    tokens += mass;
  }
}

Counter::Counter(const Counting& corpus) : state_(std::make_unique<State>(corpus)) {}

Counter::~Counter() = default;

std::int64_t Counter::tokens() const {
  return std::accumulate(state_->occurrences.begin(), state_->occurrences.end(), std::int64_t{0});
}

CountedRows Counter::count(std::int64_t entries, const std::function<void(std::int64_t)>& tick) {
  State& s = *state_;
  if (s.stop) throw std::logic_error("counting was stopped");
  while (static_cast<int>(s.workers.size()) < s.corpus.threads)
    s.workers.push_back(std::make_unique<Worker>(s.corpus.words, s.corpus.window));
  for (auto& worker : s.workers) {
    worker->rows.lengths.clear();
    worker->rows.indices.clear();
    worker->rows.values.clear();
  }
  s.chunks.clear();
  s.entries = 0;
  if (s.next == s.next_inverted) s.invert();
  const Id first = s.next;
  run_threads(
      s.corpus.threads, [&](int number) { s.work(*s.workers[number], entries); },
      [&] {
        std::int64_t now;
        {
          std::lock_guard lock(s.mutex);
          now = s.tokens;
        }
        tick(now);
      },
      [&] { s.stop = true; });
  return {s.next - first, s.entries, s.tokens};
}

template <typename Value>
void Counter::take(std::int64_t* lengths, Id* indices, Value* values) const {
  for (const Chunk& chunk : state_->chunks) {
    const Rows& rows = *chunk.rows;
    lengths = std::copy_n(rows.lengths.data() + chunk.first_length, chunk.lengths, lengths);
    indices = std::copy_n(rows.indices.data() + chunk.first_entry, chunk.entries, indices);
    const double* const from = rows.values.data() + chunk.first_entry;
    values = std::transform(from, from + chunk.entries, values,
                            [](double value) { return static_cast<Value>(value); });
  }
}

template void Counter::take(std::int64_t*, Id*, float*) const;
template void Counter::take(std::int64_t*, Id*, double*) const;

}  // namespace wordkin
