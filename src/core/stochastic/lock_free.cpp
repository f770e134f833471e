// Training without locks: all threads change the same rows, as in Hogwild (Niu et al., 2011).
#include <atomic>

#include "stochastic/epoch.hpp"

namespace wordkin::stochastic {
namespace {

class LockFree {
 public:
  LockFree(const Parameters& model, const Epoch& epoch)
      : tally(epoch), model_(model), epoch_(epoch), next_(epoch.before.positions) {}

  void work(int) {
    Descent descent(epoch_, model_);
    Block block(epoch_);
    Rows rows;
    while (!stop_) {
      const std::int64_t from = next_.fetch_add(epoch_.block);
      if (from >= epoch_.size) return;
      block.read(from);
      rows.resize(block);
      for (int t = 0; t < block.size(); ++t) {
        rows.V[t] = model_.V + block.tokens[t] * model_.stride;
        rows.U[t] = model_.U + block.tokens[t] * model_.stride;
      }
      for (std::size_t k = 0; k < block.drawn.size(); ++k)
        rows.drawn[k] = model_.U + block.drawn[k] * model_.stride;
      if (block.centers) descent.run(block, rows);
      if (!tally.add(block.tally)) stop_ = true;
    }
  }

  void stop() { stop_ = true; }

  SharedTally tally;

 private:
  const Parameters& model_;
  const Epoch& epoch_;
  std::atomic<std::int64_t> next_;
  std::atomic<bool> stop_{false};
};

}  // namespace

Tally train_lock_free(const Parameters& model, const Epoch& epoch, const Tick& tick) {
  return run<LockFree>(model, epoch, tick);
}

}  // namespace wordkin::stochastic
