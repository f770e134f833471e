// Bytes to tokens to ids and counts, in one pass.
//
// Text is bytes split on ASCII white space; a line is a sentence. A word gets a provisional id when
// it is first seen; when all is read, ids are handed out anew in order of frequency.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/growing.hpp"
#include "base/random.hpp"
#include "text/text.hpp"

namespace wordkin {
namespace {

using std::size_t;
using std::uint32_t;
using std::uint64_t;

bool is_space(unsigned char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Bit i of each mask is for byte i of a block of 64.
struct Masks {
  uint64_t space, newline;
};

Masks masks_of(const char* bytes) {
  Masks masks{0, 0};
#if defined(__SSE2__)
  for (int i = 0; i < 4; ++i) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
    const __m128i from_tab = _mm_sub_epi8(x, _mm_set1_epi8('\t'));
    const __m128i space = _mm_or_si128(
        _mm_cmpeq_epi8(x, _mm_set1_epi8(' ')),
        _mm_cmpeq_epi8(_mm_min_epu8(from_tab, _mm_set1_epi8('\r' - '\t')), from_tab));
    const __m128i newline = _mm_cmpeq_epi8(x, _mm_set1_epi8('\n'));
    masks.space |= static_cast<uint64_t>(_mm_movemask_epi8(space)) << (16 * i);
    masks.newline |= static_cast<uint64_t>(_mm_movemask_epi8(newline)) << (16 * i);
  }
#else
  for (int i = 0; i < 64; ++i) {
    masks.space |= static_cast<uint64_t>(is_space(bytes[i])) << i;
    masks.newline |= static_cast<uint64_t>(bytes[i] == '\n') << i;
  }
#endif
  return masks;
}

uint64_t fold(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// The first eight bytes of a word, or all of fewer, with zeros behind them. Where eight bytes can be
// read, whatever the word's length, none of this branches on it.
uint64_t head_of(std::string_view word, const char* readable_end) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t x = 0;
  if (word.data() + 8 <= readable_end) {
    std::memcpy(&x, word.data(), 8);
    return x & (~uint64_t{0} >> (64 - 8 * std::clamp<size_t>(word.size(), 1, 8)));
  }
  std::memcpy(&x, word.data(), std::min<size_t>(word.size(), 8));
  return x;
}

// A folded-multiply hash, eight bytes at a time.
uint64_t hash_of(std::string_view word, const char* readable_end) {
  uint64_t hash = 0x9e3779b97f4a7c15ULL ^ word.size();
  for (; word.size() > 8; word.remove_prefix(8))
    hash = fold(hash ^ head_of(word, readable_end), 0xa0761d6478bd642fULL);
  return fold(hash ^ head_of(word, readable_end), 0xe7037ed1a0b428dbULL);
}

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

// Whether a word has white space of Unicode that is not of ASCII: what Python's str.isspace() knows.
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

// Whether a line, by its number among the lines that have a word, is held out, or a piece by its number:
// the same lines of a text for any seed, and those of a smaller share among those of a larger one.
bool is_held_out(std::int64_t line, double share) {
  constexpr uint64_t key = 0x68656c642d6f7574ULL;   // "held-out" in ASCII
  const uint64_t random = mix(key + static_cast<uint64_t>(line) * kGamma);
  return static_cast<double>(random >> 11) * 0x1p-53 < share;
}

}  // namespace

struct TextReader::State {
  // An open-addressing table; a slot holds half of the hash and the word's provisional id + 1.
  struct Slot {
    uint32_t tag, id;
  };
  // Most words are no longer than their first eight bytes: two lines of memory are touched for one.
  struct Type {
    std::int64_t count, offset;   // the word's bytes are arena[offset .. offset + size)
    uint64_t size, head;
    uint64_t hash;
  };
  std::vector<Slot> table = std::vector<Slot>(1 << 16);
  std::vector<Type> types;
  std::vector<char> arena;
  Growing<Id> ids;
  std::string carry;        // a token that the last feed cut
  bool in_line = false;     // whether a byte came since the last line end
  std::string line;         // words that came since then, with a space behind each
  std::int64_t tokens = 0, lines = 0, lines_with_words = 0, empty_words = 0;

  std::string_view word(uint32_t id) const {
    return {arena.data() + types[id].offset, types[id].size};
  }

  bool is_word(uint32_t id, std::string_view token, uint64_t head) const {
    const Type& type = types[id];
    return type.size == token.size() && type.head == head &&
           (token.size() <= 8 || std::memcmp(arena.data() + type.offset + 8, token.data() + 8,
                                             token.size() - 8) == 0);
  }

  // Looking a word up is waiting for memory. So tokens, and line ends as empty ones, are first put
  // into a short queue, and the place of each in the table is asked for.
  struct Waiting {
    std::string_view token;
    uint64_t hash, head;
  };
  static constexpr int kQueue = 32;
  Waiting queue[kQueue];
  int queued = 0;

  // `readable_end`: how far bytes may be read, at least to the token's end.
  void put(std::string_view token, const char* readable_end) {
    Waiting& waiting = queue[queued++];
    waiting = {token, hash_of(token, readable_end), head_of(token, readable_end)};
    __builtin_prefetch(&table[waiting.hash & (table.size() - 1)]);
    if (queued == kQueue) flush();
  }

  void put_line_end() {
    queue[queued++].token = {};
    if (queued == kQueue) flush();
  }

  void flush() {
    for (int i = 0; i < queued; ++i) {
      if (queue[i].token.data())
        add(queue[i]);
      else
        end_line();
    }
    queued = 0;
  }

  void add(const Waiting& waiting) {
    const auto [token, hash, head] = waiting;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    const size_t mask = table.size() - 1;
    size_t at = hash & mask;
    ++tokens;
    for (; table[at].id; at = (at + 1) & mask) {
      const uint32_t id = table[at].id - 1;
      if (table[at].tag == tag && is_word(id, token, head)) {
        ++types[id].count;
        ids.push(static_cast<Id>(id));
        return;
      }
    }
    if (types.size() >= INT32_MAX) throw std::length_error("more than 2^31 - 1 different words");
    const auto id = static_cast<uint32_t>(types.size());
    types.push_back({1, static_cast<std::int64_t>(arena.size()), token.size(), head, hash});
    arena.insert(arena.end(), token.begin(), token.end());
    table[at] = {tag, id + 1};
    ids.push(static_cast<Id>(id));
    if (types.size() > table.size() / 4 * 3) rehash();
  }

  void rehash() {
    std::vector<Slot> larger(table.size() * 2);
    const size_t mask = larger.size() - 1;
    for (uint32_t id = 0; id < types.size(); ++id) {
      size_t at = types[id].hash & mask;
      while (larger[at].id) at = (at + 1) & mask;
      larger[at] = {static_cast<uint32_t>(types[id].hash >> 32), id + 1};
    }
    table.swap(larger);
  }

  void end_line() {
    ++lines;
    if (!ids.size() || ids.data()[ids.size() - 1] == kLineEnd) return;
    ids.push(kLineEnd);
    ++lines_with_words;
  }

  void flush_carry() {
    if (carry.empty()) return;
    put(carry, carry.data() + carry.size());
    flush();
    carry.clear();
  }
};

TextReader::TextReader() : state_(std::make_unique<State>()) {}
TextReader::~TextReader() = default;

void TextReader::feed(std::string_view bytes) {
  State& s = *state_;
  const char* data = bytes.data();
  const auto size = static_cast<std::int64_t>(bytes.size());
  std::int64_t start = 0;   // of the current token
  const auto space_at = [&](std::int64_t i, bool newline) {
    if (!s.carry.empty()) {
      s.carry.append(data, i);
      s.flush_carry();
    } else if (i > start) {
      s.put({data + start, static_cast<size_t>(i - start)}, data + size);
    }
    start = i + 1;
    if (newline) s.put_line_end();
    s.in_line = !newline;
  };
  std::int64_t block = 0;
  for (; block + 64 <= size; block += 64) {
    const Masks masks = masks_of(data + block);
    for (uint64_t left = masks.space; left; left &= left - 1) {
      const int bit = std::countr_zero(left);
      space_at(block + bit, masks.newline >> bit & 1);
    }
  }
  for (std::int64_t i = block; i < size; ++i)
    if (is_space(data[i])) space_at(i, data[i] == '\n');
  s.flush();   // the bytes are the caller's
  s.carry.append(data + start, size - start);
  if (start < size) s.in_line = true;
}

void TextReader::end_file() {
  State& s = *state_;
  s.flush_carry();
  if (s.in_line) end_line();
}

bool TextReader::add_word(std::string_view word) {
  if (word.empty()) {
    ++state_->empty_words;
    return true;
  }
  if (std::any_of(word.begin(), word.end(), [](char c) { return c == '\n' || c == '\r'; })) return false;
  const char* end = word.data() + word.size();
  state_->add({word, hash_of(word, end), head_of(word, end)});
  (state_->line += word) += ' ';
  return true;
}

std::string TextReader::end_line() {
  state_->end_line();
  state_->in_line = false;
  std::string line = std::exchange(state_->line, {});
  if (line.empty()) line += ' ';
  line.back() = '\n';
  return line;
}

EncodedText TextReader::finish(std::int64_t min_count, std::int64_t max_vocabulary, double held_out,
                               std::int64_t piece) {
  if (!(held_out >= 0 && held_out < 1))
    throw std::invalid_argument("held_out must be at least 0 and below 1, got " +
                                std::to_string(held_out));
  if (piece < 0) throw std::invalid_argument("piece must be at least 0, got " + std::to_string(piece));
  State& s = *state_;   // replaced by an empty one at the end
  EncodedText text;
  std::vector<uint32_t> order;
  for (uint32_t id = 0; id < s.types.size(); ++id)
    if (s.types[id].count >= std::max<std::int64_t>(min_count, 1)) order.push_back(id);
  // Most frequent first; among equals, first seen first.
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return s.types[a].count > s.types[b].count; });
  if (max_vocabulary && static_cast<std::int64_t>(order.size()) > max_vocabulary)
    order.resize(max_vocabulary);

  text.offsets.push_back(0);
  std::vector<Id> final_id(s.types.size(), kLineEnd);
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string_view word = s.word(order[i]);
    final_id[order[i]] = static_cast<Id>(i);
    text.words.insert(text.words.end(), word.begin(), word.end());
    text.offsets.push_back(static_cast<std::int64_t>(text.words.size()));
    text.counts.push_back(s.types[order[i]].count);
  }
  text.held_counts.resize(order.size());
  // Words out of the vocabulary go, and lines that are left with none; a line end stands only
  // behind a word.
  Id* ids = s.ids.data();
  std::vector<Id>& held_ids = text.held_ids;
  std::int64_t size = 0, unit = 0, in_unit = 0;   // a unit is a line, or a piece of one
  bool held = is_held_out(unit, held_out);
  const auto end_line = [&] {
    if (held) {
      if (!held_ids.empty() && held_ids.back() != kLineEnd) held_ids.push_back(kLineEnd);
    } else if (size && ids[size - 1] != kLineEnd) {
      ids[size++] = kLineEnd;
    }
  };
  for (std::int64_t i = 0; i < s.ids.size(); ++i) {
    const Id word = ids[i];   // before a line end is put there
    if (word == kLineEnd) {
      end_line();
      held = is_held_out(++unit, held_out);
      in_unit = 0;
      continue;
    }
    if (piece && in_unit++ == piece) {
      const bool next = is_held_out(++unit, held_out);
      if (next != held) end_line();
      held = next;
      in_unit = 1;
    }
    text.held_tokens += held;
    const Id id = final_id[word];
    if (id == kLineEnd) continue;
    if (held) {
      held_ids.push_back(id);
      ++text.held_counts[id];
    } else {
      ids[size++] = id;
    }
  }
  s.ids.shrink(size);
  text.ids = {s.ids.release(), std::free};
  text.size = size;
  state_ = std::make_unique<State>();
  return text;
}

std::int64_t TextReader::tokens() const { return state_->tokens; }
std::int64_t TextReader::lines() const { return state_->lines; }
std::int64_t TextReader::lines_with_words() const { return state_->lines_with_words; }
std::int64_t TextReader::types() const { return static_cast<std::int64_t>(state_->types.size()); }

std::int64_t TextReader::empty_words() const { return state_->empty_words; }

std::pair<std::int64_t, std::string_view> TextReader::spaced_tokens(bool ascii) const {
  std::int64_t tokens = 0;
  std::string_view first;
  for (uint32_t id = 0; id < state_->types.size(); ++id) {
    const std::string_view word = state_->word(id);
    if (!(ascii ? std::any_of(word.begin(), word.end(), is_space) : has_unicode_space(word))) continue;
    if (!tokens) first = word;
    tokens += state_->types[id].count;
  }
  return {tokens, first};
}

std::int64_t TextReader::invalid_utf8_tokens() const {
  std::int64_t tokens = 0;
  for (uint32_t id = 0; id < state_->types.size(); ++id)
    if (!is_utf8(state_->word(id))) tokens += state_->types[id].count;
  return tokens;
}

}  // namespace wordkin
