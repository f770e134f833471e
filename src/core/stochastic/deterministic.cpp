// Deterministic training: blocks that run at the same time change no row of each other.
//
// Blocks run in batches. A row that one block of a batch alone uses is changed where it is; of a row
// that several use each changes a copy, and when all have ended the changes of all, in the order of
// the blocks, go into the row. So nothing depends on which thread did what, or when.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstring>
#include <deque>
#include <memory>

#include "stochastic/epoch.hpp"

namespace wordkin::stochastic {
namespace {

// A block of the batch.
struct BatchBlock {
  explicit BatchBlock(const Epoch& epoch) : block(epoch) {}

  Block block;
  std::vector<Id> words;           // that it uses, each once; those of its centers first
  int centers = 0;                 // the number of those
  std::vector<Id> tokens, drawn;   // of the block, as indices of words
  std::vector<float> pull_V, pull_U;   // of the block on the rows of the words
  std::unique_ptr<CacheLine[]> V, U;   // a row for each word; used are those of copies
};

class Deterministic {
 public:
  Deterministic(const Parameters& model, const Epoch& epoch)
      : tally(epoch), model_(model), epoch_(epoch), lines_(model.stride / kRowAlignment),
        at_(epoch.before.positions), barrier_(epoch.threads, Completion{this}) {
    const auto words = static_cast<std::int64_t>(epoch.noise.size());
    const std::int64_t tokens = epoch.block + 2LL * epoch.reach();
    const std::int64_t drawn = std::ranges::max(epoch.layouts, {}, &Layout::drawn).drawn;
    for (int b = 0; b < epoch.batch; ++b) {
      BatchBlock& part = blocks_.emplace_back(epoch);
      // Memory that is never used is never there.
      part.V = std::make_unique_for_overwrite<CacheLine[]>(std::min<std::int64_t>(words, epoch.block) * lines_);
      part.U = std::make_unique_for_overwrite<CacheLine[]>(std::min(words, tokens + drawn) * lines_);
    }
  }

  void work(int number) {
    try {
      Worker worker(*this, number);
      worker.prepare();
      barrier_.arrive_and_wait();
      while (!done_) {
        worker.find_shared_rows();
        worker.train();
        barrier_.arrive_and_wait();
        worker.merge();
        worker.prepare();
        barrier_.arrive_and_wait();
      }
    } catch (...) {
      stop_ = true;
      barrier_.arrive_and_drop();
      throw;
    }
  }

  void stop() { stop_ = true; }

  SharedTally tally;

 private:
  // A row of which several blocks of the batch have a copy.
  struct Copies {
    int number = 0, next = 0;     // and where the next of them goes, in copies_
    float pull = 0, moved = 0;    // of all blocks; the shares of the way that they go, summed

    void add(float pull_of_block) {
      ++next;
      pull += pull_of_block;
      moved += pull_of_block / (1 + pull_of_block);
    }
    // Changes that go to the same place must not go there several times. A block under the pull p goes
    // about p / (1 + p) of the way, and all blocks one after the other would go as far as one under the
    // sum of their pulls.
    float scale() const { return moved > 0 ? pull / (1 + pull) / moved : 1.0f; }
  };
  struct Shared {
    Id word;
    Copies V, U;
  };

  class Worker {
   public:
    Worker(Deterministic& all, int number)
        : all_(all), number_(number), descent_(all.epoch_, all.model_),
          index_(all.epoch_.noise.size(), -1), uses_(all.epoch_.noise.size()) {}

    // Reads blocks, and lists their words.
    void prepare() {
      for (int b; (b = all_.next_prepared_.fetch_add(1)) < all_.epoch_.batch;) prepare(all_.blocks_[b], b);
    }

    // Finds the rows that several blocks use, and of these the ones to merge here. Each thread does it
    // for itself: cheaper than to share what was found.
    void find_shared_rows() {
      for (const BatchBlock& part : all_.blocks_) {
        const Id* const words = part.words.data();
        const int size = static_cast<int>(part.words.size());
        for (int i = 0; i < part.centers; ++i) uses_[words[i]] += kUseOfV + kUseOfU;
        for (int i = part.centers; i < size; ++i) uses_[words[i]] += kUseOfU;
      }
      shared_.clear();
      copies_.clear();
      for (const BatchBlock& part : all_.blocks_) {
        const int words = static_cast<int>(part.words.size());
        for (int i = 0; i < words; ++i) {
          const Id word = part.words[i];
          const int uses_of_U = uses_[word] % kUseOfV, uses_of_V = uses_[word] / kUseOfV;
          if (uses_of_U < 2 || merged_by(word) != number_) continue;
          if (index_[word] < 0) {
            index_[word] = static_cast<Id>(shared_.size());
            Shared& shared = shared_.emplace_back();
            shared.word = word;
            shared.U.number = uses_of_U;
            shared.U.next = static_cast<int>(copies_.size());
            shared.V.number = uses_of_V > 1 ? uses_of_V : 0;
            shared.V.next = shared.U.next + shared.U.number;
            copies_.resize(shared.V.next + shared.V.number);
          }
          Shared& shared = shared_[index_[word]];
          copies_[shared.U.next] = part.U[i * all_.lines_].floats;
          shared.U.add(part.pull_U[i]);
          if (shared.V.number && i < part.centers) {
            copies_[shared.V.next] = part.V[i * all_.lines_].floats;
            shared.V.add(part.pull_V[i]);
          }
        }
      }
    }

    void train() {
      for (int b; (b = all_.next_trained_.fetch_add(1)) < all_.epoch_.batch;) train(all_.blocks_[b]);
      for (const BatchBlock& part : all_.blocks_)
        for (const Id word : part.words) uses_[word] = 0;
    }

    void merge() {
      std::size_t next = 0;
      const auto merge_row = [&](float* row, const Copies& copies) {
        for (std::size_t k = next; k < next + copies.number; ++k)
          if (k + kAhead < copies_.size()) fetch(copies_[k + kAhead]);
        all_.epoch_.merge(row, copies_.data() + next, copies.number, all_.model_.stride,
                          copies.scale());
        next += copies.number;
      };
      for (std::size_t i = 0; i < shared_.size(); ++i) {
        if (i + kAhead < shared_.size()) {
          fetch(all_.row_of_U(shared_[i + kAhead].word));
          if (shared_[i + kAhead].V.number) fetch(all_.row_of_V(shared_[i + kAhead].word));
        }
        const Shared& shared = shared_[i];
        merge_row(all_.row_of_U(shared.word), shared.U);
        if (shared.V.number) merge_row(all_.row_of_V(shared.word), shared.V);
        index_[shared.word] = -1;
      }
    }

   private:
    static constexpr int kTogether = 16;   // words side by side that one thread merges
    static constexpr int kAhead = 6;       // rows to fetch ahead
    // What a unit of weight pulls: above 0.5 text without subsampling learns more slowly, below 0.1 its
    // frequent words are no longer stable (docs/notes/stochastic-engine.md).
    static constexpr float kCurvature = 0.2f;

    void fetch(const float* row) const {
      for (int at = 0; at < all_.model_.stride; at += kRowAlignment) __builtin_prefetch(row + at);
    }

    // How many blocks of the batch use a word's rows: two bytes of one number.
    static constexpr int kUseOfU = 1, kUseOfV = 256;

    // Spreads groups of words evenly over the threads.
    int merged_by(Id word) const {
      const std::uint32_t mixed = static_cast<std::uint32_t>(word / kTogether) * 0x9e3779b1u >> 16;
      return static_cast<int>(mixed * static_cast<std::uint32_t>(all_.epoch_.threads) >> 16);
    }

    void prepare(BatchBlock& part, int b) {
      const Epoch& epoch = all_.epoch_;
      Block& block = part.block;
      part.words.clear();
      part.centers = 0;
      const std::int64_t from = all_.at_ + static_cast<std::int64_t>(b) * epoch.block;
      if (from >= epoch.size) {
        block.centers = block.spans = 0;
        block.tally = {};
        return;
      }
      block.read(from);
      const auto index = [&](Id word) {
        Id& index = index_[word];
        if (index < 0) {
          index = static_cast<Id>(part.words.size());
          part.words.push_back(word);
        }
        return index;
      };
      part.tokens.resize(block.size());
      part.drawn.resize(block.drawn.size());
      if (block.centers) {
        const int centers_end = block.first + block.centers;
        for (int t = block.first; t < centers_end; ++t) part.tokens[t] = index(block.tokens[t]);
        part.centers = static_cast<int>(part.words.size());
        for (int t = 0; t < block.first; ++t) part.tokens[t] = index(block.tokens[t]);
        for (int t = centers_end; t < block.size(); ++t) part.tokens[t] = index(block.tokens[t]);
        for (std::size_t k = 0; k < block.drawn.size(); ++k) part.drawn[k] = index(block.drawn[k]);
        compute_pulls(part, from);
      }
      for (const Id word : part.words) index_[word] = -1;
    }

    // A row's pull: the rate times the weights of all terms of the loss that it is in, times what they
    // curve.
    void compute_pulls(BatchBlock& part, std::int64_t from) const {
      const Epoch& epoch = all_.epoch_;
      const Block& block = part.block;
      const Layout& layout = *block.layout;
      const float rate = kCurvature * rate_at(epoch, from);
      const float positive = rate * layout.weight;
      const float negative = positive * static_cast<float>(epoch.negatives);
      const float draw = negative * static_cast<float>(layout.span) / static_cast<float>(layout.pool_size);
      part.pull_V.assign(part.centers, 0.0f);
      part.pull_U.assign(part.words.size(), 0.0f);
      for (int t = 0; t < block.centers; ++t)
        part.pull_V[part.tokens[block.first + t]] += positive + negative;
      for (const Id i : part.tokens) part.pull_U[i] += positive;
      for (const Id at : block.pools) part.pull_U[part.drawn[at]] += draw;
    }

    void train(BatchBlock& part) {
      Block& block = part.block;
      if (!block.centers) return;
      const int words = static_cast<int>(part.words.size());
      V_.resize(part.centers);
      U_.resize(words);
      const auto copied = [&](float* row, CacheLine* copy) {
        std::memcpy(copy, row, all_.model_.stride * sizeof(float));
        return copy->floats;
      };
      for (int i = 0; i < words; ++i) {
        if (i + kAhead < words) {
          const Id ahead = part.words[i + kAhead];
          if (uses_[ahead] % kUseOfV > 1) fetch(all_.row_of_U(ahead));
          if (uses_[ahead] / kUseOfV > 1) fetch(all_.row_of_V(ahead));
        }
        const int uses = uses_[part.words[i]];
        U_[i] = all_.row_of_U(part.words[i]);
        if (uses % kUseOfV > 1) U_[i] = copied(U_[i], &part.U[i * all_.lines_]);
        if (i >= part.centers) continue;
        V_[i] = all_.row_of_V(part.words[i]);
        if (uses / kUseOfV > 1) V_[i] = copied(V_[i], &part.V[i * all_.lines_]);
      }
      rows_.resize(block);
      for (int t = 0; t < block.size(); ++t) {
        rows_.V[t] = part.tokens[t] < part.centers ? V_[part.tokens[t]] : nullptr;
        rows_.U[t] = U_[part.tokens[t]];
      }
      for (std::size_t k = 0; k < block.drawn.size(); ++k) rows_.drawn[k] = U_[part.drawn[k]];
      descent_.run(block, rows_);
    }

    Deterministic& all_;
    const int number_;
    Descent descent_;
    std::vector<Id> index_;        // of each word, in part.words or in shared_; or -1
    std::vector<std::uint16_t> uses_;   // of each word
    std::vector<Shared> shared_;   // rows to merge here
    std::vector<const float*> copies_;   // of them, those of a row side by side
    std::vector<float*> V_, U_;    // rows of the words of a block
    Rows rows_;
  };

  float* row_of_V(Id word) const { return model_.V + word * model_.stride; }
  float* row_of_U(Id word) const { return model_.U + word * model_.stride; }

  // What one of the threads does between two phases, while the others wait at the barrier.
  struct Completion {
    Deterministic* all;
    void operator()() noexcept { all->complete_phase(); }
  };

  void complete_phase() {
    if (training_) {
      for (const BatchBlock& part : blocks_)
        if (!tally.add(part.block.tally)) stop_ = true;
      at_ += static_cast<std::int64_t>(epoch_.batch) * epoch_.block;
      next_prepared_ = 0;
    } else {
      done_ = stop_ || at_ >= epoch_.size;
      next_trained_ = 0;
    }
    training_ = !training_;
  }

  const Parameters& model_;
  const Epoch& epoch_;
  const std::int64_t lines_;       // of a row
  std::deque<BatchBlock> blocks_;
  std::int64_t at_;                // of the batch that is prepared
  std::atomic<int> next_prepared_{0}, next_trained_{0};
  bool training_ = false, done_ = false;
  std::atomic<bool> stop_{false};
  std::barrier<Completion> barrier_;
};

}  // namespace

Tally train_deterministic(const Parameters& model, const Epoch& epoch, const Tick& tick) {
  return run<Deterministic>(model, epoch, tick);
}

}  // namespace wordkin::stochastic
