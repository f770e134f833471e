// Vectors as text, with and without a header: cut anywhere, they are read as they are whole; numbers
// are those of strtof; what was read is written, and read again.
//
// The first byte of an input is no part of the file: it says whether there is a header, the limit,
// and whether bad rows are skipped.
#include <cstdlib>
#include <string>

#include "vectors.hpp"

using namespace wordkin;

namespace {

void check_numbers(std::string_view file, bool header, const VectorRows& rows) {
  std::size_t at = header ? file.find('\n') + 1 : 0;
  for (std::size_t i = 0; i < rows.ends.size(); ++i) {
    const std::size_t end = std::min(file.find('\n', at), file.size());
    std::string line(file.substr(at, end - at));
    at = end + 1;
    for (std::int64_t k = rows.dim; k-- > 0;) {
      line.resize(line.find_last_not_of(" \t\r") + 1);
      const std::size_t begin = line.find_last_of(" \t") + 1;
      const float expected = std::strtof(line.c_str() + begin, nullptr);
      check(!std::memcmp(&expected, rows.numbers.data() + 4 * (i * rows.dim + k), 4));
      line.resize(begin);
    }
  }
}

void check_round_trip(TextVectors& reader) {
  for (const char c : reader.rows().words)
    if (c == ' ' || c == '\t') return;   // such words are refused before anything is written
  std::vector<std::int64_t> offsets;
  std::vector<float> numbers;
  const RowsToWrite rows = to_write(reader.rows(), offsets, numbers);
  TextVectors again(true, kAll, false, 0, 1);
  again.feed(std::to_string(offsets.size() - 1) + " " + std::to_string(rows.dim) + "\n");
  for (const std::string& lines : write_text(rows, 1)) again.feed(lines);
  again.end();
  check_equal_rows(reader, again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!size) return 0;
  const bool header = data[0] & 1;
  const Input input(data, size);
  TextVectors whole(header, input.limit, input.skip_bad, 0, 1);
  TextVectors cut(header, input.limit, input.skip_bad, 0, 1);
  if (!read_both_ways(input, whole, cut) || whole.rows().ends.empty()) return 0;
  // Else lines are not rows.
  if (!whole.skipped().count && !whole.blank_lines()) check_numbers(input.file, header, whole.rows());
  check_round_trip(whole);
  return 0;
}
