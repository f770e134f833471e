// The parts of an epoch, used by this folder alone: blocks of the corpus, the descent on one of them,
// the tally, and the two ways in which threads share the model.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "base/random.hpp"
#include "base/threads.hpp"
#include "stochastic/stochastic.hpp"

namespace wordkin::stochastic {

// The tokens of one block that subsampling keeps, with as many kept tokens of its surroundings as a
// window reaches on either side; for each center its window, and for each span of centers its negatives,
// some of the words that the block draws: few rows serve many spans.
//
// What is drawn for a token depends on its position alone (base/random.hpp). A block therefore sees the
// words beyond its edges exactly as its neighbours do, and no window is cut but by the end of a line.
class Block {
 public:
  explicit Block(const Epoch& epoch) : epoch_(epoch), draws_(epoch.seed, epoch.epoch) {}

  std::vector<Id> tokens;
  std::vector<float> redraw;
  std::vector<std::int64_t> positions;
  std::vector<int> begin, end;   // windows of the centers
  int first = 0, centers = 0, spans = 0;
  const Layout* layout = nullptr;   // the first that reaches as far as the windows
  std::vector<Id> drawn;         // words
  std::vector<Id> pools;         // a pool for each span, one behind the other, of indices of drawn
  Tally tally;

  void read(std::int64_t from);
  int size() const { return size_; }   // of the tokens

 private:
  void push(std::int64_t i, int line);
  void read_before(std::int64_t from);
  void find_windows();
  void find_layout();
  void draw_words(std::int64_t from);
  void find_pools();

  const Epoch& epoch_;
  const Draws draws_;
  std::vector<int> line_begin_;
  int size_ = 0;
};

// Where the rows of a block lie: in the model, or apart from it.
struct Rows {
  std::vector<float*> V, U, drawn;   // of its tokens, with kBeyond more of U, and of the words drawn

  void resize(const Block& block);
};

float rate_at(const Epoch& epoch, std::int64_t position);

// Descends on the spans of a block, one after the other.
class Descent {
 public:
  Descent(const Epoch& epoch, const Parameters& model);
  void run(Block& block, Rows& rows);

 private:
  const Epoch& epoch_;
  const Parameters& model_;
  Scratch scratch_;
  std::vector<std::vector<CacheLine>> window_weights_;   // of each layout
  std::vector<Id> pool_;              // of a span
  std::vector<float*> pool_U_;
};

// The tally of an epoch, which the calling thread reads while others add to it.
class SharedTally {
 public:
  explicit SharedTally(const Epoch& epoch)
      : limit_(epoch.limit), size_(epoch.size), sum_(epoch.before) {}

  bool add(const Tally& tally);   // returns whether training may go on
  Tally now();
  Tally end();

 private:
  static constexpr std::int64_t kRecent = 1 << 16;   // positions whose mean loss says something

  void check(const Tally& some);

  const double limit_;
  const std::int64_t size_;
  std::mutex mutex_;
  Tally sum_, recent_;
};

// Runs one of the two ways, and ends with its tally.
template <typename Way>
Tally run(const Parameters& model, const Epoch& epoch, const Tick& tick) {
  Way way(model, epoch);
  run_threads(
      epoch.threads, [&](int number) { way.work(number); },
      [&] {
        if (!tick(way.tally.now())) way.stop();
      },
      [&] { way.stop(); });
  return way.tally.end();
}

Tally train_lock_free(const Parameters&, const Epoch&, const Tick&);       // lock_free.cpp
Tally train_deterministic(const Parameters&, const Epoch&, const Tick&);   // deterministic.cpp

}  // namespace wordkin::stochastic
