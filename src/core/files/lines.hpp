// Lines of text as rows of numbers, and the threads that parse and format them; used by this folder
// alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "files/files.hpp"

namespace wordkin::files {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline std::int64_t length(std::string_view s) { return static_cast<std::int64_t>(s.size()); }

// The number of threads that so many bytes of text are worth.
int parts_of(std::int64_t bytes, int threads);
// Calls work(0) .. work(parts - 1), on threads if there are several.
void run_parts(int parts, const std::function<void(int)>& work);

// The rows of some lines, and the damage that is behind the last of them, if any: what it says
// begins behind the words "line 3".
struct LineRows {
  std::vector<char> words;
  std::vector<std::int64_t> ends;
  std::vector<float> numbers;
  std::optional<Damage> damage;
};

// Reads lines, each with its end, up to the first that is damaged.
void read_whole_lines(std::string_view lines, std::int64_t at, std::int64_t dim, LineRows& rows);

// The numbers at the end of a line; its first field is none of them.
std::int64_t count_numbers(std::string_view line);

}  // namespace wordkin::files
