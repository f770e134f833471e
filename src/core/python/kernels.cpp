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

}  // namespace wordkin
