// Vectors as text: reading lines on several threads, and writing them.
//
// Nothing here depends on a locale.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

#include "files/files.hpp"
#include "files/lines.hpp"

namespace wordkin {

using namespace files;

namespace {

// Cuts lines into as many parts of about one size, some of them maybe empty.
std::vector<std::string_view> cut_lines(std::string_view lines, int parts) {
  std::vector<std::string_view> cut;
  for (; parts > 1; --parts) {
    const std::size_t size = std::min(lines.find('\n', lines.size() / parts), lines.size() - 1) + 1;
    cut.push_back(lines.substr(0, size));
    lines.remove_prefix(size);
    if (lines.empty()) return cut;
  }
  cut.push_back(lines);
  return cut;
}

// Where a line begins, counted from 0.
std::int64_t begin_of_line(std::string_view lines, std::int64_t number) {
  std::size_t at = 0;
  for (; number; --number) at = lines.find('\n', at) + 1;
  return static_cast<std::int64_t>(at);
}

}  // namespace

// ---- reading -------------------------------------------------------------------------------------

TextVectors::TextVectors(bool header, std::int64_t limit, std::int64_t room, int threads)
    : VectorReader(limit, room), header_(header), threads_(threads) {
  if (!header) declared_ = kAll;
}

bool TextVectors::feed(std::string_view bytes) {
  if (!bytes.empty() && declared_ < 0 && wanted()) read_header(bytes, 2);
  if (!bytes.empty() && !pending_.empty() && wanted()) {
    const std::size_t size = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    pending_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (pending_.back() == '\n') read_lines(std::exchange(pending_, {}));
  }
  const std::size_t whole = bytes.rfind('\n') + 1;   // of none, the number before 0
  read_lines(bytes.substr(0, whole));
  if (wanted() && declared_ >= 0) pending_.append(bytes.substr(whole));
  if (!pending_.empty() && wanted() && read() == declared_)
    refuse(position_, "more lines than the " + std::to_string(declared_) + " words of the header");
  if (length(pending_) > kLongestLine && wanted())
    read_lines(std::exchange(pending_, {}) + '\n');
  return wanted();
}

void TextVectors::end() {
  if (!wanted()) return;
  if (!header_ && !pending_.empty()) read_lines(std::exchange(pending_, {}) + '\n');
  if (!wanted()) return;
  if (declared_ < 0)
    return refuse(0, "the first line must be 'words dimensions', got {}", {pending_});
  if (header_ && read() < declared_)
    refuse(position_, "cut short in word " + std::to_string(read() + 1) + " of " + std::to_string(declared_));
  if (!header_ && !read()) refuse(0, "empty: it has no word");
}

void TextVectors::read_lines(std::string_view lines) {
  if (lines.empty() || !wanted()) return;
  if (!rows_.dim) {
    rows_.dim = count_numbers(lines.substr(0, std::min<std::size_t>(lines.find('\n'), kLongestLine)));
    if (!rows_.dim) return refuse(0, "the first line must be a word and its numbers");
  }
  const auto parts = cut_lines(lines, parts_of(length(lines), threads_));
  std::vector<LineRows> found(parts.size());
  run_parts(static_cast<int>(parts.size()), [&](int i) {
    const std::int64_t at = position_ + (parts[i].data() - lines.data());
    read_whole_lines(parts[i], at, rows_.dim, found[i]);
  });
  for (std::size_t i = 0; i < parts.size() && wanted(); ++i) {
    LineRows& part = found[i];
    const auto lines_found = static_cast<std::int64_t>(part.ends.size());
    const std::int64_t n = std::min({lines_found, limit_ - read(), declared_ - read()});
    const std::int64_t before = static_cast<std::int64_t>(rows_.words.size());
    if (n) rows_.words.insert(rows_.words.end(), part.words.begin(), part.words.begin() + part.ends[n - 1]);
    for (std::int64_t k = 0; k < n; ++k) rows_.ends.push_back(before + part.ends[k]);
    rows_.numbers.append(reinterpret_cast<const char*>(part.numbers.data()), n * rows_.dim * 4);
    if (!wanted()) return;
    if (n < lines_found || (part.damage && read() == declared_)) {
      refuse(position_ + begin_of_line(parts[i], n),
             "more lines than the " + std::to_string(declared_) + " words of the header");
    } else if (part.damage) {
      Damage& damage = *part.damage;
      refuse(damage.at, "line " + std::to_string(read() + 1 + header_) + damage.what,
             std::move(damage.quoted));
    }
    position_ += length(parts[i]);
  }
}

// ---- writing -------------------------------------------------------------------------------------

char* write_decimal(float x, char* to) {
  char* end = std::to_chars(to, to + kDecimal, x, std::chars_format::scientific).ptr;
  const double size = std::fabs(static_cast<double>(x));
  if (size != 0 && (size < 1e-4 || size >= 1e16)) return end;
  // "-1.2345e+02": the digits, and how many of them stand before the point.
  char digits[kDecimal];
  int count = 0, before = 0;
  to += *to == '-';
  const char* e = to;
  for (; *e != 'e'; ++e)
    if (*e != '.') digits[count++] = *e;
  std::from_chars(e + 1 + (e[1] == '+'), end, before);
  ++before;
  const int whole = std::clamp(before, 0, count);
  if (whole) to = std::copy_n(digits, whole, to);
  to = std::fill_n(to, whole ? before - whole : 1, '0');
  *to++ = '.';
  if (before < 0) to = std::fill_n(to, -before, '0');
  if (whole == count) *to++ = '0';
  return std::copy(digits + whole, digits + count, to);
}

std::vector<std::string> write_text(const RowsToWrite& rows, int threads) {
  const auto n = static_cast<std::int64_t>(rows.offsets.size()) - 1;
  const int parts = parts_of(n * rows.dim * 10, threads);
  std::vector<std::string> lines(parts);
  run_parts(parts, [&](int part) {
    std::string& out = lines[part];
    for (std::int64_t i = n * part / parts; i < n * (part + 1) / parts; ++i) {
      const auto word = rows.words.substr(rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i]);
      const std::size_t begun = out.size();
      out.resize(begun + word.size() + rows.dim * (kDecimal + 1) + 1);
      char* to = std::copy(word.begin(), word.end(), out.data() + begun);
      for (std::int64_t k = 0; k < rows.dim; ++k) {
        *to++ = ' ';
        to = write_decimal(rows.numbers[i * rows.dim + k], to);
      }
      *to++ = '\n';
      out.resize(static_cast<std::size_t>(to - out.data()));
    }
  });
  return lines;
}

}  // namespace wordkin
