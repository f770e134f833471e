// Python meets the core: counting pairs.
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>

#include "counting/counting.hpp"
#include "python/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

namespace {

// A counter that keeps its ids alive.
class CorpusCounter {
 public:
  CorpusCounter(In<Id, 1> ids, In<double, 1> keep, std::int64_t window, double negligible, int threads, Id first,
                int side)
      : ids_(ids) {
    if (window < 0 || threads < 1 || keep.shape(0) >= INT32_MAX || first < 0 ||
        first > static_cast<Id>(keep.shape(0)) || side < -1 || side > 1)
      throw std::invalid_argument("window, threads, number of words, first and side: out of range");
    const Counting corpus{ids.data(), static_cast<std::int64_t>(ids.shape(0)), keep.data(),
                          static_cast<Id>(keep.shape(0)), window, negligible, threads, first,
                          static_cast<Side>(side)};
    nb::gil_scoped_release unlocked;
    counter_ = std::make_unique<Counter>(corpus);
  }

  std::int64_t tokens() const { return counter_->tokens(); }

  nb::tuple count(std::int64_t entries, const std::function<void(std::int64_t)>& tick) {
    {
      nb::gil_scoped_release unlocked;
      block_ = counter_->count(entries, [&](std::int64_t done) {
        nb::gil_scoped_acquire locked;
        if (PyErr_CheckSignals()) throw nb::python_error();
        tick(done);
      });
    }
    return nb::make_tuple(block_.rows, block_.entries, block_.tokens);
  }

  template <typename Value>
  void take(InOut<std::int64_t, 1> lengths, InOut<Id, 1> indices, InOut<Value, 1> values) const {
    const auto rows = static_cast<std::size_t>(block_.rows),
               entries = static_cast<std::size_t>(block_.entries);
    if (lengths.shape(0) != rows || indices.shape(0) != entries || values.shape(0) != entries)
      throw std::invalid_argument("lengths, indices and values must be of the sizes of the block");
    nb::gil_scoped_release unlocked;
    counter_->take(lengths.data(), indices.data(), values.data());
  }

 private:
  In<Id, 1> ids_;
  std::unique_ptr<Counter> counter_;
  CountedRows block_{};
};

}  // namespace

void define_counting(nb::module_& m) {
  nb::class_<CorpusCounter>(m, "Counter", "Counts expected co-occurrences, block of rows by block.")
      .def(nb::init<In<Id, 1>, In<double, 1>, std::int64_t, double, int, Id, int>(), nb::kw_only(), "ids"_a,
           "keep"_a, "window"_a, "negligible"_a, "threads"_a, "first"_a = 0, "side"_a = 0,
           "side: -1 for pairs with words at the left of a center, 1 for the right, 0 for both.")
      .def_prop_ro("tokens", &CorpusCounter::tokens)
      .def("count", &CorpusCounter::count, "entries"_a, "tick"_a,
           "Count the next rows: (rows, entries, all tokens done); no rows: that was all.")
      .def("take", &CorpusCounter::take<float>, "lengths"_a.noconvert(), "indices"_a.noconvert(),
           "values"_a.noconvert(), "Write the block into arrays of its size.")
      .def("take", &CorpusCounter::take<double>, "lengths"_a.noconvert(), "indices"_a.noconvert(),
           "values"_a.noconvert(), "Write the block into arrays of its size.");
}

}  // namespace wordkin
