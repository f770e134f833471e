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

}  // namespace

// ---- reading -------------------------------------------------------------------------------------

TextVectors::TextVectors(bool header, std::int64_t limit, bool skip_bad, std::int64_t dim, int threads)
    : VectorReader(limit, skip_bad), header_(header), threads_(threads), begun_(!header) {
  rows_.dim = header ? 0 : dim;
}

bool TextVectors::feed(std::string_view bytes) {
  if (!begun_ && !bytes.empty() && wanted()) {
    read_header(bytes);
    if (declared_ < 0) return wanted();
    begun_ = true;
    lines_ = 1;
  }
  if (!bytes.empty() && !pending_.empty() && wanted()) {
    const std::size_t size = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    pending_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (pending_.back() == '\n') read_lines(std::exchange(pending_, {}));
  }
  const std::size_t whole = bytes.rfind('\n') + 1;   // of none, the number before 0
  read_lines(bytes.substr(0, whole));
  if (wanted()) pending_.append(bytes.substr(whole));
  if (length(pending_) > kLongestLine && wanted()) refuse_long_line(position_);
  return wanted();
}

void TextVectors::refuse_long_line(std::int64_t at) {
  refuse(at, "line " + std::to_string(lines_ + 1) + " is longer than " + std::to_string(kLongestLine) +
                 " bytes");
}

void TextVectors::end() {
  if (!wanted()) return;
  if (!begun_) return refuse(0, "the first line must be 'words dimensions', got {}", {pending_});
  const bool blank = pending_.find_first_not_of(" \t\r") == pending_.npos;
  if (!blank && header_ && read() + skipped_.count + 1 < declared_) {
    skip({position_, "line " + std::to_string(lines_ + 1) + " has no line end, and there are fewer lines "
                     "than the " + std::to_string(declared_) + " words of the header: cut short", {}});
  } else if (!blank) {
    const std::int64_t before = read();
    read_lines(std::exchange(pending_, {}) + '\n');
    unended_ = read() > before;
    if (damage_) damage_->what += ", and has no line end: cut short";
  }
  if (damage_) return;
  if (!header_ && !read() && !skipped_.count) return refuse(0, "empty: it has no word");
  if (header_ && declared_ && !read() && !skipped_.count)
    refuse(position_, "cut short in word 1 of " + std::to_string(declared_));
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
    read_whole_lines(parts[i], at, rows_.dim, skip_bad_, found[i]);
  });
  for (std::size_t i = 0; i < parts.size() && wanted(); ++i) {
    LineRows& part = found[i];
    const std::int64_t n = std::min(static_cast<std::int64_t>(part.ends.size()), limit_ - read());
    const std::int64_t before = static_cast<std::int64_t>(rows_.words.size());
    const bool enough = n == limit_ - read();
    if (n) rows_.words.insert(rows_.words.end(), part.words.begin(), part.words.begin() + part.ends[n - 1]);
    for (std::int64_t k = 0; k < n; ++k) rows_.ends.push_back(before + part.ends[k]);
    rows_.numbers.append(reinterpret_cast<const char*>(part.numbers.data()), n * rows_.dim * 4);
    std::int64_t bad = 0;   // lines that are bad, of those before the last row that is wanted
    for (const Gap& gap : part.gaps) {
      if (enough && gap.rows_before >= n) break;
      blank_lines_ += gap.blank;
      bad += gap.bad;
    }
    for (std::int64_t k = 0; k < bad; ++k) {
      if (k == static_cast<std::int64_t>(part.bad.size())) {   // the others are only counted
        skipped_.count += bad - k;
        break;
      }
      auto& [line, damage] = part.bad[k];
      damage.what.insert(0, "line " + std::to_string(lines_ + line + 1));
      skip(std::move(damage));
    }
    lines_ += part.lines;
    if (part.too_long >= 0 && wanted()) refuse_long_line(part.too_long);
    position_ += length(parts[i]);
  }
}

std::int64_t choose_dim(std::string_view lines) {
  std::vector<std::int64_t> tried;
  std::int64_t best = 0;
  std::size_t most = 0;
  for (std::string_view rest = lines; !rest.empty();) {
    const std::size_t size = rest.find('\n') + 1;
    const std::int64_t dim = count_numbers(rest.substr(0, size - 1));
    rest.remove_prefix(size);
    if (!dim || std::find(tried.begin(), tried.end(), dim) != tried.end()) continue;
    tried.push_back(dim);
    LineRows rows;
    read_whole_lines(lines, 0, dim, true, rows);
    if (rows.ends.size() > most) {
      most = rows.ends.size();
      best = dim;
    }
  }
  return best;
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
