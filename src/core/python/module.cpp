// Python meets the core here: arrays in, GIL off, results out. The other files of this folder do the
// same for files and for questions; no other folder knows Python.
//
// Arrays that are written to are taken with `noconvert`, else the update could land in a silent copy.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/string.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "base/random.hpp"
#include "counting/counting.hpp"
#include "python/python.hpp"
#include "stochastic/stochastic.hpp"
#include "text/text.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace wordkin;

namespace {

Level level_of(const std::string& level) {
  for (const Level& found : levels())
    if (level == found.name) return found;
  throw std::invalid_argument("this processor has no instruction set '" + level + "'");
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

nb::tuple finish(TextReader& reader, std::int64_t min_count, std::int64_t max_vocabulary,
                 double held_out) {
  EncodedText text;
  {
    nb::gil_scoped_release unlocked;
    text = reader.finish(min_count, max_vocabulary, held_out);
  }
  const auto size = static_cast<std::size_t>(text.size);
  Id* ids = text.ids.release();
  nb::capsule owner(ids, [](void* p) noexcept { std::free(p); });
  nb::bytes words(text.words.data(), text.words.size());
  return nb::make_tuple(words, array(std::move(text.offsets)), array(std::move(text.counts)),
                        Out<Id>(ids, {size}, owner), array(std::move(text.held_ids)),
                        text.held_tokens);
}

nb::bytes add_line(TextReader& reader, nb::iterable words) {
  for (nb::handle word : words) {
    Py_ssize_t size = 0;
    if (!PyUnicode_Check(word.ptr()))
      throw nb::type_error("a sentence is a list of words, and a word a str");
    if (const char* bytes = PyUnicode_AsUTF8AndSize(word.ptr(), &size)) {
      reader.add_word({bytes, static_cast<std::size_t>(size)});
      continue;
    }
    // Lone surrogates: bytes that were no UTF-8 when the word was read.
    PyErr_Clear();
    nb::object encoded = nb::steal(PyUnicode_AsEncodedString(word.ptr(), "utf-8", "surrogateescape"));
    if (!encoded.is_valid()) throw nb::python_error();
    reader.add_word({PyBytes_AS_STRING(encoded.ptr()),
                     static_cast<std::size_t>(PyBytes_GET_SIZE(encoded.ptr()))});
  }
  const std::string line = reader.end_line();
  return nb::bytes(line.data(), line.size());
}

nb::tuple step(const std::string& level, InOut<float, 2> V, InOut<float, 2> U, int d,
               In<float, 1> redraw, In<Id, 1> tokens, int first, In<int, 1> begin, In<int, 1> end,
               int window, In<Id, 1> pool, float negative_weight, float rate) {
  const Parameters model = parameters(V, U, d);
  const int centers = static_cast<int>(begin.shape(0));
  const std::vector<CacheLine> window_weights = expected_window(window);
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
  span.window = window;
  span.window_weights = window_weights.front().floats;
  span.pool = pool.data();
  span.pool_size = static_cast<int>(pool.shape(0));
  span.negative_weight = negative_weight;
  span.tokens_end = static_cast<int>(tokens.shape(0));
  Scratch scratch(centers, window, span.pool_size, model.stride);
  const StepResult result = level_of(level).step(model.stride, model.d, span, rate, scratch);
  return nb::make_tuple(result.loss, result.pairs);
}

nb::dict train(const std::string& level, InOut<float, 2> V, InOut<float, 2> U, int d,
               In<float, 1> redraw, In<Id, 1> ids, In<std::uint32_t, 1> keep,
               In<std::uint32_t, 1> alias_threshold, In<Id, 1> alias, int window, int negatives,
               int pool_size, int span, int steps, float rate_begin, float rate_end, std::uint64_t seed,
               std::uint64_t epoch, int threads, std::int64_t first_position, int block, int batch,
               const nb::dict& before, double limit, const std::function<bool(nb::dict)>& tick) {
  const Parameters model = parameters(V, U, d);
  const Tally done = as_tally(before);
  if (redraw.shape(0) != V.shape(0) || keep.shape(0) != V.shape(0) || alias.shape(0) != V.shape(0) ||
      alias_threshold.shape(0) != V.shape(0))
    throw std::invalid_argument("redraw, keep and the alias table must have an entry a word");
  if (window < 1 || negatives < 1 || pool_size < 1 || span < 1 || steps < 1 || threads < 1 ||
      pool_size >= Draws::kStreams || block < 1 || batch < 0 || batch > UINT8_MAX || done.positions < 0)
    throw std::invalid_argument(
        "window, negatives, pool size, span, steps, threads, block, batch and before: out of range");
  std::vector<AliasColumn> noise(alias.shape(0));
  for (std::size_t w = 0; w < noise.size(); ++w) noise[w] = {alias_threshold(w), alias(w)};
  const Level at = level_of(level);
  const Epoch settings{ids.data(), static_cast<std::int64_t>(ids.shape(0)), redraw.data(), first_position,
                       keep.data(), noise, window, negatives, pool_size, span, steps, rate_begin, rate_end,
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

// A counter that keeps its ids alive.
class CorpusCounter {
 public:
  CorpusCounter(In<Id, 1> ids, In<double, 1> keep, int window, double negligible, int threads, Id first)
      : ids_(ids) {
    if (window < 1 || threads < 1 || keep.shape(0) >= INT32_MAX || first < 0 ||
        first > static_cast<Id>(keep.shape(0)))
      throw std::invalid_argument("window, threads, number of words and first: out of range");
    const Counting corpus{ids.data(), static_cast<std::int64_t>(ids.shape(0)), keep.data(),
                          static_cast<Id>(keep.shape(0)), window, negligible, threads, first};
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

NB_MODULE(_core, m) {
  m.doc() = "The native core of wordkin: reading text, and the kernels of stochastic training.";

  m.def("levels", [] {
    nb::list names;
    for (const Level& level : levels()) names.append(level.name);
    return names;
  }, nb::sig("def levels() -> list[str]"),
  "Names of the instruction sets that this processor can run, slowest first.");

  m.def("alias_table", [](In<double, 1> q) {
    std::vector<std::uint32_t> threshold;
    std::vector<Id> alias;
    for (const AliasColumn& column : alias_table({q.data(), q.shape(0)})) {
      threshold.push_back(column.threshold);
      alias.push_back(column.alias);
    }
    return nb::make_tuple(array(std::move(threshold)), array(std::move(alias)));
  }, "q"_a, "Alias table of a distribution: (thresholds of 2^32 - 1, aliases).");

  nb::class_<TextReader>(m, "TextReader", "Reads text once: tokens to ids and counts.")
      .def(nb::init<>())
      .def("feed", [](TextReader& reader, In<std::uint8_t, 1> bytes) {
        nb::gil_scoped_release unlocked;
        reader.feed({reinterpret_cast<const char*>(bytes.data()), bytes.shape(0)});
      }, "data"_a, "The next bytes of a file, cut anywhere.")
      .def("end_file", &TextReader::end_file, "End the last token and the last line.")
      .def("add_line", &add_line, "words"_a,
           "A sentence that comes as words; returns the bytes that a file would have for it.")
      .def("finish", &finish, "min_count"_a, "max_vocabulary"_a, "held_out"_a,
           "Empty the reader: (words, offsets, counts, ids, held_ids, held_tokens). Each line that has"
           " a word is held out with the probability `held_out`, the same lines each time: its ids are"
           " among `held_ids`, its words not in `counts`, and how many they are in `held_tokens`.")
      .def_prop_ro("tokens", &TextReader::tokens)
      .def_prop_ro("lines", &TextReader::lines)
      .def_prop_ro("lines_with_words", &TextReader::lines_with_words)
      .def_prop_ro("types", &TextReader::types)
      .def_prop_ro("invalid_utf8_tokens", &TextReader::invalid_utf8_tokens);

  m.def("step", &step, "level"_a, "V"_a.noconvert(), "U"_a.noconvert(), "d"_a, "redraw"_a,
        "tokens"_a, "first"_a, "begin"_a, "end"_a, "window"_a, "pool"_a, "negative_weight"_a, "rate"_a,
        "One step of descent over one span of centers: (loss, pairs).");

  m.def("train_epoch", &train, nb::kw_only(), "level"_a, "V"_a.noconvert(), "U"_a.noconvert(),
        "d"_a, "redraw"_a, "ids"_a, "keep"_a, "alias_threshold"_a, "alias"_a, "window"_a,
        "negatives"_a, "pool_size"_a, "span"_a, "steps"_a, "rate_begin"_a, "rate_end"_a, "seed"_a, "epoch"_a,
        "threads"_a, "first_position"_a, "block"_a, "batch"_a, "before"_a, "limit"_a, "tick"_a,
        "An epoch of stochastic descent, in place, until `tick` returns False; a tally of what was done of"
        " it, which another call goes on from as `before`.");

  define_tile<float>(m, "Tile32");
  define_tile<double>(m, "Tile64");

  define_vector_files(m);
  define_subwords(m);
  define_search(m);
  define_analogies(m);

  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::system_error& error) {   // no more threads, says the system
      errno = error.code().value();
      PyErr_SetFromErrno(PyExc_OSError);
    }
  });

  nb::class_<CorpusCounter>(m, "Counter", "Counts expected co-occurrences, block of rows by block.")
      .def(nb::init<In<Id, 1>, In<double, 1>, int, double, int, Id>(), nb::kw_only(), "ids"_a, "keep"_a,
           "window"_a, "negligible"_a, "threads"_a, "first"_a = 0)
      .def_prop_ro("tokens", &CorpusCounter::tokens)
      .def("count", &CorpusCounter::count, "entries"_a, "tick"_a,
           "Count the next rows: (rows, entries, all tokens done); no rows: that was all.")
      .def("take", &CorpusCounter::take<float>, "lengths"_a.noconvert(), "indices"_a.noconvert(),
           "values"_a.noconvert(), "Write the block into arrays of its size.")
      .def("take", &CorpusCounter::take<double>, "lengths"_a.noconvert(), "indices"_a.noconvert(),
           "values"_a.noconvert(), "Write the block into arrays of its size.");
}
