// Python meets the core: reading text.
#include <cstdlib>
#include <cstring>
#include <string>

#include "python/python.hpp"
#include "text/text.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace wordkin {

namespace {

nb::tuple finish(TextReader& reader, std::int64_t min_count, std::int64_t max_vocabulary,
                 double held_out, std::int64_t piece, int file) {
  EncodedText text;
  {
    nb::gil_scoped_release unlocked;
    text = reader.finish(min_count, max_vocabulary, held_out, piece, file, [] {
      nb::gil_scoped_acquire locked;
      if (PyErr_CheckSignals()) throw nb::python_error();
    });
  }
  const auto size = static_cast<std::size_t>(text.size);
  Id* ids = text.ids.release();
  nb::capsule owner(ids, [](void* p) noexcept { std::free(p); });
  nb::bytes words(text.words.data(), text.words.size());
  nb::object in_memory = file < 0 ? nb::cast(Out<Id>(ids, {size}, owner)) : nb::cast(text.size);
  return nb::make_tuple(words, array(std::move(text.offsets)), array(std::move(text.counts)),
                        in_memory, array(std::move(text.held_ids)),
                        array(std::move(text.held_counts)), text.held_tokens);
}

// The bytes of the line; or, of the first item that is no word, its number and itself.
nb::object add_line(TextReader& reader, nb::iterable words) {
  std::int64_t number = 0;
  for (nb::handle word : words) {
    Py_ssize_t size = 0;
    nb::object encoded;
    const char* bytes = nullptr;
    if (PyUnicode_Check(word.ptr()) && !(bytes = PyUnicode_AsUTF8AndSize(word.ptr(), &size))) {
      // Lone surrogates: bytes that were no UTF-8 when the word was read.
      PyErr_Clear();
      encoded = nb::steal(PyUnicode_AsEncodedString(word.ptr(), "utf-8", "surrogateescape"));
      if (encoded.is_valid()) {
        bytes = PyBytes_AS_STRING(encoded.ptr());
        size = PyBytes_GET_SIZE(encoded.ptr());
      } else {
        PyErr_Clear();
      }
    }
    if (!bytes || !reader.add_word({bytes, static_cast<std::size_t>(size)}))
      return nb::make_tuple(number, nb::borrow(word));
    ++number;
  }
  const std::string line = reader.end_line();
  return nb::bytes(line.data(), line.size());
}

nb::tuple spaced(TextReader& reader, bool ascii) {
  const auto [tokens, example] = reader.spaced_tokens(ascii);
  return nb::make_tuple(tokens, nb::bytes(example.data(), example.size()));
}

}  // namespace

void define_text(nb::module_& m) {
  m.def("find_zero", [](In<std::uint8_t, 1> data) -> std::int64_t {
    nb::gil_scoped_release unlocked;
    const void* found = std::memchr(data.data(), 0, data.shape(0));
    return found ? static_cast<const std::uint8_t*>(found) - data.data() : -1;
  }, "data"_a, "Where the first byte is that is 0; -1 if there is none.");
  nb::class_<TextReader>(m, "TextReader", "Reads text once: tokens to ids and counts.")
      .def(nb::init<int, int, std::int64_t>(), "threads"_a = 1, "file"_a = -1, "most_in_memory"_a = 0,
           "`file`: the descriptor of a file that ids go to beyond so many in memory.")
      .def("read", [](TextReader& reader, int thread, std::uint64_t position, In<std::uint8_t, 1> bytes) {
        nb::gil_scoped_release unlocked;
        reader.read(thread, position, {reinterpret_cast<const char*>(bytes.data()), bytes.shape(0)});
      }, "thread"_a, "position"_a, "data"_a,
           "Bytes of a file, cut anywhere, in any order of their positions in the text. A thread, by its"
           " number, reads one part at a time.")
      .def("end_file", nb::overload_cast<std::uint64_t>(&TextReader::end_file), "position"_a,
           "The end of a file, behind all of its parts.")
      .def("feed", [](TextReader& reader, In<std::uint8_t, 1> bytes) {
        nb::gil_scoped_release unlocked;
        reader.feed({reinterpret_cast<const char*>(bytes.data()), bytes.shape(0)});
      }, "data"_a, "The next bytes of a file, cut anywhere.")
      .def("end_file", nb::overload_cast<>(&TextReader::end_file), "End the last token and the last line.")
      .def("add_line", &add_line, "words"_a,
           "A sentence that comes as words; returns the bytes that a file would have for it. If an item"
           " is no word (no str, or one that has a line end or that cannot be encoded), returns the"
           " number of the item and the item. Empty words are left out and counted.")
      .def("finish", &finish, "min_count"_a, "max_vocabulary"_a, "held_out"_a, "piece"_a = 0,
           "file"_a = -1,
           "Empty the reader: (words, offsets, counts, ids, held_ids, held_counts, held_tokens). Each"
           " line that has a word is held out with the probability `held_out`, the same lines each"
           " time; with a `piece` each piece of a line of so many words is. Their ids are `held_ids`,"
           " the counts of their words `held_counts`, and `held_tokens` says how many they are. With a `file` the ids are"
           " written to it, and `ids` is their number.")
      .def_prop_ro("spilled", &TextReader::spilled, "Whether ids went to the file.")
      .def_prop_ro("tokens", &TextReader::tokens)
      .def_prop_ro("lines", &TextReader::lines)
      .def_prop_ro("lines_with_words", &TextReader::lines_with_words)
      .def_prop_ro("types", &TextReader::types)
      .def_prop_ro("empty_words", &TextReader::empty_words, "Empty words that were left out.")
      .def_prop_ro("invalid_utf8_tokens", &TextReader::invalid_utf8_tokens)
      .def("spaced_tokens", &spaced, "ascii"_a,
           "How many tokens have white space inside, and the first such word: of ASCII (only words that"
           " came in lists do), or other white space of Unicode.");
}

}  // namespace wordkin
