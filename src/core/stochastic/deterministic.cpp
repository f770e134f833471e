// Deterministic training: blocks that run at the same time change no row of each other.
//
// Blocks run in batches. A row that one block of a batch alone uses is changed where it is; of a row
// that several use each changes a copy, and when all have ended the changes of all, in the order of
// the blocks, go into the row. So nothing depends on which thread did what, or when.
//
// While a batch is trained, the next one is read: what is read hangs on nothing that is trained. So a
// thread that is done with its blocks seldom waits for the others.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <bit>
#include <cstring>
#include <deque>
#include <memory>

#include "stochastic/epoch.hpp"

namespace wordkin::stochastic {
namespace {

// Which blocks of a batch use the rows of a word, a bit each.
struct Users {
  std::uint32_t U, V;   // those of V are among those of U

  static std::uint64_t packed(int block, bool center) {
    return (std::uint64_t{center} << 32 | 1) << block;
  }
  static Users of(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }
  bool share_U() const { return several(U); }
  bool share_V() const { return several(V); }
  int copies_of_U() const { return share_U() ? std::popcount(U) : 0; }
  int copies_of_V() const { return share_V() ? std::popcount(V) : 0; }

  static bool several(std::uint32_t users) { return users & (users - 1); }
};

// The number of the users before this one.
int rank_of(int block, std::uint32_t users) {
  return std::popcount(users & ((std::uint32_t{1} << block) - 1));
}

// A row that several blocks share, and its copies: those of U, then those of V, by block.
struct Shared {
  Id word;
  Users users;
  std::int64_t first;
};

// A block of a batch.
struct BatchBlock {
  explicit BatchBlock(const Epoch& epoch) : block(epoch) {}

  Block block;
  std::vector<Id> words;           // that it uses, each once; those of its centers first
  int centers = 0;                 // the number of those
  std::vector<Id> tokens, drawn;   // of the block, as indices of words
  std::vector<float> pull_V, pull_U;   // of the block on the rows of the words
  std::vector<Shared> shared;      // rows of which it is the first user
  std::atomic<int> merged{0};      // how many of them are taken to be merged
};

struct Batch {
  explicit Batch(const Epoch& epoch)
      : users(std::make_unique<std::atomic<std::uint64_t>[]>(epoch.noise.size())) {
    for (int b = 0; b < epoch.batch; ++b) blocks.emplace_back(epoch);
  }

  std::deque<BatchBlock> blocks;
  std::unique_ptr<std::atomic<std::uint64_t>[]> users;   // of each word
  std::int64_t at = 0;                                   // where it begins
  std::atomic<int> prepared{0}, listed{0}, trained{0};   // how many blocks are taken
  std::atomic<std::int64_t> copies{0};                   // so many have their place
};

class Deterministic {
 public:
  Deterministic(const Parameters& model, const Epoch& epoch)
      : tally(epoch), model_(model), epoch_(epoch), lines_(model.stride / kRowAlignment),
        batches_{Batch(epoch), Batch(epoch)}, first_copy_(epoch.noise.size()),
        barrier_(epoch.threads, Completion{this}) {
    const auto words = static_cast<std::int64_t>(epoch.noise.size());
    const std::int64_t drawn = std::ranges::max(epoch.layouts, {}, &Layout::drawn).drawn;
    const std::int64_t tokens = epoch.block + 2LL * epoch.reach();
    const std::int64_t rows = std::min<std::int64_t>(words, epoch.block) + std::min(words, tokens + drawn);
    // Memory that is never used is never there.
    copies_ = std::make_unique_for_overwrite<CacheLine[]>(epoch.batch * rows * lines_);
    pulls_ = std::make_unique_for_overwrite<float[]>(epoch.batch * rows);
    batches_[0].at = epoch.before.positions;
  }

  void work(int) {
    try {
      Worker worker(*this);
      worker.prepare(now());
      barrier_.arrive_and_wait();
      worker.find_shared_rows(now());
      barrier_.arrive_and_wait();
      while (!done_) {
        worker.train(now());
        worker.prepare(next());
        barrier_.arrive_and_wait();
        worker.merge(now());
        worker.find_shared_rows(next());
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
  class Worker {
   public:
    explicit Worker(Deterministic& all)
        : all_(all), epoch_(all.epoch_), descent_(all.epoch_, all.model_),
          index_(all.epoch_.noise.size(), -1) {}

    // Reads blocks, and tells of each word that they use it.
    void prepare(Batch& batch) {
      for (int b; (b = batch.prepared.fetch_add(1)) < epoch_.batch;) {
        BatchBlock& part = batch.blocks[b];
        prepare(part, batch.at + static_cast<std::int64_t>(b) * epoch_.block);
        const int words = static_cast<int>(part.words.size());
        for (int i = 0; i < words; ++i) {
          if (i + kFar < words) __builtin_prefetch(&batch.users[part.words[i + kFar]], 1);
          batch.users[part.words[i]].fetch_or(Users::packed(b, i < part.centers), std::memory_order_relaxed);
        }
      }
    }

    // Gives the rows that several blocks use places for their copies.
    void find_shared_rows(Batch& batch) {
      for (int b; (b = batch.listed.fetch_add(1)) < epoch_.batch;) {
        BatchBlock& part = batch.blocks[b];
        part.shared.clear();
        std::int64_t copies = 0;
        const int words = static_cast<int>(part.words.size());
        for (int i = 0; i < words; ++i) {
          if (i + kFar < words) __builtin_prefetch(&batch.users[part.words[i + kFar]]);
          const Id word = part.words[i];
          const Users users = all_.users(batch, word);
          if (!users.share_U() || std::countr_zero(users.U) != b) continue;
          part.shared.push_back({word, users, copies});
          copies += users.copies_of_U() + users.copies_of_V();
        }
        const std::int64_t first = batch.copies.fetch_add(copies);
        for (Shared& shared : part.shared) all_.first_copy_[shared.word] = shared.first += first;
      }
    }

    void train(Batch& batch) {
      for (int b; (b = batch.trained.fetch_add(1)) < epoch_.batch;)
        if (batch.blocks[b].block.centers) train(batch, b);
    }

    // Brings the copies of shared rows together.
    void merge(Batch& batch) {
      for (BatchBlock& part : batch.blocks) {
        const int size = static_cast<int>(part.shared.size());
        for (int from; (from = part.merged.fetch_add(kTogether)) < size;) {
          const int to = std::min(from + kTogether, size);
          for (int i = from; i < to; ++i) {
            if (i + kAhead < size) {
              const Shared& ahead = part.shared[i + kAhead];
              fetch(all_.row_of_U(ahead.word));
              if (ahead.users.share_V()) fetch(all_.row_of_V(ahead.word));
            }
            const auto [word, users, first] = part.shared[i];
            const int copies_of_U = users.copies_of_U();
            merge_row(all_.row_of_U(word), first, copies_of_U);
            if (users.share_V()) merge_row(all_.row_of_V(word), first + copies_of_U, users.copies_of_V());
            batch.users[word].store(0, std::memory_order_relaxed);
          }
        }
      }
    }

   private:
    static constexpr int kTogether = 32;   // rows that one thread merges before another may come
    static constexpr int kAhead = 6, kFar = 16;   // rows to fetch ahead, and what tells where they are
    // What a unit of weight pulls: above 0.5 text without subsampling learns more slowly, below 0.1 its
    // frequent words are no longer stable (docs/notes/stochastic-engine.md).
    static constexpr float kCurvature = 0.2f;

    void fetch(const float* row) const {
      for (int at = 0; at < all_.model_.stride; at += kRowAlignment) __builtin_prefetch(row + at, 1, 2);
    }

    void prepare(BatchBlock& part, std::int64_t from) {
      Block& block = part.block;
      part.words.clear();
      part.centers = 0;
      if (from >= epoch_.size) {
        block.centers = block.spans = 0;
        block.tally = {};
        return;
      }
      block.read(from);
      if (!block.centers) return;
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
      const int centers_end = block.first + block.centers;
      for (int t = block.first; t < centers_end; ++t) part.tokens[t] = index(block.tokens[t]);
      part.centers = static_cast<int>(part.words.size());
      for (int t = 0; t < block.first; ++t) part.tokens[t] = index(block.tokens[t]);
      for (int t = centers_end; t < block.size(); ++t) part.tokens[t] = index(block.tokens[t]);
      for (std::size_t k = 0; k < block.drawn.size(); ++k) part.drawn[k] = index(block.drawn[k]);
      compute_pulls(part, from);
      for (const Id word : part.words) index_[word] = -1;
    }

    // A row's pull: the rate times the weights of all terms of the loss that it is in, times what they
    // curve.
    void compute_pulls(BatchBlock& part, std::int64_t from) const {
      const Block& block = part.block;
      const Layout& layout = *block.layout;
      const float rate = kCurvature * rate_at(epoch_, from);
      const float positive = rate * layout.weight;
      const float negative = positive * static_cast<float>(epoch_.negatives);
      const float draw = negative * static_cast<float>(layout.span) / static_cast<float>(layout.pool_size);
      part.pull_V.assign(part.centers, 0.0f);
      part.pull_U.assign(part.words.size(), 0.0f);
      for (int t = 0; t < block.centers; ++t)
        part.pull_V[part.tokens[block.first + t]] += positive + negative;
      for (const Id i : part.tokens) part.pull_U[i] += positive;
      for (const Id at : block.pools) part.pull_U[part.drawn[at]] += draw;
    }

    void train(Batch& batch, int b) {
      BatchBlock& part = batch.blocks[b];
      Block& block = part.block;
      place_rows(batch, part, b);
      copy_rows();
      rows_.resize(block);
      for (int t = 0; t < block.size(); ++t) {
        rows_.V[t] = part.tokens[t] < part.centers ? V_[part.tokens[t]] : nullptr;
        rows_.U[t] = U_[part.tokens[t]];
      }
      for (std::size_t k = 0; k < block.drawn.size(); ++k) rows_.drawn[k] = U_[part.drawn[k]];
      descent_.run(block, rows_);
    }

    // Finds where the rows of the words are to be: in the model, or copied.
    void place_rows(Batch& batch, const BatchBlock& part, int b) {
      const int words = static_cast<int>(part.words.size());
      V_.resize(part.centers);
      U_.resize(words);
      to_copy_.clear();
      const auto placed = [&](float* row, bool shared, std::int64_t place, float pull) {
        if (!shared) {
          fetch(row);
          return row;
        }
        all_.pulls_[place] = pull;
        float* const copy = all_.copy_at(place);
        to_copy_.push_back({row, copy});
        return copy;
      };
      for (int i = 0; i < words; ++i) {
        if (i + kFar < words) {
          __builtin_prefetch(&batch.users[part.words[i + kFar]], 1);
          __builtin_prefetch(&all_.first_copy_[part.words[i + kFar]]);
        }
        const Id word = part.words[i];
        const Users users = all_.users(batch, word);
        const std::int64_t first = all_.first_copy_[word];
        U_[i] = placed(all_.row_of_U(word), users.share_U(), first + rank_of(b, users.U), part.pull_U[i]);
        if (i < part.centers)
          V_[i] = placed(all_.row_of_V(word), users.share_V(),
                         first + users.copies_of_U() + rank_of(b, users.V), part.pull_V[i]);
        if (!users.share_U()) batch.users[word].store(0, std::memory_order_relaxed);
      }
    }

    void copy_rows() const {
      const std::size_t size = to_copy_.size();
      const std::int64_t lines = all_.lines_;
      for (std::size_t i = 0; i < size; ++i) {
        if (i + kAhead < size) {
          const Copy& ahead = to_copy_[i + kAhead];
          for (std::int64_t line = 0; line < lines; ++line) {
            __builtin_prefetch(ahead.from + line * kRowAlignment);
            __builtin_prefetch(ahead.to + line * kRowAlignment, 1);
          }
        }
        const Copy& copy = to_copy_[i];
        std::memcpy(copy.to, copy.from, lines * sizeof(CacheLine));
      }
    }

    // Changes that go to the same place must not go there several times. A block under the pull p goes
    // about p / (1 + p) of the way, and all blocks one after the other would go as far as one under the
    // sum of their pulls.
    void merge_row(float* row, std::int64_t first, int number) {
      float pull = 0, moved = 0;   // of all blocks; the shares of the way that they go, summed
      for (std::int64_t place = first; place < first + number; ++place) {
        pull += all_.pulls_[place];
        moved += all_.pulls_[place] / (1 + all_.pulls_[place]);
      }
      const float scale = moved > 0 ? pull / (1 + pull) / moved : 1.0f;
      epoch_.merge(row, all_.copy_at(first), number, all_.model_.stride, scale);
    }

    Deterministic& all_;
    const Epoch& epoch_;
    Descent descent_;
    std::vector<Id> index_;        // of each word, in part.words; or -1
    struct Copy {
      const float* from;
      float* to;
    };

    std::vector<float*> V_, U_;    // rows of the words of a block
    std::vector<Copy> to_copy_;    // of them
    Rows rows_;
  };

  float* row_of_V(Id word) const { return model_.V + word * model_.stride; }
  float* row_of_U(Id word) const { return model_.U + word * model_.stride; }
  float* copy_at(std::int64_t place) const { return copies_[place * lines_].floats; }
  static Users users(const Batch& batch, Id word) {
    return Users::of(batch.users[word].load(std::memory_order_relaxed));
  }
  Batch& now() { return batches_[number_ % 2]; }
  Batch& next() { return batches_[(number_ + 1) % 2]; }

  // What one of the threads does between two phases, while the others wait at the barrier.
  struct Completion {
    Deterministic* all;
    void operator()() noexcept { all->complete_phase(); }
  };

  void complete_phase() {
    switch (phase_) {
      case Phase::prepare:
        phase_ = Phase::list;
        break;
      case Phase::train:
        for (const BatchBlock& part : now().blocks)
          if (!tally.add(part.block.tally)) stop_ = true;
        phase_ = Phase::merge;
        break;
      case Phase::merge:
        ++number_;
        [[fallthrough]];
      case Phase::list:
        done_ = stop_ || now().at >= epoch_.size;
        begin(next(), now().at + static_cast<std::int64_t>(epoch_.batch) * epoch_.block);
        phase_ = Phase::train;
    }
  }

  static void begin(Batch& batch, std::int64_t at) {
    batch.at = at;
    batch.prepared = batch.listed = batch.trained = 0;
    batch.copies = 0;
    for (BatchBlock& part : batch.blocks) part.merged = 0;
  }

  enum class Phase { prepare, list, train, merge };   // those of a batch; of the next one beside them

  const Parameters& model_;
  const Epoch& epoch_;
  const std::int64_t lines_;       // of a row
  Batch batches_[2];               // the one that is trained, and the next
  std::vector<std::int64_t> first_copy_;   // of each word whose rows are shared
  std::unique_ptr<CacheLine[]> copies_;
  std::unique_ptr<float[]> pulls_;         // of its block on each copy
  std::int64_t number_ = 0;        // of the batch that is trained
  Phase phase_ = Phase::prepare;
  bool done_ = false;
  std::atomic<bool> stop_{false};
  std::barrier<Completion> barrier_;
};

}  // namespace

Tally train_deterministic(const Parameters& model, const Epoch& epoch, const Tick& tick) {
  return run<Deterministic>(model, epoch, tick);
}

}  // namespace wordkin::stochastic
