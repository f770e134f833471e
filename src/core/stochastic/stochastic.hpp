// Stochastic training: one epoch of descent over a corpus of ids, by the kernels of a level.
//
// train_epoch is all that training takes. epoch.hpp declares the parts it is made of.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/types.hpp"
#include "kernels/kernels.hpp"

namespace wordkin {

// ---- the noise distribution ----------------------------------------------------------------------

// A column of an alias table: its own word up to the threshold, of 2^32 - 1, the alias beyond it.
struct AliasColumn {
  std::uint32_t threshold;
  Id alias;
};

// Walker's alias table of the distribution q, from which a word is drawn in constant time.
std::vector<AliasColumn> alias_table(std::span<const double> q);

// One draw from an alias table: the high half of a 128-bit product is a uniform index, the low half
// a uniform fraction that is independent of it.
inline Id draw(std::uint64_t random, std::span<const AliasColumn> table) {
  const auto product = static_cast<unsigned __int128>(random) * table.size();
  const auto index = static_cast<Id>(product >> 64);
  const auto fraction = static_cast<std::uint32_t>(product >> 32);
  return fraction < table[index].threshold ? index : table[index].alias;
}

// ---- an epoch ------------------------------------------------------------------------------------

struct Tally {
  std::int64_t positions = 0;   // ids passed over, line ends among them
  std::int64_t trained = 0;     // tokens that were centers
  std::int64_t subsampled = 0;  // tokens dropped by subsampling
  double pairs = 0;             // summed weights of the pairs
  double loss = 0;              // in nats, summed over the weighted pairs
  bool diverged = false;        // the loss rose above the limit, or is a NaN: training has stopped
};

// How the spans of a block are laid out whose windows reach no farther than this.
struct Layout {
  int reach;                             // words on either side
  float weight;                          // the most that the pairs of one center weigh together
  int pool_size, span;                   // negatives that a span's centers share; centers
  int steps;                             // each span is descended on in so many equal parts,
                                         // but in no more than kMostSteps of them
  int drawn;                             // words that a block draws, of which a span takes its pool;
                                         // a power of two
};

constexpr int kMostDrawn = 512, kMostBlocks = 32;   // of a block's words; of a batch
// After so many steps centers are where their windows want them. In lines of n words steps are as many
// as n: without a limit, whole lines as windows would cost n^3.
constexpr int kMostSteps = 64;

struct Epoch {
  const Id* ids;
  std::int64_t size;
  const float* redraw;                   // for each word, 1 / (1 - q_w)
  std::int64_t first_position;           // logical position of ids[0]: random numbers depend on it
  const std::uint32_t* keep;             // for each word, its probability to be kept, times 2^32, less 1
  std::span<const AliasColumn> noise;    // alias table of the noise distribution
  std::int64_t window;                   // m, or 0: the whole line, its pairs with equal weights
  int negatives;
  std::span<const Layout> layouts;       // by reach, ascending; no window reaches farther than the last
  float rate_begin, rate_end;            // learning rate, linear between the two
  std::uint64_t seed, epoch;
  int threads;
  int block;                             // positions of a block
  int batch;                             // blocks that change no row of each other; 0: without locks
  Tally before;                          // what earlier calls did of the epoch, to resume from
  double limit;                          // a mean loss above it is that of a diverging run
  Step step;
  Merge merge;

  int reach() const { return layouts.back().reach; }
};

// Called from the calling thread about ten times a second. Where it returns false, training stops at
// the end of a block or batch, and can be resumed from there. What it throws stops training, too, but
// leaves no state to resume from.
using Tick = std::function<bool(const Tally&)>;

// Returns what was done of the epoch so far. With a batch, the same bits for any number of threads,
// and however often it was stopped between.
Tally train_epoch(const Parameters&, const Epoch&, const Tick& tick);

}  // namespace wordkin
