// Python meets the core: files of vectors.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "files/files.hpp"
#include "python/python.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {
namespace {

nb::bytes as_bytes(std::string_view s) { return nb::bytes(s.data(), s.size()); }

bool feed(VectorReader& reader, In<std::uint8_t, 1> bytes) {
  nb::gil_scoped_release unlocked;
  return reader.feed({reinterpret_cast<const char*>(bytes.data()), bytes.shape(0)});
}

void end(VectorReader& reader) {
  nb::gil_scoped_release unlocked;
  reader.end();
}

nb::tuple as_tuple(const Damage& damage) {
  nb::list quoted;
  for (const std::string& piece : damage.quoted) quoted.append(as_bytes(piece));
  return nb::make_tuple(damage.at, damage.what, quoted);
}

nb::object damage(const VectorReader& reader) {
  if (!reader.damage()) return nb::none();
  return as_tuple(*reader.damage());
}

nb::tuple skipped(const VectorReader& reader) {
  nb::list first;
  for (const Damage& row : reader.skipped().first) first.append(as_tuple(row));
  return nb::make_tuple(reader.skipped().count, first);
}

// The words as Python's str, the matrix, whose memory goes to the array, and how many words are not
// UTF-8.
nb::tuple take(VectorReader& reader) {
  if (reader.damage()) throw std::logic_error("a damaged file has no rows to take");
  VectorRows& rows = reader.rows();
  nb::list words;
  std::int64_t begin = 0, not_utf8 = 0;
  for (const std::int64_t end : rows.ends) {
    const char* const bytes = rows.words.data() + begin;
    nb::object word = nb::steal(PyUnicode_DecodeUTF8(bytes, end - begin, nullptr));
    if (!word.is_valid()) {
      PyErr_Clear();
      word = nb::steal(PyUnicode_DecodeUTF8(bytes, end - begin, "surrogateescape"));
      ++not_utf8;
    }
    if (!word.is_valid()) throw nb::python_error();
    words.append(std::move(word));
    begin = end;
  }
  const std::size_t V = rows.ends.size(), d = static_cast<std::size_t>(rows.dim);
  void* numbers = rows.numbers.release();
  nb::capsule owner(numbers, [](void* p) noexcept { std::free(p); });
  const nb::ndarray<nb::numpy, float, nb::ndim<2>> matrix(static_cast<float*>(numbers), {V, d}, owner);
  return nb::make_tuple(words, matrix, not_utf8);
}

std::int64_t text_dim(const nb::bytes& lines) {
  const std::string_view text(lines.c_str(), lines.size());
  if (!text.empty() && text.back() != '\n') throw std::invalid_argument("lines must end with a line end");
  return choose_dim(text);
}

RowsToWrite rows_to_write(const nb::bytes& words, In<std::int64_t, 1> offsets, In<float, 2> matrix) {
  const std::size_t n = matrix.shape(0);
  bool fits = offsets.shape(0) == n + 1 && matrix.shape(1) > 0;
  for (std::size_t i = 0; fits && i <= n; ++i)
    fits = offsets(i) >= (i ? offsets(i - 1) : 0) && offsets(i) <= static_cast<std::int64_t>(words.size());
  if (!fits) throw std::invalid_argument("words, offsets and matrix must fit each other");
  return {{words.c_str(), words.size()}, {offsets.data(), n + 1}, matrix.data(),
          static_cast<std::int64_t>(matrix.shape(1))};
}

nb::list text_rows(const nb::bytes& words, In<std::int64_t, 1> offsets, In<float, 2> matrix, int threads) {
  const RowsToWrite rows = rows_to_write(words, offsets, matrix);
  std::vector<std::string> lines;
  {
    nb::gil_scoped_release unlocked;
    lines = write_text(rows, threads);
  }
  nb::list pieces;
  for (const std::string& piece : lines) pieces.append(as_bytes(piece));
  return pieces;
}

nb::list binary_rows(const nb::bytes& words, In<std::int64_t, 1> offsets, In<float, 2> matrix) {
  const RowsToWrite rows = rows_to_write(words, offsets, matrix);
  nb::list pieces;
  pieces.append(as_bytes(write_binary(rows)));
  return pieces;
}

}  // namespace

void define_files(nb::module_& m) {
  nb::class_<VectorReader>(m, "VectorReader", "Reads a file of vectors that is fed in pieces.")
      .def("feed", &feed, "data"_a,
           "The next bytes of the file, cut anywhere; False if no more of them are wanted.")
      .def("end", &end, "Say that the file ends here.")
      .def_prop_ro("damage", &damage,
                   "None, or what is wrong: (byte, message, what its {} stand for).",
                   nb::for_getter(nb::sig("def damage(self, /) -> tuple[int, str, list[bytes]] | None")))
      .def_prop_ro("skipped", &skipped, "How many bad rows were skipped, and the first, each like `damage`.",
                   nb::for_getter(nb::sig(
                       "def skipped(self, /) -> tuple[int, list[tuple[int, str, list[bytes]]]]")))
      .def_prop_ro("declared", &VectorReader::declared, "The words that the header counts; -1: none.")
      .def_prop_ro("blank_lines", &VectorReader::blank_lines, "How many blank lines were skipped.")
      .def_prop_ro("unended", &VectorReader::unended, "Whether no line end is behind the last row.")
      .def("take", &take, "Empty the reader: (words, matrix, how many words are not UTF-8).",
           nb::sig("def take(self) -> tuple[list[str],"
                   " numpy.typing.NDArray[numpy.float32], int]"));
  nb::class_<TextVectors, VectorReader>(m, "TextVectors", "Reads lines of a word and its numbers.")
      .def(nb::init<bool, std::int64_t, bool, std::int64_t, int>(), nb::kw_only(), "header"_a, "limit"_a,
           "skip_bad"_a, "dim"_a, "threads"_a);
  nb::class_<BinaryVectors, VectorReader>(m, "BinaryVectors", "Reads word2vec's binary format.")
      .def(nb::init<std::int64_t, bool>(), nb::kw_only(), "limit"_a, "skip_bad"_a);
  m.attr("ALL") = kAll;   // words: as many as there are
  m.attr("LONGEST_LINE") = kLongestLine;
  m.def("text_dim", &text_dim, "lines"_a, "The dimensions of which most lines have a row; 0: none.");
  m.def("text_rows", &text_rows, "words"_a, "offsets"_a, "matrix"_a, "threads"_a,
        nb::sig("def text_rows(words: bytes, offsets: numpy.typing.NDArray[numpy.int64],"
                " matrix: numpy.typing.NDArray[numpy.float32], threads: int) -> list[bytes]"),
        "Lines of text for rows whose words are words[offsets[i]:offsets[i + 1]].");
  m.def("binary_rows", &binary_rows, "words"_a, "offsets"_a, "matrix"_a,
        nb::sig("def binary_rows(words: bytes, offsets: numpy.typing.NDArray[numpy.int64],"
                " matrix: numpy.typing.NDArray[numpy.float32]) -> list[bytes]"),
        "The same rows in word2vec's binary format.");
}

}  // namespace wordkin
