// Files of words and vectors, a row for each word: bytes in, rows out; and rows in, bytes out.
//
// Whatever the bytes are, a reader ends with rows of finite numbers or reports what is wrong, and where;
// it never takes more memory than a small multiple of the bytes that it was given.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/growing.hpp"

namespace wordkin {

// What is wrong with a file, and from which of its bytes on. Each {} in `what` stands for one of the
// pieces of the file that are quoted.
struct Damage {
  std::int64_t at;
  std::string what;
  std::vector<std::string> quoted;
};

struct VectorRows {
  std::vector<char> words;             // the words' bytes, one after the other
  std::vector<std::int64_t> ends;      // word i ends before words[ends[i]], where the next one begins
  Growing<char> numbers;                     // float32, `dim` for each word
  std::int64_t dim = 0;                // 0: not known yet
};

// A row that was left out, or would have been: where it is, and what is wrong with it.
struct BadRows {
  std::int64_t count = 0;
  std::vector<Damage> first;   // kReported of them at most
};

constexpr std::size_t kReported = 3;
constexpr std::int64_t kLongestLine = 1 << 24;   // bytes of a line, or of a word before its numbers
constexpr std::int64_t kMostDimensions = kLongestLine / 2;
constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

// Reads a file that is fed in pieces, cut anywhere. How it is cut, and the number of threads, change
// nothing of what comes out.
class VectorReader {
 public:
  virtual ~VectorReader() = default;
  // The next bytes; false if no more of them are wanted: the limit is reached, or there is damage.
  virtual bool feed(std::string_view bytes) = 0;
  virtual void end() = 0;   // the file ends here

  const std::optional<Damage>& damage() const { return damage_; }
  VectorRows& rows() { return rows_; }
  std::int64_t declared() const { return declared_; }   // words by the header; -1: none, or not read
  const BadRows& skipped() const { return skipped_; }
  std::int64_t blank_lines() const { return blank_lines_; }   // skipped as well
  bool unended() const { return unended_; }   // no line end is behind the last row

 protected:
  // limit: the number of words to read at most. skip_bad: leave out rows that are no word with finite
  // numbers, instead of stopping at the first.
  VectorReader(std::int64_t limit, bool skip_bad) : limit_(limit), skip_bad_(skip_bad) {}
  // Takes the line "words dimensions" off the front, once it is there, or notes its damage.
  void read_header(std::string_view& bytes);
  bool wanted() const { return !damage_ && read() < limit_; }
  std::int64_t read() const { return static_cast<std::int64_t>(rows_.ends.size()); }
  void refuse(std::int64_t at, std::string what, std::vector<std::string> quoted = {});
  // Leaves out a bad row, or refuses it.
  void skip(Damage&& row);

  std::int64_t limit_;
  bool skip_bad_;
  std::int64_t declared_ = -1;
  std::int64_t position_ = 0;    // bytes of the file that are dealt with
  std::string pending_;          // a line or word that continues in the next piece
  VectorRows rows_;
  std::optional<Damage> damage_;
  BadRows skipped_;
  std::int64_t blank_lines_ = 0;
  bool unended_ = false;
};

// A word and its numbers a line, between blanks: spaces or tabs. The last `dim` fields are numbers;
// what stands before them is the word, blanks inside it included. Lines of nothing else are skipped.
// The header's number of words is not held against the lines.
class TextVectors final : public VectorReader {
 public:
  // header: begins with the line "words dimensions"; else dim says the dimensions, and if it is 0 the
  // first line.
  TextVectors(bool header, std::int64_t limit, bool skip_bad, std::int64_t dim, int threads);
  bool feed(std::string_view bytes) override;
  void end() override;

 private:
  void read_lines(std::string_view lines);
  void refuse_long_line(std::int64_t at);
  bool header_;
  int threads_;
  bool begun_;               // the header is read, if there is one
  std::int64_t lines_ = 0;   // that are dealt with
};

// The dimensions of which most of some lines have a row; of equal ones that of the earliest line.
std::int64_t choose_dim(std::string_view lines);

// A header line; then for each word its bytes, a space, and `dim` little-endian float32, with or
// without a line end behind them.
class BinaryVectors final : public VectorReader {
 public:
  BinaryVectors(std::int64_t limit, bool skip_bad);
  bool feed(std::string_view bytes) override;
  void end() override;

 private:
  void begin_vector();
  void finish_vector();
  std::string number() const;
  std::int64_t passed() const { return read() + skipped_.count; }
  std::int64_t bytes_left_ = 0;   // bytes of the vector that is being read; 0: a word is
};

// Rows to be written: word i is words[offsets[i] .. offsets[i + 1]), and has the row i of (n, dim).
struct RowsToWrite {
  std::string_view words;
  std::span<const std::int64_t> offsets;
  const float* numbers;
  std::int64_t dim;
};

// The shortest decimal that gives the same finite float32 back, laid out as NumPy prints it: with an
// exponent below 1e-4 and from 1e16 on. Returns its end; kDecimal bytes are enough.
constexpr int kDecimal = 32;
char* write_decimal(float x, char* to);

// Lines of text, those of one thread after those of the other.
std::vector<std::string> write_text(const RowsToWrite&, int threads);
std::string write_binary(const RowsToWrite&);

}  // namespace wordkin
