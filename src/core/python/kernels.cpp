// Python meets the core: the levels, and single calls of their kernels.
#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/kernels.hpp"
#include "python/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

Level level_of(const std::string& name) {
  for (const Level& found : levels())
    if (name == found.name) return found;
  throw std::invalid_argument("this processor has no instruction set '" + name + "'");
}

Parameters parameters(InOut<float, 2>& V, InOut<float, 2>& U, int d) {
  const auto stride = static_cast<std::int64_t>(V.shape(1));
  if (U.shape(0) != V.shape(0) || U.shape(1) != V.shape(1))
    throw std::invalid_argument("V and U must be of one shape");
  if (stride % kRowAlignment || d < 1 || d > stride)
    throw std::invalid_argument("rows must be padded to a multiple of 16 floats");
  for (const void* p : {static_cast<void*>(V.data()), static_cast<void*>(U.data())})
    if (reinterpret_cast<std::uintptr_t>(p) % (4 * kRowAlignment))
      throw std::invalid_argument("rows must begin on a multiple of 64 bytes");
  return {V.data(), U.data(), stride, d};
}

namespace {

nb::tuple step(const std::string& level, InOut<float, 2> V, InOut<float, 2> U, int d,
               In<float, 1> redraw, In<Id, 1> tokens, int first, In<int, 1> begin, In<int, 1> end,
               std::int64_t window, In<Id, 1> pool, float negative_weight, float rate, int reach) {
  const Parameters model = parameters(V, U, d);
  const int centers = static_cast<int>(begin.shape(0));
  const std::vector<CacheLine> window_weights = expected_window(reach, window);
  Span span{};
  std::vector<float> token_redraw(tokens.shape(0));
  for (std::size_t i = 0; i < token_redraw.size(); ++i) token_redraw[i] = redraw(tokens(i));
  std::vector<float*> V_rows, U_rows, pool_rows;
  const auto row_of = [&](float* matrix, Id word) { return matrix + word * model.stride; };
  for (std::size_t i = 0; i < tokens.shape(0); ++i) {
    V_rows.push_back(row_of(model.V, tokens(i)));
    U_rows.push_back(row_of(model.U, tokens(i)));
  }
  for (std::size_t k = 0; k < pool.shape(0); ++k) pool_rows.push_back(row_of(model.U, pool(k)));
  U_rows.insert(U_rows.end(), kBeyond, model.U);
  pool_rows.insert(pool_rows.end(), kBeyond, model.U);
  span.V = V_rows.data();
  span.U = U_rows.data();
  span.pool_U = pool_rows.data();
  span.tokens = tokens.data();
  span.redraw = token_redraw.data();
  span.first = first;
  span.centers = centers;
  span.begin = begin.data();
  span.end = end.data();
  span.reach = reach;
  span.window_weights = window_weights.front().floats;
  span.pool = pool.data();
  span.pool_size = static_cast<int>(pool.shape(0));
  span.negative_weight = negative_weight;
  span.tokens_end = static_cast<int>(tokens.shape(0));
  Scratch scratch(centers, reach, span.pool_size, model.stride);
  const StepResult result = level_of(level).step(model.stride, model.d, span, rate, scratch);
  return nb::make_tuple(result.loss, result.pairs);
}

// ---- the exact engine's kernels ------------------------------------------------------------------

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
             In<T, 1> column, In<T, 1> row, In<T, 1> row_hit, In<T, 1> column_hit)
      : x_(x), indptr_(indptr), indices_(indices), counts_(counts), n_(n), column_(column), row_(row),
        row_hit_(row_hit), column_hit_(column_hit) {
    const auto entries = static_cast<std::int64_t>(indices.shape(0));
    bool fits = x.shape(1) > 0 && indptr.shape(0) == x.shape(0) + 1 && n.shape(0) == x.shape(0) &&
                counts.shape(0) == indices.shape(0);
    for (std::size_t r = 0; fits && r <= x.shape(0); ++r)
      fits = indptr(r) >= (r ? indptr(r - 1) : 0) && indptr(r) <= entries;
    for (std::size_t i = 0; fits && i < indices.shape(0); ++i)
      fits = indices(i) >= 0 && indices(i) < static_cast<Id>(x.shape(1));
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
            indptr_.data(), indices_.data(), counts_.data(), n_.data(), column_.data(), row_.data(),
            row_hit_.data(), column_hit_.data()};
  }

  In<T, 2> x_;
  In<std::int64_t, 1> indptr_;
  In<Id, 1> indices_;
  In<T, 1> counts_, n_, column_, row_, row_hit_, column_hit_;
};

template <typename T>
void define_tile(nb::module_& m, const char* name) {
  using Arrays = TileArrays<T>;
  nb::class_<Arrays>(m, name, "Logits of some rows with all columns, and the counts of these rows.")
      .def(nb::init<In<T, 2>, In<std::int64_t, 1>, In<Id, 1>, In<T, 1>, In<T, 1>, In<T, 1>, In<T, 1>,
                    In<T, 1>, In<T, 1>>(),
           "x"_a.noconvert(), "indptr"_a.noconvert(), "indices"_a.noconvert(), "counts"_a.noconvert(),
           "n"_a.noconvert(), "column"_a.noconvert(), "row"_a.noconvert(), "row_hit"_a.noconvert(),
           "column_hit"_a.noconvert())
      .def("residual", &Arrays::residual, "level"_a, "link"_a, "out"_a.noconvert(),
           "loss"_a.noconvert(), "log_z"_a.noconvert(), "Write dJ/dx, the rows' losses and log Z.")
      .def("search", &Arrays::search, "level"_a, "link"_a, "y"_a.noconvert(), "linear"_a, "quadratic"_a,
           "alpha"_a.noconvert(), "loss"_a.noconvert(), "log_z"_a.noconvert(),
           "Write the step of each row along -y, and its loss there; the number of points looked at.");
}

}  // namespace

void define_levels(nb::module_& m) {
  m.def("levels", [] {
    nb::list names;
    for (const Level& level : levels()) names.append(level.name);
    return names;
  }, nb::sig("def levels() -> list[str]"),
  "Names of the instruction sets that this processor can run, slowest first.");
}

void define_step(nb::module_& m) {
  m.def("step", &step, "level"_a, "V"_a.noconvert(), "U"_a.noconvert(), "d"_a, "redraw"_a,
        "tokens"_a, "first"_a, "begin"_a, "end"_a, "window"_a, "pool"_a, "negative_weight"_a, "rate"_a,
        "reach"_a,
        "One step of descent over one span of centers, whose windows of m = `window`, or 0 for whole lines,"
        " reach `reach` words: (loss, pairs).");
}

void define_tiles(nb::module_& m) {
  define_tile<float>(m, "Tile32");
  define_tile<double>(m, "Tile64");
}

}  // namespace wordkin
