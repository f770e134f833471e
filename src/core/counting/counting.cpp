// Expected co-occurrence counts: row c holds, for each o, the weight with which stochastic training
// meets the pair (c, o), in expectation over what subsampling drops; of both sides, or of one of them.
//
// A row is counted wholly by one thread, occurrence by occurrence in the order of the text, so its sums
// are the same bits whatever the number of threads. walks.hpp has the weight of a pair.
#include "counting/counting.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <numeric>
#include <stdexcept>

#include "base/growing.hpp"
#include "base/threads.hpp"
#include "counting/walks.hpp"

namespace wordkin {

using namespace counting;

namespace {

constexpr std::int64_t kChunk = 4096;          // occurrences that a thread takes at a time
constexpr std::int64_t kInverted = 1 << 24;    // occurrences whose positions may always be held

struct Rows {
  Growing<std::int64_t> lengths;
  Growing<Id> indices;
  Growing<double> values;
};

struct Worker {
  Worker(Id words, std::int64_t window) : sums(words), G(window) {}
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
  std::int64_t line = 0, longest = 0;
  for (std::int64_t i = 0; i < corpus.size; ++i) {
    const Id id = corpus.ids[i];
    if (id < kLineEnd || id >= corpus.words) throw std::invalid_argument("an id is out of range");
    if (id != kLineEnd) {
      ++occurrences[id];
      longest = std::max(longest, ++line);
    } else {
      line = 0;
    }
  }
  next = inverted = next_inverted = corpus.first;
  tokens = std::accumulate(occurrences.begin(), occurrences.begin() + next, std::int64_t{0});
  while (!keep.empty() && keep.back() == 1) keep.pop_back();
  walks = {corpus.ids, corpus.size, nullptr, static_cast<Id>(keep.size()), corpus.words,
           corpus.window, corpus.window == 0 || corpus.window >= longest - 1,
           corpus.negligible * static_cast<double>(corpus.window), corpus.side, &stop};
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
  walk(walks, at, end, sums, worker.G.data());
  sums.columns[walks.nothing] = 0;
  Rows& rows = worker.rows;
  const double keep_c = walks.keep_of(c), m = static_cast<double>(std::max<std::int64_t>(corpus.window, 1));
  std::int64_t length = 0;
  for (std::size_t page = 0; page < sums.marks.size() / 64; ++page) {
    // 64 marks to as many bits: a byte of each eight, its lowest bit that of the first of them.
    std::uint64_t marks[8], any = 0, marked = 0;
    std::memcpy(marks, sums.marks.data() + page * 64, 64);
    for (const std::uint64_t eight : marks) any |= eight;
    if (!any) continue;
    for (int i = 0; i < 8; ++i) marked |= (marks[i] * 0x0102040810204080) >> 56 << (8 * i);
    std::memset(sums.marks.data() + page * 64, 0, 64);
    Id* const indices = rows.indices.room_for(kPage);
    double* const values = rows.values.room_for(kPage);
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
    rows.indices.added(n);
    rows.values.added(n);
    length += n;
  }
  rows.lengths.push(length);
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
    s.workers.push_back(std::make_unique<Worker>(s.corpus.words, s.walks.whole_lines ? 0 : s.corpus.window));
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
