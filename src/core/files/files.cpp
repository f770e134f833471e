// Files of vectors, text and binary: what they hold, checked byte by byte, and the bytes of new ones.
//
// Nothing here depends on a locale. Text is parsed and formatted by several threads, each its own lines.
#include "files/files.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "base/threads.hpp"

namespace wordkin {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they stand in files");

constexpr std::int64_t kLongestHeader = 80;      // bytes, line end included
constexpr std::int64_t kWorthAThread = 1 << 16;  // bytes of text to parse, or to format

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::int64_t length(std::string_view s) { return static_cast<std::int64_t>(s.size()); }

// Calls work(0) .. work(parts - 1), on threads if there are several.
void run_parts(int parts, const std::function<void(int)>& work) {
  if (parts == 1) return work(0);
  const auto exactly = [&](int part) {
    const Denormals count;
    work(part);
  };
  run_threads(parts, exactly, [] {}, [] {});
}

int parts_of(std::int64_t bytes, int threads) {
  return static_cast<int>(std::clamp<std::int64_t>(bytes / kWorthAThread, 1, std::max(threads, 1)));
}

// ---- numbers -------------------------------------------------------------------------------------

enum class Fault { none, no_number, too_large, not_finite };

constexpr double kPowersOf10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Digits, a point, an exponent: the decimal is digits * 10^exponent if `exact`.
struct Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
  bool exact = false;   // and has a digit, and few enough of them
};

// Reads what it can of an unsigned decimal at `p`, and leaves `p` behind it.
Decimal scan_decimal(const char*& p, const char* end) {
  Decimal found;
  const char* const begin = p;
  for (; p < end && is_digit(*p); ++p) found.digits = found.digits * 10 + (*p - '0');
  auto count = p - begin;
  if (p < end && *p == '.') {
    const char* const point = p++;
    for (; p < end && is_digit(*p); ++p) found.digits = found.digits * 10 + (*p - '0');
    const auto places = p - point - 1;
    count += places;
    found.exponent = -static_cast<int>(std::min<std::ptrdiff_t>(places, 1000));
  }
  found.exact = count > 0 && count <= 19;   // no more fit into 64 bits
  if (p < end && (*p == 'e' || *p == 'E')) {
    int exponent = 0;
    const auto [after, error] = std::from_chars(p + 1 + (end - p > 1 && p[1] == '+'), end, exponent);
    found.exact = found.exact && error == std::errc() && exponent > -1000 && exponent < 1000 &&
                  !(end - p > 2 && p[1] == '+' && p[2] == '-');
    found.exponent += found.exact ? exponent : 0;
    p = after;
  }
  return found;
}

// Whether an unsigned decimal that no float32 is near to is too small, not too large, for one.
bool is_tiny(std::string_view decimal) {
  const auto e = std::min(decimal.find_first_of("eE"), decimal.size());
  const auto point = std::min(decimal.substr(0, e).find('.'), e);
  const auto first = decimal.substr(0, e).find_first_of("123456789");
  const auto before = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  std::int64_t exponent = 0;
  if (e < decimal.size()) {
    const bool plus = decimal[e + 1] == '+', minus = decimal[e + 1] == '-';
    const auto read = std::from_chars(decimal.data() + e + 1 + plus, decimal.data() + decimal.size(),
                                      exponent);
    if (read.ec == std::errc::result_out_of_range) return minus;
    exponent = std::clamp<std::int64_t>(exponent, -kLongestLine * 4, kLongestLine * 4);
  }
  return before + exponent < 0;
}

// Reads any decimal, correctly rounded; returns where it ends.
Fault read_any_number(const char*& p, const char* end, float& x) {
  const bool plus = p < end && *p == '+';
  if (plus && end - p > 1 && p[1] == '-') return Fault::no_number;
  const char* const begin = p + plus;
  const auto [after, error] = std::from_chars(begin, end, x);
  if (error == std::errc::invalid_argument) return Fault::no_number;
  p = after;
  if (error == std::errc::result_out_of_range) {
    const bool minus = *begin == '-';
    const std::string_view decimal(begin + minus, static_cast<std::size_t>(after - begin - minus));
    if (!is_tiny(decimal)) return Fault::too_large;
    x = minus ? -0.0f : 0.0f;
  }
  return std::isfinite(x) ? Fault::none : Fault::not_finite;
}

// Reads the number at `p`, and leaves `p` behind it.
//
// Up to 2^53, digits are exact in float64, and so are powers of ten up to 10^22: one division or
// product gives the nearest float64. Its nearest float32 is that of the decimal, too, unless the
// float64 lies in the very middle between two of them: then the decimal may lie on either side.
Fault read_number(const char*& p, const char* end, float& x) {
  const char* after = p;
  const bool minus = p < end && *p == '-';
  after += p < end && (*p == '-' || *p == '+');
  const Decimal found = scan_decimal(after, end);
  if (found.exact && found.digits <= (1ull << 53) && std::abs(found.exponent) <= 22) {
    const auto digits = static_cast<double>(found.digits);
    const double wide = found.exponent < 0 ? digits / kPowersOf10[-found.exponent]
                                           : digits * kPowersOf10[found.exponent];
    if ((std::bit_cast<std::uint64_t>(wide) & 0x1fffffff) != 0x10000000) {
      p = after;
      x = static_cast<float>(minus ? -wide : wide);
      return Fault::none;
    }
  }
  return read_any_number(p, end, x);
}

// ---- lines of text -------------------------------------------------------------------------------

// The rows of some lines, and the damage that is behind the last of them, if any: what it says
// begins behind the words "line 3".
struct LineRows {
  std::vector<char> words;
  std::vector<std::int64_t> ends;
  std::vector<float> numbers;
  std::optional<Damage> damage;
};

std::string_view without_blanks_behind(std::string_view s) {
  while (!s.empty() && (is_blank(s.back()) || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

std::string_view last_field(std::string_view s) {
  std::size_t begin = s.size();
  while (begin > 0 && !is_blank(s[begin - 1])) --begin;
  return s.substr(begin);
}

bool is_number(std::string_view field) {
  float x;
  const char* p = field.data();
  const char* const end = p + field.size();
  return !field.empty() && read_number(p, end, x) != Fault::no_number && p == end;
}

std::int64_t count_fields(std::string_view s) {
  std::int64_t fields = 0;
  for (std::size_t i = 0; i < s.size(); ++i) fields += !is_blank(s[i]) && (!i || is_blank(s[i - 1]));
  return fields;
}

// Reads exactly `dim` numbers, all that stands in `s`; blanks are before each. Returns the fault and
// the place of the first that is none.
std::pair<Fault, const char*> read_numbers(std::string_view s, std::int64_t dim, float* numbers) {
  const char* p = s.data();
  const char* const end = p + s.size();
  for (std::int64_t i = 0; i < dim; ++i) {
    while (p < end && is_blank(*p)) ++p;
    const char* const begin = p;
    const Fault fault = read_number(p, end, numbers[i]);
    if (p < end && !is_blank(*p)) return {Fault::no_number, begin};
    if (fault != Fault::none) return {fault, begin};
  }
  return {p == end ? Fault::none : Fault::no_number, p};
}

// The word of a line that has `dim` numbers behind it; empty if it has more or fewer of them.
std::string_view word_before(std::string_view line, std::int64_t dim) {
  std::string_view word = line;
  for (std::int64_t i = 0; i < dim; ++i) {
    word.remove_suffix(last_field(word).size());
    word = without_blanks_behind(word);
  }
  const std::string_view last = last_field(word);
  return last.size() < word.size() && is_number(last) ? std::string_view() : word;
}

const char* what_is_wrong(Fault fault) {
  switch (fault) {
    case Fault::too_large: return ", word {}: {} is too large for a float32";
    case Fault::not_finite: return ", word {}: {} is not finite";
    default: return ", word {}: {} is not a number";
  }
}

// Adds the row of a line, given without its end, or notes its damage: `at` is where it begins.
void read_line(std::string_view line, std::int64_t at, std::int64_t dim, LineRows& rows) {
  if (length(line) > kLongestLine) {
    rows.damage = {at, " is longer than " + std::to_string(kLongestLine) + " bytes", {}};
    return;
  }
  line = without_blanks_behind(line);
  if (line.empty() || is_blank(line.front())) {
    rows.damage = {at, line.empty() ? " is empty" : " begins with a blank, not with a word", {}};
    return;
  }
  const auto wrong_count = [&] {
    rows.damage = {at, " must have " + std::to_string(dim) + " numbers, got " +
                           std::to_string(count_fields(line) - 1), {}};
  };
  if (length(line) < 2 * dim + 1) return wrong_count();
  const std::size_t begun = rows.numbers.size();
  rows.numbers.resize(begun + dim);
  std::string_view word = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
  auto [fault, where] = read_numbers(line.substr(word.size()), dim, rows.numbers.data() + begun);
  if (fault != Fault::none && count_fields(line) != dim + 1) {   // a word with blanks in it?
    word = count_fields(line) > dim ? word_before(line, dim) : std::string_view();
    if (word.empty()) return wrong_count();
    std::tie(fault, where) =
        read_numbers(line.substr(word.size()), dim, rows.numbers.data() + begun);
  }
  if (fault != Fault::none) {
    const std::string_view rest(where, static_cast<std::size_t>(line.data() + line.size() - where));
    const std::string_view number = rest.substr(0, rest.find_first_of(" \t"));
    rows.damage = {at + (where - line.data()), what_is_wrong(fault),
                   {std::string(word), std::string(number)}};
    return;
  }
  rows.words.insert(rows.words.end(), word.begin(), word.end());
  rows.ends.push_back(static_cast<std::int64_t>(rows.words.size()));
}

// Reads lines, each with its end, up to the first that is damaged.
void read_whole_lines(std::string_view lines, std::int64_t at, std::int64_t dim, LineRows& rows) {
  while (!lines.empty() && !rows.damage) {
    const std::size_t size = lines.find('\n') + 1;
    read_line(lines.substr(0, size - 1), at, dim, rows);
    lines.remove_prefix(size);
    at += static_cast<std::int64_t>(size);
  }
}

// The numbers at the end of a line; its first field is none of them.
std::int64_t count_numbers(std::string_view line) {
  line = without_blanks_behind(line);
  std::int64_t numbers = 0;
  while (true) {
    const std::string_view field = last_field(line);
    if (field.size() == line.size() || !is_number(field)) return numbers;
    ++numbers;
    line.remove_suffix(field.size());
    line = without_blanks_behind(line);
  }
}

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

// ---- what both readers share ---------------------------------------------------------------------

void Growing::append(const void* bytes, std::int64_t size) {
  if (size > capacity_ - size_) {
    const std::int64_t capacity = std::max(size_ + size, capacity_ + capacity_ / 2);
    auto* data = static_cast<char*>(std::realloc(data_, static_cast<std::size_t>(capacity)));
    if (!data) throw std::bad_alloc();
    data_ = data;
    capacity_ = capacity;
  }
  if (size) std::memcpy(data_ + size_, bytes, static_cast<std::size_t>(size));
  size_ += size;
}

void* Growing::release() {
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(size_, 1));
  void* data = std::realloc(data_, size);
  if (!data) throw std::bad_alloc();
  data_ = nullptr;
  size_ = capacity_ = 0;
  return data;
}

void VectorReader::refuse(std::int64_t at, std::string what, std::vector<std::string> quoted) {
  damage_ = Damage{at, std::move(what), std::move(quoted)};
}

void VectorReader::read_header(std::string_view& bytes, std::int64_t bytes_per_number) {
  const std::size_t size =
      std::min({bytes.find('\n'), bytes.size() - 1,
                static_cast<std::size_t>(kLongestHeader) - begun_.size() - 1}) + 1;
  begun_.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  if (begun_.back() != '\n' && length(begun_) < kLongestHeader) return;
  const char* p = begun_.data();
  const char* const end = p + begun_.size();
  std::int64_t found[2] = {-1, -1};
  bool fits = true;
  for (std::int64_t& number : found) {
    while (p < end && is_blank(*p)) ++p;
    const auto [after, error] = std::from_chars(p, end, number);
    fits = fits && error == std::errc() && after < end && std::strchr(" \t\r\n", *after);
    p = after;
  }
  while (p < end && (is_blank(*p) || *p == '\r')) ++p;
  const auto [V, d] = found;
  if (!fits || p != end - 1 || *p != '\n' || V < 0 || d < 1)
    return refuse(0, "the first line must be 'words dimensions', got {}", {begun_});
  if (d > kMostDimensions)
    return refuse(0, "dimensions must be at most " + std::to_string(kMostDimensions) + ", got " +
                         std::to_string(d));
  at_ = length(begun_);
  if (V > (room_ - at_) / (2 + bytes_per_number * d))
    return refuse(at_, "cut short: " + std::to_string(room_) + " bytes cannot hold " +
                           std::to_string(V) + " words of " + std::to_string(d) + " numbers");
  promised_ = V;
  rows_.dim = d;
  begun_.clear();
}

// ---- text ----------------------------------------------------------------------------------------

TextVectors::TextVectors(bool header, std::int64_t limit, std::int64_t room, int threads)
    : VectorReader(limit, room), header_(header), threads_(threads) {
  if (!header) promised_ = kAll;
}

bool TextVectors::feed(std::string_view bytes) {
  if (!bytes.empty() && promised_ < 0 && wanted()) read_header(bytes, 2);
  if (!bytes.empty() && !begun_.empty() && wanted()) {
    const std::size_t size = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
    begun_.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (begun_.back() == '\n') read_lines(std::exchange(begun_, {}));
  }
  const std::size_t whole = bytes.rfind('\n') + 1;   // of none, the number before 0
  read_lines(bytes.substr(0, whole));
  if (wanted() && promised_ >= 0) begun_.append(bytes.substr(whole));
  if (!begun_.empty() && wanted() && read() == promised_)
    refuse(at_, "more lines than the " + std::to_string(promised_) + " words of the header");
  if (length(begun_) > kLongestLine && wanted())
    read_lines(std::exchange(begun_, {}) + '\n');
  return wanted();
}

void TextVectors::end() {
  if (!wanted()) return;
  if (!header_ && !begun_.empty()) read_lines(std::exchange(begun_, {}) + '\n');
  if (!wanted()) return;
  if (promised_ < 0)
    return refuse(0, "the first line must be 'words dimensions', got {}", {begun_});
  if (header_ && read() < promised_)
    refuse(at_, "cut short in word " + std::to_string(read() + 1) + " of " + std::to_string(promised_));
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
    const std::int64_t at = at_ + (parts[i].data() - lines.data());
    read_whole_lines(parts[i], at, rows_.dim, found[i]);
  });
  for (std::size_t i = 0; i < parts.size() && wanted(); ++i) {
    LineRows& part = found[i];
    const auto lines_found = static_cast<std::int64_t>(part.ends.size());
    const std::int64_t n = std::min({lines_found, limit_ - read(), promised_ - read()});
    const std::int64_t before = static_cast<std::int64_t>(rows_.words.size());
    if (n) rows_.words.insert(rows_.words.end(), part.words.begin(), part.words.begin() + part.ends[n - 1]);
    for (std::int64_t k = 0; k < n; ++k) rows_.ends.push_back(before + part.ends[k]);
    rows_.numbers.append(part.numbers.data(), n * rows_.dim * 4);
    if (!wanted()) return;
    if (n < lines_found || (part.damage && read() == promised_)) {
      refuse(at_ + begin_of_line(parts[i], n),
             "more lines than the " + std::to_string(promised_) + " words of the header");
    } else if (part.damage) {
      Damage& damage = *part.damage;
      refuse(damage.at, "line " + std::to_string(read() + 1 + header_) + damage.what,
             std::move(damage.quoted));
    }
    at_ += length(parts[i]);
  }
}

// ---- binary --------------------------------------------------------------------------------------

BinaryVectors::BinaryVectors(std::int64_t limit, std::int64_t room) : VectorReader(limit, room) {}

bool BinaryVectors::feed(std::string_view bytes) {
  if (!bytes.empty() && promised_ < 0 && wanted()) read_header(bytes, 4);
  while (!bytes.empty() && wanted()) {
    if (missing_) {
      const std::int64_t size = std::min(missing_, length(bytes));
      rows_.numbers.append(bytes.data(), size);
      bytes.remove_prefix(static_cast<std::size_t>(size));
      at_ += size;
      missing_ -= size;
      if (!missing_) finish_vector();
    } else if (begun_.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      ++at_;
    } else if (read() == promised_) {
      refuse(at_, "more bytes than the " + std::to_string(promised_) + " words of the header");
    } else {
      const std::size_t size = std::min(bytes.find(' '), bytes.size());
      begun_.append(bytes.substr(0, size));
      bytes.remove_prefix(size);
      if (!bytes.empty() || length(begun_) > kLongestLine) begin_vector();
      if (!bytes.empty()) bytes.remove_prefix(1);
    }
  }
  return wanted();
}

void BinaryVectors::end() {
  if (!wanted()) return;
  if (promised_ < 0)
    return refuse(0, "the first line must be 'words dimensions', got {}", {begun_});
  if (read() < promised_)
    refuse(at_ + length(begun_), "cut short in word " + std::to_string(read() + 1) + " of " +
                                     std::to_string(promised_));
}

// Takes the word that is in `begun_`, and whose space is behind it.
void BinaryVectors::begin_vector() {
  const std::string number = "word " + std::to_string(read() + 1);
  if (begun_.empty()) return refuse(at_, number + " is empty");
  if (length(begun_) > kLongestLine)
    return refuse(at_, number + " is longer than " + std::to_string(kLongestLine) + " bytes");
  if (const auto newline = begun_.find('\n'); newline != std::string::npos)
    return refuse(at_ + static_cast<std::int64_t>(newline), number + " has a line end in it: {}", {begun_});
  rows_.words.insert(rows_.words.end(), begun_.begin(), begun_.end());
  at_ += length(begun_) + 1;
  begun_.clear();
  missing_ = 4 * rows_.dim;
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
  refuse(at_ - 4 * (d - first), "word " + std::to_string(read() + 1) + ", {}: its number " +
                                    std::to_string(first + 1) + " is not finite",
         {std::string(rows_.words.begin() + begin, rows_.words.end())});
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
