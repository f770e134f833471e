// Parses lines of text: a word, and its numbers.
#include "files/lines.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#ifndef __cpp_lib_to_chars
#include <stdlib.h>
#include <xlocale.h>
#endif

#include "base/threads.hpp"

namespace wordkin::files {
namespace {

constexpr std::int64_t kWorthAThread = 1 << 16;  // bytes of text to parse, or to format

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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

#ifdef __cpp_lib_to_chars
std::from_chars_result float_from_chars(const char* begin, const char* end, float& x) {
  return std::from_chars(begin, end, x);
}
#else
// Apple's C++ library parses no float. Its C library does, in the C locale, from a terminated copy.
std::from_chars_result float_from_chars(const char* begin, const char* end, float& x) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", locale_t{});
  if (begin == end || *begin == '+' || is_blank(*begin)) return {begin, std::errc::invalid_argument};
  const char* const digits = begin + (*begin == '-');
  if (end - digits > 1 && digits[0] == '0' && (digits[1] | 0x20) == 'x') end = digits + 1;  // no hex
  const std::string copy(begin, end);
  char* after = nullptr;
  const float read = strtof_l(copy.c_str(), &after, c_locale);
  const std::ptrdiff_t length = after - copy.c_str();
  if (length == 0) return {begin, std::errc::invalid_argument};
  const bool spelled = (digits[0] | 0x20) == 'i' || (digits[0] | 0x20) == 'n';  // inf, nan
  const bool lost = read == 0 && copy.find_first_of("123456789") < copy.find_first_of("eE");
  if (!spelled && (std::isinf(read) || lost)) return {begin + length, std::errc::result_out_of_range};
  x = read;
  return {begin + length, std::errc{}};
}
#endif

// Reads any decimal, correctly rounded; returns where it ends.
Fault read_any_number(const char*& p, const char* end, float& x) {
  const bool plus = p < end && *p == '+';
  if (plus && end - p > 1 && p[1] == '-') return Fault::no_number;
  const char* const begin = p + plus;
  const auto [after, error] = float_from_chars(begin, end, x);
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

std::int64_t length_of(const std::vector<std::int64_t>& ends) {
  return static_cast<std::int64_t>(ends.size());
}

std::string_view strip_right(std::string_view s) {
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

bool is_whole(std::string_view field) {
  const std::string_view digits = field.substr(field.find_first_of("+-") == 0);
  return !digits.empty() && std::all_of(digits.begin(), digits.end(), is_digit);
}

// The word of a line that has `dim` numbers behind it; empty if the line has fewer of them, or if its
// word has blanks in it and what could be further numbers: decimals, or whole numbers if all numbers
// of the line are whole. Then nobody knows what is the word.
std::string_view word_before(std::string_view line, std::int64_t dim) {
  std::string_view word = line;
  bool whole = true;
  for (std::int64_t i = 0; i < dim; ++i) {
    const std::string_view field = last_field(word);
    whole = whole && is_whole(field);
    word.remove_suffix(field.size());
    word = strip_right(word);
  }
  for (std::string_view rest = word; !rest.empty(); rest = strip_right(rest)) {
    const std::string_view field = last_field(rest);
    rest.remove_suffix(field.size());
    const bool digits = field.find_first_of("0123456789") != field.npos;   // or it is nan, or inf
    if (!rest.empty() && digits && is_number(field) && (whole || !is_whole(field))) return {};
  }
  return word;
}

const char* message_of(Fault fault) {
  switch (fault) {
    case Fault::too_large: return ", word {}: {} is too large for a float32";
    case Fault::not_finite: return ", word {}: {} is not finite";
    default: return ", word {}: {} is not a number";
  }
}

constexpr const char* kReturn = " has a carriage return in it, as if several lines were one";

// What is wrong with a line, or nothing and its row is added. `at` is where it begins; it is given
// without its end, and is not blank.
std::optional<Damage> read_line(std::string_view line, std::int64_t at, std::int64_t dim, LineRows& rows) {
  line = strip_right(line);
  if (is_blank(line.front())) return Damage{at, " begins with a blank, not with a word", {}};
  const auto wrong_count = [&] {
    if (line.find('\r') != line.npos) return Damage{at, kReturn, {}};
    return Damage{at, " must have " + std::to_string(dim) + " numbers, got " +
                          std::to_string(count_fields(line) - 1), {}};
  };
  if (length(line) < 2 * dim + 1) return wrong_count();
  const std::size_t begun = rows.numbers.size();
  rows.numbers.resize(begun + dim);
  std::string_view word = line.substr(0, std::min(line.find_first_of(" \t"), line.size()));
  auto [fault, where] = read_numbers(line.substr(word.size()), dim, rows.numbers.data() + begun);
  const auto refused = [&](Damage&& damage) {
    rows.numbers.resize(begun);
    return std::move(damage);
  };
  if (fault != Fault::none && count_fields(line) != dim + 1) {   // a word with blanks in it?
    word = count_fields(line) > dim ? word_before(line, dim) : std::string_view();
    if (word.empty()) return refused(wrong_count());
    std::tie(fault, where) =
        read_numbers(line.substr(word.size()), dim, rows.numbers.data() + begun);
  }
  if (fault != Fault::none) {
    const std::string_view rest(where, static_cast<std::size_t>(line.data() + line.size() - where));
    const std::string_view number = rest.substr(0, rest.find_first_of(" \t"));
    return refused({at + (where - line.data()), message_of(fault),
                    {std::string(word), std::string(number)}});
  }
  if (word.find('\r') != word.npos) return refused({at, kReturn, {}});
  rows.words.insert(rows.words.end(), word.begin(), word.end());
  rows.ends.push_back(static_cast<std::int64_t>(rows.words.size()));
  return std::nullopt;
}

}  // namespace

void read_whole_lines(std::string_view lines, std::int64_t at, std::int64_t dim, bool skip_bad,
                      LineRows& rows) {
  const auto gap = [&]() -> Gap& {
    const std::int64_t before = length_of(rows.ends);
    if (rows.gaps.empty() || rows.gaps.back().rows_before != before) rows.gaps.push_back({before, 0, 0});
    return rows.gaps.back();
  };
  for (; !lines.empty(); ++rows.lines) {
    const std::size_t size = lines.find('\n') + 1;
    const std::string_view line = lines.substr(0, size - 1);
    if (length(line) > kLongestLine) {
      rows.too_long = at;
      return;
    }
    if (line.find_first_not_of(" \t\r") == line.npos) {
      ++gap().blank;
    } else if (auto damage = read_line(line, at, dim, rows)) {
      ++gap().bad;
      if (rows.bad.size() < kReported) rows.bad.emplace_back(rows.lines, std::move(*damage));
      if (!skip_bad) return;
    }
    lines.remove_prefix(size);
    at += static_cast<std::int64_t>(size);
  }
}

std::int64_t count_numbers(std::string_view line) {
  line = strip_right(line);
  std::int64_t numbers = 0;
  while (true) {
    const std::string_view field = last_field(line);
    if (field.size() == line.size() || !is_number(field)) return numbers;
    ++numbers;
    line.remove_suffix(field.size());
    line = strip_right(line);
  }
}

int parts_of(std::int64_t bytes, int threads) {
  return static_cast<int>(std::clamp<std::int64_t>(bytes / kWorthAThread, 1, std::max(threads, 1)));
}

void run_parts(int parts, const std::function<void(int)>& work) {
  if (parts == 1) return work(0);
  const auto exactly = [&](int part) {
    const KeepDenormals keep;
    work(part);
  };
  run_threads(parts, exactly, [] {}, [] {});
}

}  // namespace wordkin::files
