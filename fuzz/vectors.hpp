// What the fuzz targets of both readers of files of vectors share.
#pragma once

#include <cmath>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "files/files.hpp"

inline void check_equal_rows(wordkin::VectorReader& a, wordkin::VectorReader& b) {
  const auto &x = a.rows(), &y = b.rows();
  check(x.dim == y.dim && x.words == y.words && x.ends == y.ends);
  check(x.numbers.size() == y.numbers.size());
  check(!x.numbers.size() || !std::memcmp(x.numbers.data(), y.numbers.data(), x.numbers.size()));
}

inline void check_equal(wordkin::VectorReader& a, wordkin::VectorReader& b) {
  check(a.damage().has_value() == b.damage().has_value());
  if (a.damage())
    return check(a.damage()->at == b.damage()->at && a.damage()->what == b.damage()->what &&
                 a.damage()->quoted == b.damage()->quoted);
  check(a.declared() == b.declared() && a.unended() == b.unended());
  check(a.blank_lines() == b.blank_lines() && a.skipped().count == b.skipped().count);
  check(a.skipped().first.size() == b.skipped().first.size());
  for (std::size_t i = 0; i < a.skipped().first.size(); ++i)
    check(a.skipped().first[i].what == b.skipped().first[i].what);
  check_equal_rows(a, b);
}

// Damage is within the file; each {} has its piece of it; rows fit together.
inline void check_sound(wordkin::VectorReader& reader, std::int64_t size, std::int64_t limit) {
  if (const auto& damage = reader.damage()) {
    std::size_t places = 0;
    for (auto at = damage->what.find("{}"); at != std::string::npos; at = damage->what.find("{}", at + 2))
      ++places;
    return check(damage->at >= 0 && damage->at <= size && places == damage->quoted.size());
  }
  const auto& rows = reader.rows();
  const auto n = static_cast<std::int64_t>(rows.ends.size());
  if (!n && reader.skipped().count) return;   // all rows were bad
  check(rows.dim > 0 && n <= limit && rows.numbers.size() == 4 * rows.dim * n);
  std::int64_t before = 0;
  for (const std::int64_t end : rows.ends) {
    check(end > before);
    before = end;
  }
  check(before == static_cast<std::int64_t>(rows.words.size()));
  for (std::int64_t i = 0; i < n * rows.dim; ++i) {
    float x;
    std::memcpy(&x, rows.numbers.data() + 4 * i, 4);
    check(std::isfinite(x));
  }
}

// An input of the fuzzer as a file of vectors; its first byte chooses how the file is read.
struct Input {
  std::int64_t limit;
  bool skip_bad;
  std::string_view file;

  Input(const std::uint8_t* data, std::size_t size)
      : limit(data[0] >> 4 ? data[0] >> 4 : wordkin::kAll),
        skip_bad(data[0] & 2),
        file(reinterpret_cast<const char*>(data) + 1, size - 1) {}
};

// Reads the file whole, and cut anywhere, which must be the same; returns whether it is not damaged.
inline bool read_both_ways(const Input& input, wordkin::VectorReader& whole, wordkin::VectorReader& cut) {
  if (whole.feed(input.file)) whole.end();
  bool more = true;
  in_pieces(input.file, static_cast<std::uint32_t>(input.file.size() + 1),
            [&](auto piece) { return more = cut.feed(piece); });
  if (more) cut.end();
  check_sound(whole, static_cast<std::int64_t>(input.file.size()), input.limit);
  check_equal(whole, cut);
  return !whole.damage();
}

// The rows as they are given to a writer, whose numbers lie in `numbers`.
inline wordkin::RowsToWrite to_write(const wordkin::VectorRows& rows, std::vector<std::int64_t>& offsets,
                                     std::vector<float>& numbers) {
  offsets.assign(1, 0);
  offsets.insert(offsets.end(), rows.ends.begin(), rows.ends.end());
  numbers.resize(rows.numbers.size() / 4);
  if (!numbers.empty()) std::memcpy(numbers.data(), rows.numbers.data(), rows.numbers.size());
  return {{rows.words.data(), rows.words.size()}, offsets, numbers.data(), rows.dim};
}
