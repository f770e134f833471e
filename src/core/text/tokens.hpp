// Where tokens end, and what they are compared by: white space by blocks of 64 bytes, and hashes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace wordkin {

inline bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Bit i of each mask is for byte i of a block of 64.
struct Masks {
  std::uint64_t space, newline;
};

inline Masks masks_of(const char* bytes) {
  Masks masks{0, 0};
#if defined(__SSE2__)
  for (int i = 0; i < 4; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
    const __m128i from_tab = _mm_sub_epi8(x, _mm_set1_epi8('\t'));
    const __m128i space = _mm_or_si128(
        _mm_cmpeq_epi8(x, _mm_set1_epi8(' ')),
        _mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8('\r' - '\t')), from_tab));
    const __m128i newline = _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'));
    masks.space |= static_cast<std::uint64_t>(_mm_movemask_epi8(space)) << (16 * i);
    masks.newline |= static_cast<std::uint64_t>(_mm_movemask_epi8(newline)) << (16 * i);
  }
#else
  for (int i = 0; i < 64; ++i) {
    masks.space |= static_cast<std::uint64_t>(is_space(bytes[i])) << i;
    masks.newline |= static_cast<std::uint64_t>(bytes[i] == '\n') << i;
  }
#endif
  return masks;
}

// The first eight bytes of a word, or all of fewer, with zeros behind them. Where eight bytes can be
// read, whatever the word's length, none of this branches on it.
inline std::uint64_t head_of(std::string_view word, const char* readable_end) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t x = 0;
  if (word.data() + 8 <= readable_end) {
    std::memcpy(&x, word.data(), 8);
    return x & (~std::uint64_t{0} >> (64 - 8 * std::clamp<std::size_t>(word.size(), 1, 8)));
  }
  std::memcpy(&x, word.data(), std::min<std::size_t>(word.size(), 8));
  return x;
}

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// A token, its head, and its hash: a folded multiply of its length, its first and its last eight bytes,
// and those between. Most words have no more than eight or sixteen, and no branch tells them apart.
struct Token {
  std::string_view bytes;
  std::uint64_t hash, head;

  Token() = default;
  // `readable_end`: how far bytes may be read, at least to the token's end.
  Token(std::string_view token, const char* readable_end) : bytes(token), head(head_of(token, readable_end)) {
    const std::size_t size = token.size(), past = size > 8 ? size - 8 : 0;
    const std::uint64_t last = past ? head_of(token.substr(past), readable_end) : 0;
    hash = fold(head ^ size, 0xa0761d6478bd642fULL);
    for (std::size_t i = 8; i < past; i += 8)
      hash = fold(hash ^ head_of(token.substr(i), readable_end), 0x9e3779b97f4a7c15ULL);
    hash = fold(hash ^ last, 0xe7037ed1a0b428dbULL);
  }
  explicit Token(std::string_view token) : Token(token, token.data() + token.size()) {}
};

}  // namespace wordkin
