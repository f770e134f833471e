// Python meets the core: subwords.
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "python/python.hpp"
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

}  // namespace

void define_subwords(nanobind::module_& m) {
  m.def("fasttext_dictionary", &dictionary, "bytes"_a, "begin"_a, "words"_a, "labels"_a,
        "keep"_a, "Returns words, offsets, counts, the byte after it or of the damage, and what is damaged.");
  m.def("ngram_buckets", &ngram_buckets, "bytes"_a, "offsets"_a, "shortest"_a, "longest"_a,
        "buckets"_a, "whole_end"_a, "The buckets of the words' n-grams, and where each word's end.");
  m.def("compose", &compose_words, "out"_a.noconvert(), "bytes"_a, "offsets"_a, "rows"_a, "own"_a,
        "ngrams"_a, "shortest"_a, "longest"_a, "whole_end"_a, "threads"_a,
        "Writes the means of own rows and those of n-grams.");
}

}  // namespace wordkin
