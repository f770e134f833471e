// Lines of text as rows of numbers, and the threads that parse and format them; used by this folder
// alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "files/files.hpp"

namespace wordkin::files {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline std::int64_t length(std::string_view s) { return static_cast<std::int64_t>(s.size()); }

// The number of threads that so many bytes of text are worth.
int parts_of(std::int64_t bytes, int threads);
// Calls work(0) .. work(parts - 1), on threads if there are several.
void run_parts(int parts, const std::function<void(int)>& work);

// Lines without a row, one after the other: how many rows are before them, and how many of them are
// bad, and how many blank.
struct Gap {
  std::int64_t rows_before, bad, blank;
};

// The rows of some lines, and what is between them. `bad` says of the first of the bad lines what is
// wrong, which begins behind the words "line 3", and the lines before each.
struct LineRows {
  std::vector<char> words;
  std::vector<std::int64_t> ends;
  std::vector<float> numbers;
  std::int64_t lines = 0;
  std::vector<Gap> gaps;
  std::vector<std::pair<std::int64_t, Damage>> bad;
  std::int64_t too_long = -1;   // where the line begins that is; no line after it is read
};

// Reads lines, each with its end; if bad ones are not skipped, up to the first of them.
void read_whole_lines(std::string_view lines, std::int64_t at, std::int64_t dim, bool skip_bad,
                      LineRows& rows);

// The numbers at the end of a line; its first field is none of them.
std::int64_t count_numbers(std::string_view line);

}  // namespace wordkin::files
