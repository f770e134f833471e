// Vectors in word2vec's binary format: reading and writing.
#include <algorithm>
#include <bit>
#include <cstring>

#include "files/files.hpp"
#include "files/lines.hpp"

namespace wordkin {

using namespace files;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand in files");

BinaryVectors::BinaryVectors(std::int64_t limit, std::int64_t room) : VectorReader(limit, room) {}

bool BinaryVectors::feed(std::string_view bytes) {
  if (!bytes.empty() && declared_ < 0 && wanted()) read_header(bytes, 4);
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
    } else if (read() == declared_) {
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
  if (read() < declared_)
    refuse(position_ + length(pending_), "cut short in word " + std::to_string(read() + 1) + " of " +
                                     std::to_string(declared_));
}

// Takes the word that is in `pending_`, and whose space is behind it.
void BinaryVectors::begin_vector() {
  const std::string number = "word " + std::to_string(read() + 1);
  if (pending_.empty()) return refuse(position_, number + " is empty");
  if (length(pending_) > kLongestLine)
    return refuse(position_, number + " is longer than " + std::to_string(kLongestLine) + " bytes");
  if (const auto newline = pending_.find('\n'); newline != std::string::npos)
    return refuse(position_ + static_cast<std::int64_t>(newline), number + " has a line end in it: {}",
                  {pending_});
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
  if (!infinite) return rows_.ends.push_back(static_cast<std::int64_t>(rows_.words.size()));
  std::int64_t first = 0;
  while (!is_infinite(bits(first))) ++first;
  const auto begin = rows_.ends.empty() ? 0 : rows_.ends.back();
  refuse(position_ - 4 * (d - first), "word " + std::to_string(read() + 1) + ", {}: its number " +
                                    std::to_string(first + 1) + " is not finite",
         {std::string(rows_.words.begin() + begin, rows_.words.end())});
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
