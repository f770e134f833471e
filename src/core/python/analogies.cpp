// Python meets the core: analogies.
#include <nanobind/stl/string.h>

#include <stdexcept>
#include <string>

#include "python/python.hpp"
#include "search/search.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {
namespace {

AnalogyMethod method_of(const std::string& name) {
  if (name == "add") return AnalogyMethod::sum;
  if (name == "mul") return AnalogyMethod::product;
  throw std::invalid_argument("no such method: '" + name + "'");
}

void improve_analogies(const std::string& method, In<double, 2> directions, In<Id, 2> questions,
                       In<float, 2> cosines, float slack, In<float, 2> candidates,
                       In<double, 1> inverse, In<Id, 1> same_word, std::int64_t first,
                       InOut<double, 1> scores, InOut<std::int64_t, 1> rows, int threads) {
  const auto words = directions.shape(0), d = directions.shape(1), size = candidates.shape(0);
  bool fits = d < INT32_MAX && questions.shape(1) == 3 && cosines.shape(0) == words &&
              cosines.shape(1) == size && candidates.shape(1) == d && inverse.shape(0) == size &&
              same_word.shape(0) == size &&
              scores.shape(0) == questions.shape(0) && rows.shape(0) == questions.shape(0) && threads >= 1;
  for (std::size_t q = 0; fits && q < questions.shape(0); ++q)
    for (int i = 0; i < 3; ++i)
      fits = fits && questions(q, i) >= 0 && questions(q, i) < static_cast<Id>(words);
  if (!fits) throw std::invalid_argument("the arrays of questions, a tile and answers do not fit");
  const AnalogyQuestions asked{method_of(method), directions.data(), static_cast<std::int64_t>(words),
                               static_cast<int>(d), questions.data(),
                               static_cast<std::int64_t>(questions.shape(0))};
  const SearchedRows searched{candidates.data(), inverse.data(), static_cast<Row>(size),
                              static_cast<int>(d)};
  const AnalogyTile tile{cosines.data(), slack, searched, same_word.data(), first};
  const AnalogyAnswers answers{scores.data(), rows.data()};
  nb::gil_scoped_release unlocked;
  improve(asked, tile, answers, threads);
}

}  // namespace

void define_analogies(nb::module_& m) {
  m.def("improve_analogies", &improve_analogies, nb::kw_only(), "method"_a, "directions"_a, "questions"_a,
        "cosines"_a.noconvert(), "slack"_a, "candidates"_a.noconvert(), "inverse"_a.noconvert(),
        "same_word"_a.noconvert(), "first"_a, "scores"_a.noconvert(), "rows"_a.noconvert(), "threads"_a,
        "Improve the answers to analogies, in place, by the candidates of a tile; tiles in order.");
}

}  // namespace wordkin
