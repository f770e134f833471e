// Python meets the core: the nearest rows, and analogies.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "python/python.hpp"
#include "search/search.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

template <typename Array>
Row rows_of(const Array& array) {
  return static_cast<Row>(array.shape(0));
}
template <typename Array>
int columns_of(const Array& array) {
  return static_cast<int>(array.shape(1));
}

SearchedRows searched_rows(const In<float, 2>& matrix, const In<double, 1>& inverse) {
  require(inverse.shape(0) == matrix.shape(0), "a row must have one inverse length");
  return {matrix.data(), inverse.data(), rows_of(matrix), columns_of(matrix)};
}

void require_rows(const In<Row, 1>& numbers, Row rows) {
  const Row* end = numbers.data() + numbers.shape(0);
  require(std::all_of(numbers.data(), end, [&](Row row) { return row >= 0 && row < rows; }),
          "there is no such row");
}

Excluded excluded(const In<Row, 1>& offsets, const In<Row, 1>& rows, Row queries) {
  Excluded made{{offsets.data(), offsets.data() + offsets.shape(0)},
                {rows.data(), rows.data() + rows.shape(0)}};
  require(rows_of(offsets) == queries + 1 && made.offsets.front() == 0 &&
              made.offsets.back() == rows_of(rows) &&
              std::is_sorted(made.offsets.begin(), made.offsets.end()),
          "offsets must cut the excluded rows, a part for each query");
  for (Row i = 0; i < queries; ++i)
    std::sort(made.rows.begin() + made.offsets[static_cast<std::size_t>(i)],
              made.rows.begin() + made.offsets[static_cast<std::size_t>(i) + 1]);
  return made;
}

// Keeps what it searches alive.
struct Nearest {
  Nearest(In<float, 2> matrix, In<double, 1> inverse, In<double, 2> queries, Row k,
          double error, In<Row, 1> offsets, In<Row, 1> rows)
      : matrix_(matrix),
        inverse_(inverse),
        found_(searched_rows(matrix, inverse),
               {queries.data(), queries.data() + queries.size()}, checked(k, matrix, queries), error,
               excluded(offsets, rows, rows_of(queries))) {}

  void scan(In<float, 2> scores, In<float, 1> scale, In<Row, 1> numbers, int threads) {
    require(rows_of(scores) == found_.queries(), "scores must have one row a query");
    require(scores.shape(1) == numbers.shape(0) && scale.shape(0) == numbers.shape(0),
            "scores must have one column a row, each with its scale and its number");
    require_rows(numbers, rows_of(matrix_));
    nb::gil_scoped_release unlocked;
    found_.scan(scores.data(), scale.data(), numbers.data(), rows_of(numbers), threads);
  }

  void finish(InOut<Row, 2> rows, InOut<double, 2> cosines, int threads) {
    for (std::size_t axis : {0, 1}) require(rows.shape(axis) == cosines.shape(axis), "shapes differ");
    require(rows_of(rows) == found_.queries() && columns_of(rows) == found_.k(),
            "answers must be of k rows for each query");
    nb::gil_scoped_release unlocked;
    found_.finish(rows.data(), cosines.data(), threads);
  }

 private:
  static Row checked(Row k, const In<float, 2>& matrix, const In<double, 2>& queries) {
    require(k >= 1, "k must be at least 1");
    require(matrix.shape(1) >= 1 && queries.shape(1) == matrix.shape(1), "queries must be of rows' length");
    return k;
  }

  In<float, 2> matrix_;
  In<double, 1> inverse_;
  NearestRows found_;
};

// ---- analogies -----------------------------------------------------------------------------------

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

void define_search(nb::module_& m) {
  m.def("row_lengths", [](In<float, 2> matrix, int threads) {
    std::vector<double> lengths(matrix.shape(0));
    {
      nb::gil_scoped_release unlocked;
      row_lengths(matrix.data(), rows_of(matrix), columns_of(matrix), lengths.data(), threads);
    }
    return array(std::move(lengths));
  }, "matrix"_a.noconvert(), "threads"_a,
     "Length of each row, in float64; infinite or NaN where a number is not finite.");

  m.def("make_units", [](InOut<double, 2> rows) {
    nb::gil_scoped_release unlocked;
    make_units(rows.data(), rows_of(rows), columns_of(rows));
  }, "rows"_a.noconvert(), "Divide rows by their lengths; rows of zeros stay.");

  m.def("products", [](In<double, 2> a, In<double, 2> b, InOut<double, 2> out, int threads) {
    require(a.shape(1) == b.shape(1), "rows must be of one length");
    require(out.shape(0) == a.shape(0) && out.shape(1) == b.shape(0), "out must be (n, m)");
    nb::gil_scoped_release unlocked;
    products(a.data(), rows_of(a), b.data(), rows_of(b), columns_of(a), out.data(), threads);
  }, "a"_a.noconvert(), "b"_a.noconvert(), "out"_a.noconvert(), "threads"_a,
     "Products of all rows of `a` with all of `b`, each summed in the same order.");

  m.def("cosines", [](In<float, 2> matrix, In<double, 1> inverse, In<Row, 1> numbers,
                      In<double, 1> query) {
    const SearchedRows searched = searched_rows(matrix, inverse);
    require(query.shape(0) == matrix.shape(1), "a query must be of rows' length");
    require_rows(numbers, searched.rows);
    std::vector<double> cosines(numbers.shape(0));
    {
      nb::gil_scoped_release unlocked;
      for (std::size_t i = 0; i < cosines.size(); ++i)
        cosines[i] = searched.cosine(numbers(i), query.data());
    }
    return array(std::move(cosines));
  }, "matrix"_a.noconvert(), "inverse"_a.noconvert(), "numbers"_a.noconvert(), "query"_a.noconvert(),
     "Cosines of some rows with a query of length 1.");

  nb::class_<Nearest>(m, "Nearest", "Finds the k nearest rows of each query among scores of all.")
      .def(nb::init<In<float, 2>, In<double, 1>, In<double, 2>, Row, double, In<Row, 1>,
                    In<Row, 1>>(),
           "matrix"_a.noconvert(), "inverse"_a.noconvert(), "queries"_a.noconvert(), "k"_a,
           "error"_a, "exclude_offsets"_a, "exclude"_a)
      .def("scan", &Nearest::scan, "scores"_a.noconvert(), "scale"_a.noconvert(),
           "numbers"_a.noconvert(), "threads"_a,
           "The next rows: scores (n, rows), which times the scale of a row are rough cosines.")
      .def("finish", &Nearest::finish, "rows"_a.noconvert(), "cosines"_a.noconvert(), "threads"_a,
           "Write row numbers and cosines, (n, k); what is left over stays as it is.");

  m.def("improve_analogies", &improve_analogies, nb::kw_only(), "method"_a, "directions"_a, "questions"_a,
        "cosines"_a.noconvert(), "slack"_a, "candidates"_a.noconvert(), "inverse"_a.noconvert(),
        "same_word"_a.noconvert(), "first"_a, "scores"_a.noconvert(), "rows"_a.noconvert(), "threads"_a,
        "Improve the answers to analogies, in place, by the candidates of a tile; tiles in order.");
}

}  // namespace wordkin
