// Vectors in word2vec's binary format: cut anywhere, they are read as they are whole; what was read is
// written, and read again.
//
// The first byte of an input is no part of the file: it says the limit, and whether bad rows are
// skipped.
#include <string>

#include "vectors.hpp"

using namespace wordkin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!size) return 0;
  const Input input(data, size);
  BinaryVectors whole(input.limit, input.skip_bad), cut(input.limit, input.skip_bad), again(kAll, false);
  if (!read_both_ways(input, whole, cut) || whole.rows().ends.empty()) return 0;
  std::vector<std::int64_t> offsets;
  std::vector<float> numbers;
  const RowsToWrite rows = to_write(whole.rows(), offsets, numbers);
  again.feed(std::to_string(offsets.size() - 1) + " " + std::to_string(rows.dim) + "\n" + write_binary(rows));
  again.end();
  check_equal_rows(whole, again);
  return 0;
}
