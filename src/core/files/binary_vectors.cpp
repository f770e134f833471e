// Vectors in word2vec's binary format: reading and writing.
#include <algorithm>
#include <bit>
#include <cstring>

#include "files/files.hpp"
#include "files/lines.hpp"

namespace wordkin {

using namespace files;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand in files");

BinaryVectors::BinaryVectors(std::int64_t limit, bool skip_bad) : VectorReader(limit, skip_bad) {}

bool BinaryVectors::feed(std::string_view bytes) {
  if (!bytes.empty() && declared_ < 0 && wanted()) read_header(bytes);
  while (!bytes.empty() && wanted()) {
    if (bytes_left_) {
      const std::int64_t size = std::min(bytes_left_, length(bytes));
      rows_.numbers.append(bytes.data(), size);
      bytes.remove_prefix(static_cast<std::size_t>(size));
      position_ += size;
      bytes_left_ -= size;
      if (!bytes_left_) finish_vector();
    } else if (pending_.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      ++position_;
    } else if (passed() == declared_) {
      refuse(position_, "more bytes than the " + std::to_string(declared_) + " words of the header");
    } else {
      const std::size_t size = std::min(bytes.find(' '), bytes.size());
      pending_.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (!bytes.empty() || length(pending_) > kLongestLine) begin_vector();
      if (!bytes.empty()) bytes.remove_prefix(1);
    }
  }
  return wanted();
}

void BinaryVectors::end() {
  if (!wanted()) return;
  if (declared_ < 0)
    return refuse(0, "the first line must be 'words dimensions', got {}", {pending_});
  if (passed() == declared_) return;
  if (!bytes_left_ && pending_.empty() && passed()) return;   // fewer words than the header counts
  const std::int64_t numbers = 4 * rows_.dim - bytes_left_;
  if (bytes_left_) {   // the word is there, and some of its numbers
    rows_.words.resize(static_cast<std::size_t>(rows_.ends.empty() ? 0 : rows_.ends.back()));
    rows_.numbers.shrink(rows_.numbers.size() - numbers);
  }
  skip({position_ + length(pending_),
        "cut short in " + number() + " of " + std::to_string(declared_), {}});
}

std::string BinaryVectors::number() const { return "word " + std::to_string(passed() + 1); }

// Takes the word that is in `pending_`, and whose space is behind it.
void BinaryVectors::begin_vector() {
  if (length(pending_) > kLongestLine)
    return refuse(position_, number() + " is longer than " + std::to_string(kLongestLine) + " bytes");
  if (const auto newline = pending_.find('\n'); newline != std::string::npos)
    return refuse(position_ + static_cast<std::int64_t>(newline), number() + " has a line end in it: {}",
                  {pending_});
  if (pending_.empty() && !skip_bad_) return skip({position_, number() + " is empty", {}});
  rows_.words.insert(rows_.words.end(), pending_.begin(), pending_.end());
  position_ += length(pending_) + 1;
  pending_.clear();
  bytes_left_ = 4 * rows_.dim;
}

void BinaryVectors::finish_vector() {
  const std::int64_t d = rows_.dim;
  const char* const numbers = rows_.numbers.data() + rows_.numbers.size() - 4 * d;
  std::uint32_t infinite = 0;
  const auto bits = [&](std::int64_t i) {
    std::uint32_t x;
    std::memcpy(&x, numbers + 4 * i, 4);
    return x;
  };
  const auto is_infinite = [](std::uint32_t x) { return (x & 0x7f800000) == 0x7f800000; };
  for (std::int64_t i = 0; i < d; ++i) infinite |= is_infinite(bits(i));
  const std::int64_t begin = rows_.ends.empty() ? 0 : rows_.ends.back();
  const auto end = static_cast<std::int64_t>(rows_.words.size());
  if (!infinite && begin < end) return rows_.ends.push_back(end);
  Damage row{position_ - 4 * d - 1, number() + " is empty", {}};
  if (begin < end) {
    std::int64_t first = 0;
    while (!is_infinite(bits(first))) ++first;
    row = {position_ - 4 * (d - first),
           number() + ", {}: its number " + std::to_string(first + 1) + " is not finite",
           {std::string(rows_.words.begin() + begin, rows_.words.end())}};
  }
  rows_.words.resize(static_cast<std::size_t>(begin));
  rows_.numbers.shrink(rows_.numbers.size() - 4 * d);
  skip(std::move(row));
}

std::string write_binary(const RowsToWrite& rows) {
  std::string out;
  const auto n = rows.offsets.size() - 1;
  out.reserve(rows.words.size() + n * (4 * rows.dim + 2));
  for (std::size_t i = 0; i < n; ++i) {
    out.append(rows.words.substr(rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i]));
    out.push_back(' ');
    out.append(reinterpret_cast<const char*>(rows.numbers + i * rows.dim), 4 * rows.dim);
    out.push_back('\n');
  }
  return out;
}

}  // namespace wordkin
