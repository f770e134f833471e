// Python meets the core: stochastic training.
#include <bit>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/random.hpp"
#include "python/python.hpp"
#include "stochastic/stochastic.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

namespace {

nb::dict as_dict(const Tally& tally) {
  nb::dict d;
  d["positions"] = tally.positions;
  d["trained"] = tally.trained;
  d["subsampled"] = tally.subsampled;
  d["pairs"] = tally.pairs;
  d["loss"] = tally.loss;
  d["diverged"] = tally.diverged;
  return d;
}

Tally as_tally(const nb::dict& d) {
  Tally tally;
  tally.positions = nb::cast<std::int64_t>(d["positions"]);
  tally.trained = nb::cast<std::int64_t>(d["trained"]);
  tally.subsampled = nb::cast<std::int64_t>(d["subsampled"]);
  tally.pairs = nb::cast<double>(d["pairs"]);
  tally.loss = nb::cast<double>(d["loss"]);
  return tally;
}

nb::dict train(const std::string& level, InOut<float, 2> V, InOut<float, 2> U, int d,
               In<float, 1> redraw, In<Id, 1> ids, In<std::uint32_t, 1> keep,
               In<std::uint32_t, 1> alias_threshold, In<Id, 1> alias, std::int64_t window, int negatives,
               In<int, 2> layouts, In<float, 1> weights, float rate_begin, float rate_end, std::uint64_t seed,
               std::uint64_t epoch, int threads, std::int64_t first_position, int block, int batch,
               const nb::dict& before, double limit, const std::function<bool(nb::dict)>& tick) {
  const Parameters model = parameters(V, U, d);
  const Tally done = as_tally(before);
  if (redraw.shape(0) != V.shape(0) || keep.shape(0) != V.shape(0) || alias.shape(0) != V.shape(0) ||
      alias_threshold.shape(0) != V.shape(0))
    throw std::invalid_argument("redraw, keep and the alias table must have an entry a word");
  if (layouts.shape(0) < 1 || layouts.shape(1) != 5 || weights.shape(0) != layouts.shape(0))
    throw std::invalid_argument("layouts must have five numbers and a weight each");
  std::vector<Layout> layout;
  for (std::size_t i = 0; i < weights.shape(0); ++i) {
    layout.push_back({layouts(i, 0), weights(i), layouts(i, 1), layouts(i, 2), layouts(i, 3), layouts(i, 4)});
    const Layout& last = layout.back();
    if (last.reach < 1 || (window && last.reach > window) || last.pool_size < 1 || last.span < 1 ||
        last.steps < 1 || last.drawn < last.pool_size || last.drawn > kMostDrawn ||
        !std::has_single_bit(static_cast<unsigned>(last.drawn)) || (i && last.reach <= layout[i - 1].reach))
      throw std::invalid_argument("a layout's reach, pool size, span, steps or words drawn: out of range");
  }
  if (window < 0 || negatives < 1 || threads < 1 || block < 1 || batch < 0 || batch > kMostBlocks ||
      done.positions < 0)
    throw std::invalid_argument("window, negatives, threads, block, batch and before: out of range");
  std::vector<AliasColumn> noise(alias.shape(0));
  for (std::size_t w = 0; w < noise.size(); ++w) noise[w] = {alias_threshold(w), alias(w)};
  const Level at = level_of(level);
  const Epoch settings{ids.data(), static_cast<std::int64_t>(ids.shape(0)), redraw.data(), first_position,
                       keep.data(), noise, window, negatives, layout, rate_begin, rate_end,
                       seed, epoch, threads, block, batch, done, limit, at.step, at.merge};
  nb::gil_scoped_release unlocked;
  const auto ticked = [&](const Tally& now) {
    nb::gil_scoped_acquire locked;
    if (PyErr_CheckSignals()) throw nb::python_error();
    return tick(as_dict(now));
  };
  const Tally tally = train_epoch(model, settings, ticked);
  nb::gil_scoped_acquire locked;
  return as_dict(tally);
}

}  // namespace

void define_alias_table(nb::module_& m) {
  m.def("alias_table", [](In<double, 1> q) {
    std::vector<std::uint32_t> threshold;
    std::vector<Id> alias;
    for (const AliasColumn& column : alias_table({q.data(), q.shape(0)})) {
      threshold.push_back(column.threshold);
      alias.push_back(column.alias);
    }
    return nb::make_tuple(array(std::move(threshold)), array(std::move(alias)));
  }, "q"_a, "Alias table of a distribution: (thresholds of 2^32 - 1, aliases).");
}

void define_training(nb::module_& m) {
  m.def("train_epoch", &train, nb::kw_only(), "level"_a, "V"_a.noconvert(), "U"_a.noconvert(),
        "d"_a, "redraw"_a, "ids"_a, "keep"_a, "alias_threshold"_a, "alias"_a, "window"_a,
        "negatives"_a, "layouts"_a, "weights"_a, "rate_begin"_a, "rate_end"_a, "seed"_a, "epoch"_a,
        "threads"_a, "first_position"_a, "block"_a, "batch"_a, "before"_a, "limit"_a, "tick"_a,
        "An epoch of stochastic descent, in place, until `tick` returns False; a tally of what was done of"
        " it, which another call goes on from as `before`.");
}

}  // namespace wordkin
