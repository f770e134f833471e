// From bytes to tokens to ids and counts, in one pass over a text, on several threads.
//
// Text is bytes split on ASCII white space; a line is a sentence. Threads read parts of the text, in any
// order; what comes out hangs on the text alone, and not on where it was cut or who read what.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/types.hpp"

namespace wordkin {

struct EncodedText {
  std::vector<char> words;             // the words' bytes, one after the other, most frequent first
  std::vector<std::int64_t> offsets;   // word i is words[offsets[i] .. offsets[i + 1])
  std::vector<std::int64_t> counts;    // in the whole text
  std::vector<std::int64_t> held_counts;   // of them in what is held out
  std::unique_ptr<Id, void (*)(void*)> ids{nullptr, nullptr};   // unless they were written to a file
  std::int64_t size = 0;               // of ids, the line ends among them
  std::vector<Id> held_ids;            // of what is held out, laid out as ids are
  std::int64_t held_tokens = 0;        // in it, in the vocabulary or not
};

class TextReader {
 public:
  // `file`: an open file that ids go to beyond so many in memory; -1: none.
  explicit TextReader(int threads = 1, int file = -1, std::int64_t most_in_memory = 0);
  ~TextReader();

  // Bytes of a file, cut anywhere. A thread, by its number, reads one part at a time. Positions order the
  // parts: what follows in the text has a position higher by the bytes of the part, at least.
  void read(int thread, std::uint64_t position, std::string_view bytes);
  // The end of a file ends its last token and its last line. Its position is one of its own.
  void end_file(std::uint64_t position);
  // One part after the other.
  void feed(std::string_view bytes);
  void end_file();

  // For text that comes as lists of words. False for a word that has a line end, which is not added.
  bool add_word(std::string_view word);
  std::string end_line();                 // returns the bytes that a file would have for the line

  // max_vocabulary: 0 for no limit. held_out: the probability of a line to be held out, in [0, 1); with
  // a piece above 0, that of each piece of so many tokens of a line, and then a line ends on either side.
  // `file`: an open file that the ids are written to, instead of to memory; -1: none. `tick` is called
  // about ten times a second; what it throws is thrown here.
  EncodedText finish(std::int64_t min_count, std::int64_t max_vocabulary, double held_out,
                     std::int64_t piece, int file = -1, const std::function<void()>& tick = [] {});

  // Of the parts read so far; while none is being read.
  std::int64_t tokens();
  std::int64_t lines();
  std::int64_t lines_with_words();
  std::int64_t types();
  std::int64_t empty_words() const;       // that add_word left out
  bool spilled() const;                   // whether ids went to the file
  std::int64_t invalid_utf8_tokens();
  // How many tokens have white space inside, and the first such word: of ASCII, or other of Unicode.
  std::pair<std::int64_t, std::string_view> spaced_tokens(bool ascii);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wordkin
