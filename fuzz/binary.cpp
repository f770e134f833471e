// Vectors in word2vec's binary format: cut anywhere, they are read as they are whole; what was read is
// written, and read again.
//
// The first byte of an input is no part of the file: it says the limit.
#include <string>

#include "vectors.hpp"

using namespace wordkin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!size) return 0;
  const std::int64_t limit = data[0] >> 4 ? data[0] >> 4 : kAll;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::int64_t room = data[0] & 2 ? static_cast<std::int64_t>(file.size()) : kAll;
  BinaryVectors whole(limit, room), cut(limit, room), again(kAll, kAll);
  if (whole.feed(file)) whole.end();
  bool more = true;
  in_pieces(file, static_cast<std::uint32_t>(size), [&](auto piece) { return more = cut.feed(piece); });
  if (more) cut.end();
  check_sound(whole, static_cast<std::int64_t>(file.size()), limit);
  check_equal(whole, cut);
  if (whole.damage()) return 0;
  std::vector<std::int64_t> offsets;
  std::vector<float> numbers;
  const RowsToWrite rows = to_write(whole.rows(), offsets, numbers);
  again.feed(std::to_string(offsets.size() - 1) + " " + std::to_string(rows.dim) + "\n" + write_binary(rows));
  again.end();
  check_equal(whole, again);
  return 0;
}
