// Python meets the core: subwords.
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "python/python.hpp"
#include "subwords/ngrams.hpp"
#include "subwords/subwords.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

namespace {

std::string_view view_of(const In<std::uint8_t, 1>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.shape(0)};
}

NgramRules rules_of(int shortest, int longest, std::int64_t buckets, bool whole_end) {
  if (longest > 0 && (buckets < 1 || buckets > std::int64_t{1} << 32))
    throw std::invalid_argument("n-grams need buckets, at most 2^32");
  return {shortest, longest, buckets, whole_end};
}

void check_words(const In<std::uint8_t, 1>& bytes, const In<std::int64_t, 1>& offsets) {
  bool fits = offsets.shape(0) > 0 && offsets(0) >= 0 &&
              offsets(offsets.shape(0) - 1) <= static_cast<std::int64_t>(bytes.shape(0));
  for (std::size_t i = 1; fits && i < offsets.shape(0); ++i) fits = offsets(i - 1) <= offsets(i);
  if (!fits) throw std::invalid_argument("the offsets do not cut the bytes into words");
}

nb::tuple dictionary(In<std::uint8_t, 1> bytes, std::int64_t begin, std::int64_t words,
                     std::int64_t labels, std::int64_t keep) {
  Dictionary found;
  {
    nb::gil_scoped_release unlocked;
    found = parse_dictionary(view_of(bytes), begin, words, labels, keep);
  }
  nb::bytes joined(found.words.data(), found.words.size());
  return nb::make_tuple(joined, array(std::move(found.offsets)), array(std::move(found.counts)),
                        found.end, std::string(found.damage ? found.damage : ""));
}

nb::tuple ngram_buckets(In<std::uint8_t, 1> bytes, In<std::int64_t, 1> offsets, int shortest,
                        int longest, std::int64_t buckets, bool whole_end) {
  check_words(bytes, offsets);
  const NgramRules rules = rules_of(shortest, longest, buckets, whole_end);
  std::vector<std::int64_t> found, ends{0};
  {
    nb::gil_scoped_release unlocked;
    for (std::size_t i = 0; i + 1 < offsets.shape(0); ++i) {
      const std::string_view word = view_of(bytes).substr(offsets(i), offsets(i + 1) - offsets(i));
      for_each_ngram(word, rules, [&](std::int64_t bucket) { found.push_back(bucket); });
      ends.push_back(static_cast<std::int64_t>(found.size()));
    }
  }
  return nb::make_tuple(array(std::move(found)), array(std::move(ends)));
}

void compose_words(InOut<float, 2> out, In<std::uint8_t, 1> bytes, In<std::int64_t, 1> offsets,
                   In<std::int64_t, 1> rows, In<std::uint8_t, 2> own, In<std::uint8_t, 2> ngrams,
                   int shortest, int longest, bool whole_end, int threads) {
  check_words(bytes, offsets);
  const std::size_t d = out.shape(1);
  const NgramRules rules =
      rules_of(shortest, longest, static_cast<std::int64_t>(ngrams.shape(0)), whole_end);
  if (rows.shape(0) != out.shape(0) || offsets.shape(0) != out.shape(0) + 1)
    throw std::invalid_argument("there must be a row, and a row of out, for each word");
  if (own.shape(1) != 4 * d || ngrams.shape(1) != 4 * d)
    throw std::invalid_argument("rows must have 4 bytes for each number of out");
  for (std::size_t i = 0; i < rows.shape(0); ++i)
    if (rows(i) < -1 || rows(i) >= static_cast<std::int64_t>(own.shape(0)))
      throw std::invalid_argument("a row that there is not");
  if (threads < 1) throw std::invalid_argument("threads must be at least 1");
  const Composition what{view_of(bytes), {offsets.data(), offsets.shape(0)}, {rows.data(), rows.shape(0)},
                         own.data(), ngrams.data(), static_cast<std::int64_t>(d), rules};
  nb::gil_scoped_release unlocked;
  compose(what, out.data(), threads, [] {
    nb::gil_scoped_acquire locked;
    if (PyErr_CheckSignals()) throw nb::python_error();
  });
}

nb::tuple find_shared_ngrams(In<std::uint8_t, 1> bytes, In<std::int64_t, 1> offsets, int shortest,
                             int longest, std::int64_t least, std::int64_t most) {
  check_words(bytes, offsets);
  if (shortest < 1 || longest < shortest) throw std::invalid_argument("n-grams of no length");
  if (most < 0 || most > INT32_MAX) throw std::invalid_argument("too many n-grams");
  SharedNgrams found;
  {
    nb::gil_scoped_release unlocked;
    found = shared_ngrams(view_of(bytes), {offsets.data(), offsets.shape(0)}, shortest, longest, least, most);
  }
  nb::bytes joined(found.bytes.data(), found.bytes.size());
  return nb::make_tuple(joined, array(std::move(found.offsets)), array(std::move(found.ends)),
                        array(std::move(found.columns)), found.left_out);
}

Indicators indicators(const In<std::int64_t, 1>& ends, const In<std::int32_t, 1>& columns,
                      std::size_t rows, std::size_t width) {
  bool fits = ends.shape(0) == rows + 1 && ends(0) == 0 &&
              ends(rows) == static_cast<std::int64_t>(columns.shape(0));
  for (std::size_t r = 0; fits && r < rows; ++r) fits = ends(r) <= ends(r + 1);
  for (std::size_t k = 0; fits && k < columns.shape(0); ++k)
    fits = columns(k) >= 0 && columns(k) < static_cast<std::int64_t>(width);
  if (!fits) throw std::invalid_argument("the ones do not lie in the matrix");
  return {{ends.data(), ends.shape(0)}, {columns.data(), columns.shape(0)}};
}

void check_threads(int threads) {
  if (threads < 1) throw std::invalid_argument("threads must be at least 1");
}

template <typename T>
void sum_rows_of(In<std::int64_t, 1> ends, In<std::int32_t, 1> columns, In<T, 2> G, InOut<T, 2> out,
                 int threads) {
  const Indicators which = indicators(ends, columns, out.shape(0), G.shape(0));
  if (G.shape(1) != out.shape(1)) throw std::invalid_argument("rows of different lengths");
  check_threads(threads);
  nb::gil_scoped_release unlocked;
  sum_rows(which, G.data(), static_cast<std::int64_t>(out.shape(1)), out.data(), threads);
}

template <typename T>
void fit_sums_of(In<std::int64_t, 1> ends, In<std::int32_t, 1> columns, In<std::int64_t, 1> column_ends,
                 In<std::int32_t, 1> rows, In<double, 2> line, In<double, 1> w, double tau, In<T, 2> Y,
                 InOut<T, 2> G, int steps, int threads) {
  const Indicators which = indicators(ends, columns, Y.shape(0), G.shape(0));
  const Indicators transposed = indicators(column_ends, rows, G.shape(0), Y.shape(0));
  if (G.shape(1) != Y.shape(1) || w.shape(0) != Y.shape(0) || line.shape(0) != Y.shape(0))
    throw std::invalid_argument("rows of different lengths");
  check_threads(threads);
  const Line beside{{line.data(), line.size()}, static_cast<std::int64_t>(line.shape(1))};
  nb::gil_scoped_release unlocked;
  fit_sums(which, transposed, beside, w.data(), tau, Y.data(), static_cast<std::int64_t>(Y.shape(1)), G.data(),
           steps, threads, [] {
             nb::gil_scoped_acquire locked;
             if (PyErr_CheckSignals()) throw nb::python_error();
           });
}

template <typename T>
void define_sums(nb::module_& m) {
  m.def("sum_rows", &sum_rows_of<T>, "ends"_a, "columns"_a, "G"_a.noconvert(), "out"_a.noconvert(),
        "threads"_a, "Writes the sum of the rows of G that each row names.");
  m.def("fit_sums", &fit_sums_of<T>, "ends"_a, "columns"_a, "column_ends"_a, "rows"_a, "line"_a, "w"_a, "tau"_a,
        "Y"_a.noconvert(), "G"_a.noconvert(), "steps"_a, "threads"_a,
        "Improves G towards the least weighted squares of Y - S G, by conjugate gradients.");
}

}  // namespace

void define_subwords(nanobind::module_& m) {
  m.def("fasttext_dictionary", &dictionary, "bytes"_a, "begin"_a, "words"_a, "labels"_a,
        "keep"_a, "Returns words, offsets, counts, the byte after it or of the damage, and what is damaged.");
  m.def("ngram_buckets", &ngram_buckets, "bytes"_a, "offsets"_a, "shortest"_a, "longest"_a,
        "buckets"_a, "whole_end"_a, "The buckets of the words' n-grams, and where each word's end.");
  m.def("compose", &compose_words, "out"_a.noconvert(), "bytes"_a, "offsets"_a, "rows"_a, "own"_a,
        "ngrams"_a, "shortest"_a, "longest"_a, "whole_end"_a, "threads"_a,
        "Writes the means of own rows and those of n-grams.");
  m.def("shared_ngrams", &find_shared_ngrams, "bytes"_a, "offsets"_a, "shortest"_a, "longest"_a, "least"_a,
        "most"_a, "Returns n-grams, offsets, the n-grams of each word in compressed rows, and how many were left out.");
  define_sums<float>(m);
  define_sums<double>(m);
}

}  // namespace wordkin
