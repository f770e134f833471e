// The parts of a text as threads read them, and what joining adds to them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/growing.hpp"
#include "base/types.hpp"
#include "text/words.hpp"

namespace wordkin {

// What a thread made of a stretch of bytes. Its ids may begin with a line end, which counts if a word
// comes before it in its line; else a line end stands behind a word.
struct Part {
  std::uint64_t position = 0;
  int thread = 0;                      // whose array has the ids
  std::int64_t begin = 0, size = 0;    // of the ids
  bool in_file = false;                // where they are, instead of in that array
  Id first = 0, last = 0;              // of the ids, if there are any
  std::string front, back;             // what may be parts of tokens; all bytes are front if none is white
  std::uint64_t back_position = 0;
  bool has_space = false, has_bytes = false;
  std::int64_t newlines = 0, line_ends = 0;   // bytes; and ids
  bool in_line = false;                // whether a byte stands behind the last line end
  bool ends_file = false;

  // What comes before it in the text decides the rest (`Joined::add`).
  Id seam = kLineEnd;                  // the token that ends in its front, before all ids
  bool drops_first = false;            // its line end at the beginning does not count
  bool ends_line = false;              // a line end behind its ids
  std::int64_t unit = 0, in_unit = 0;  // the line, or the piece and the place in it, where it begins
};

// The tokens that a thread finds.
class Tokens {
 public:
  Tokens(Words& words, int thread, bool alone) : words_(words), thread_(thread), alone_(alone) {}

  // Reads a part, whose ids are appended to `ids`.
  Part read(std::uint64_t position, std::string_view bytes);
  Id add(const Token& token, std::uint64_t position);   // counts one; does not append it
  void push_line_end(Part& part);
  void ended(Part& part) const;   // all ids that follow are of other parts

  // Hands over to the words what was counted here.
  void settle();

  Growing<Id> ids;
  std::int64_t tokens = 0;

 private:
  // Looking a word up is waiting for memory. So tokens, and line ends as empty ones, are first put into
  // a short queue, and the place of each in the table is asked for.
  static constexpr int kQueue = 64;
  // The ids of frequent words are small: they come up soon. Each thread counts these on its own.
  static constexpr Id kCounted = 1 << 16;

  void put(std::string_view token, std::uint64_t position, const char* readable_end);
  void put_line_end();
  void flush(Part& part);
  void count(Id id, std::uint64_t position) {
    if (id < kCounted) {
      if (!counts_[id]++) words_.entry(id).found_at(position);
    } else {
      Words::Entry& entry = words_.entry(id);
      if (alone_)
        entry.count.store(entry.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      else
        entry.count.fetch_add(1, std::memory_order_relaxed);
      entry.found_at(position);
    }
  }

  Words& words_;
  int thread_;
  bool alone_;   // no other thread reads
  std::vector<std::uint32_t> counts_ = std::vector<std::uint32_t>(kCounted);
  std::uint64_t last_ = 0;   // position: where it falls, words may be found before where they were
  std::int64_t since_ = 0;   // tokens
  struct Waiting {
    Token token;
    std::uint64_t position;
  };
  Waiting queue_[kQueue];
  Id found_[kQueue];            // of line ends already
  int of_length_[2][kQueue];    // the places in the queue of short and of long words
  int number_of_[2] = {0, 0};
  int queued_ = 0;
};

}  // namespace wordkin
