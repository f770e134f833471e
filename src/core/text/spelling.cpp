#include "text/spelling.hpp"

#include <algorithm>
#include <cstddef>

#include "text/tokens.hpp"

namespace wordkin {

using std::size_t;

bool is_plain(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool has_ascii_space(std::string_view s) { return std::any_of(s.begin(), s.end(), is_space); }

bool is_utf8(std::string_view s) {
  for (size_t i = 0; i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    const int length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (!length || i + length > s.size()) return false;
    for (int k = 1; k < length; ++k)
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return false;
    const unsigned char next = length > 1 ? s[i + 1] : 0;
    if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) || (c == 0xf0 && next < 0x90) ||
        (c == 0xf4 && next > 0x8f))
      return false;   // overlong, surrogate, or beyond U+10FFFF
    i += length;
  }
  return true;
}

bool has_unicode_space(std::string_view s) {
  const auto at = [&](size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0; };
  for (size_t i = 0; i < s.size(); ++i) {
    const unsigned b = at(i + 1), c = at(i + 2);
    switch (at(i)) {
      case 0x1c: case 0x1d: case 0x1e: case 0x1f: return true;   // separators
      case 0xc2: if (b == 0x85 || b == 0xa0) return true; break;
      case 0xe1: if (b == 0x9a && c == 0x80) return true; break;
      case 0xe2:
        if (b == 0x80 && ((c >= 0x80 && c <= 0x8a) || c == 0xa8 || c == 0xa9 || c == 0xaf)) return true;
        if (b == 0x81 && c == 0x9f) return true;
        break;
      case 0xe3: if (b == 0x80 && c == 0x80) return true; break;
      default: break;
    }
  }
  return false;
}

}  // namespace wordkin
