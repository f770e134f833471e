// Python meets the core: what stands between the matrix products of the exact engine.
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernels.hpp"
#include "python/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {
namespace {

template <typename T>
const TileKernels<T>& kernels_of(const Level& level) {
  if constexpr (sizeof(T) == 4) return level.float32;
  else return level.float64;
}

Link link_of(const std::string& name) {
  if (name == "softmax") return Link::softmax;
  if (name == "poisson") return Link::poisson;
  if (name == "logistic") return Link::logistic;
  throw std::invalid_argument("no such link: '" + name + "'");
}

// The arrays of a tile, checked against each other: the kernels index by what they hold.
template <typename T>
class TileArrays {
 public:
  TileArrays(In<T, 2> x, In<std::int64_t, 1> indptr, In<Id, 1> indices, In<T, 1> counts, In<T, 1> n,
             In<T, 1> column, In<T, 1> row, In<T, 1> row_hit, In<T, 1> column_hit,
             In<std::int64_t, 1> lengths)
      : x_(x), indptr_(indptr), indices_(indices), counts_(counts), n_(n), column_(column), row_(row),
        row_hit_(row_hit), column_hit_(column_hit), lengths_(lengths) {
    const auto entries = static_cast<std::int64_t>(indices.shape(0));
    bool fits = x.shape(1) > 0 && indptr.shape(0) == x.shape(0) + 1 && n.shape(0) == x.shape(0) &&
                counts.shape(0) == indices.shape(0);
    for (std::size_t r = 0; fits && r <= x.shape(0); ++r)
      fits = indptr(r) >= (r ? indptr(r - 1) : 0) && indptr(r) <= entries;
    fits = fits && (lengths.shape(0) == 0 || lengths.shape(0) == x.shape(0));
    for (std::size_t r = 0; fits && r < x.shape(0); ++r) {
      const auto length = lengths.shape(0) ? lengths(r) : static_cast<std::int64_t>(x.shape(1));
      fits = length > 0 && length <= static_cast<std::int64_t>(x.shape(1));
      for (auto i = indptr(r); fits && i < indptr(r + 1); ++i)
        fits = indices(i) >= 0 && indices(i) < length;
    }
    if (!fits) throw std::invalid_argument("the arrays of a tile do not fit each other");
  }

  void residual(const std::string& level, const std::string& link, InOut<T, 2> out,
                InOut<double, 1> loss, InOut<double, 1> log_z) const {
    const Tile<T> tile = linked(link);
    if (out.shape(0) != x_.shape(0) || out.shape(1) != x_.shape(1) || loss.shape(0) != x_.shape(0) ||
        log_z.shape(0) != x_.shape(0))
      throw std::invalid_argument("out, loss and log_z must fit x");
    const auto kernels = kernels_of<T>(level_of(level));
    nb::gil_scoped_release unlocked;
    kernels.residual(tile, out.data(), loss.data(), log_z.data());
  }

  int search(const std::string& level, const std::string& link, In<T, 2> y, In<double, 1> linear,
             In<double, 1> quadratic, InOut<T, 1> alpha, InOut<double, 1> loss,
             InOut<double, 1> log_z) const {
    const Tile<T> tile = linked(link);
    const auto rows = x_.shape(0);
    if (y.shape(0) != rows || y.shape(1) != x_.shape(1) || linear.shape(0) != rows ||
        quadratic.shape(0) != rows || alpha.shape(0) != rows || loss.shape(0) != rows ||
        log_z.shape(0) != rows)
      throw std::invalid_argument("y, linear, quadratic, alpha, loss and log_z must fit x");
    const auto kernels = kernels_of<T>(level_of(level));
    nb::gil_scoped_release unlocked;
    return kernels.search(tile, y.data(), linear.data(), quadratic.data(), alpha.data(), loss.data(),
                          log_z.data());
  }

 private:
  Tile<T> linked(const std::string& name) const {
    const Link link = link_of(name);
    const auto rows = x_.shape(0), columns = x_.shape(1);
    const bool logistic = link == Link::logistic;
    if ((link != Link::softmax && column_.shape(0) != columns) ||
        (logistic && (row_.shape(0) != rows || row_hit_.shape(0) != rows ||
                      column_hit_.shape(0) != columns)))
      throw std::invalid_argument("the arrays of a tile do not fit its link");
    return {link, static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns), x_.data(),
            lengths_.shape(0) ? lengths_.data() : nullptr, indptr_.data(), indices_.data(),
            counts_.data(), n_.data(), column_.data(), row_.data(), row_hit_.data(), column_hit_.data()};
  }

  In<T, 2> x_;
  In<std::int64_t, 1> indptr_;
  In<Id, 1> indices_;
  In<T, 1> counts_, n_, column_, row_, row_hit_, column_hit_;
  In<std::int64_t, 1> lengths_;
};

template <typename T>
void define_tile(nb::module_& m, const char* name) {
  using Arrays = TileArrays<T>;
  nb::class_<Arrays>(m, name, "Logits of some rows with all columns, and the counts of these rows.")
      .def(nb::init<In<T, 2>, In<std::int64_t, 1>, In<Id, 1>, In<T, 1>, In<T, 1>, In<T, 1>, In<T, 1>,
                    In<T, 1>, In<T, 1>, In<std::int64_t, 1>>(),
           "x"_a.noconvert(), "indptr"_a.noconvert(), "indices"_a.noconvert(), "counts"_a.noconvert(),
           "n"_a.noconvert(), "column"_a.noconvert(), "row"_a.noconvert(), "row_hit"_a.noconvert(),
           "column_hit"_a.noconvert(), "lengths"_a.noconvert())
      .def("residual", &Arrays::residual, "level"_a, "link"_a, "out"_a.noconvert(),
           "loss"_a.noconvert(), "log_z"_a.noconvert(), "Write dJ/dx, the rows' losses and log Z.")
      .def("search", &Arrays::search, "level"_a, "link"_a, "y"_a.noconvert(), "linear"_a, "quadratic"_a,
           "alpha"_a.noconvert(), "loss"_a.noconvert(), "log_z"_a.noconvert(),
           "Write the step of each row along -y, and its loss there; the number of points looked at.");
}

// The pairs of rows that meet a sample; checked like a tile's, for the kernels index by what they hold.
template <typename T>
class SampledArrays {
 public:
  SampledArrays(In<std::int64_t, 1> indptr, In<Id, 1> words, In<Id, 1> place, In<T, 1> log_weights)
      : indptr_(indptr), words_(words), place_(place), log_weights_(log_weights),
        at_(words.shape(0)) {
    const auto entries = static_cast<std::int64_t>(words.shape(0));
    bool fits = indptr.shape(0) > 0 && indptr(0) == 0 && indptr(indptr.shape(0) - 1) == entries;
    for (std::size_t r = 1; fits && r < indptr.shape(0); ++r) fits = indptr(r) >= indptr(r - 1);
    for (std::size_t i = 0; fits && i < words.shape(0); ++i)
      fits = words(i) >= 0 && words(i) < static_cast<Id>(place.shape(0));
    for (std::size_t w = 0; fits && w < place.shape(0); ++w)
      fits = place(w) < static_cast<Id>(log_weights.shape(0));
    if (!fits) throw std::invalid_argument("the pairs and the sample do not fit each other");
  }

  nb::tuple place(const std::string& level, InOut<T, 2> x) {
    const SampledPairs<T> pairs = pairs_of(x.shape(0), x.shape(1));
    std::vector<std::int64_t> lengths(x.shape(0));
    std::int64_t widest = 0;
    for (std::int64_t r = 0; r < pairs.rows; ++r) {
      std::int64_t beyond = 0;
      for (auto i = indptr_(r); i < indptr_(r + 1); ++i) beyond += place_(words_(i)) < 0;
      if (beyond > widest) widest = beyond;
    }
    width_ = pairs.columns + widest;
    if (width_ > pairs.stride)
      throw std::invalid_argument("x has no room for the pairs beyond the sample");
    {
      const auto kernels = kernels_of(level_of(level));
      nb::gil_scoped_release unlocked;
      kernels.place(pairs, place_.data(), log_weights_.data(), x.data(), lengths.data());
    }
    return nb::make_tuple(array(std::vector<Id>(at_)), array(std::move(lengths)));
  }

  void multiply(const std::string& level, In<T, 2> A, In<T, 2> B, In<T, 1> column, InOut<T, 2> x) const {
    const SampledPairs<T> pairs = placed(x, A, B);
    if (column.shape(0) != 0 && column.shape(0) != B.shape(0))
      throw std::invalid_argument("column must be empty, or fit B");
    const auto kernels = kernels_of(level_of(level));
    nb::gil_scoped_release unlocked;
    kernels.multiply(pairs, A.data(), B.data(), static_cast<std::int64_t>(B.shape(1)),
                     column.shape(0) ? column.data() : nullptr, x.data());
  }

  void add(const std::string& level, In<T, 2> x, In<T, 2> B, InOut<T, 2> g) const {
    const SampledPairs<T> pairs = placed(x, g, B);
    const auto kernels = kernels_of(level_of(level));
    nb::gil_scoped_release unlocked;
    kernels.add(pairs, x.data(), B.data(), static_cast<std::int64_t>(B.shape(1)), g.data());
  }

 private:
  static const PairKernels<T> kernels_of(const Level& level) {
    if constexpr (sizeof(T) == 4) return level.pairs32;
    else return level.pairs64;
  }

  SampledPairs<T> pairs_of(std::size_t rows, std::size_t stride) const {
    if (rows + 1 != indptr_.shape(0)) throw std::invalid_argument("x must have a row for each row");
    return {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(log_weights_.shape(0)),
            static_cast<std::int64_t>(stride), indptr_.data(), words_.data(),
            const_cast<Id*>(at_.data())};
  }

  template <typename X, typename A>
  SampledPairs<T> placed(const X& x, const A& rows, const In<T, 2>& B) const {
    if (width_ < 0 || static_cast<std::int64_t>(x.shape(1)) < width_ ||
        rows.shape(0) != x.shape(0) || rows.shape(1) != B.shape(1) || B.shape(0) != place_.shape(0))
      throw std::invalid_argument("the rows, B and x must fit the pairs, which must be placed first");
    return pairs_of(x.shape(0), x.shape(1));
  }

  In<std::int64_t, 1> indptr_;
  In<Id, 1> words_, place_;
  In<T, 1> log_weights_;
  std::vector<Id> at_;
  std::int64_t width_ = -1;   // of the widest row, once placed
};

template <typename T>
void define_sampled(nb::module_& m, const char* name) {
  using Arrays = SampledArrays<T>;
  nb::class_<Arrays>(m, name, "Pairs of some rows that meet a sample of the other matrix.")
      .def(nb::init<In<std::int64_t, 1>, In<Id, 1>, In<Id, 1>, In<T, 1>>(), "indptr"_a.noconvert(),
           "words"_a.noconvert(), "place"_a.noconvert(), "log_weights"_a.noconvert())
      .def("place", &Arrays::place, "level"_a, "x"_a.noconvert(),
           "Take weights off x at the pairs in the sample: where the logits stand, and row lengths.")
      .def("multiply", &Arrays::multiply, "level"_a, "A"_a.noconvert(), "B"_a.noconvert(),
           "column"_a.noconvert(), "x"_a.noconvert(), "Write x at the pairs beyond the sample.")
      .def("add", &Arrays::add, "level"_a, "x"_a.noconvert(), "B"_a.noconvert(), "g"_a.noconvert(),
           "Add x B over the pairs beyond the sample to g.");
}

}  // namespace

void define_tiles(nb::module_& m) {
  define_tile<float>(m, "Tile32");
  define_tile<double>(m, "Tile64");
  define_sampled<float>(m, "SampledPairs32");
  define_sampled<double>(m, "SampledPairs64");
}

}  // namespace wordkin
