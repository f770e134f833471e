// Subwords as in fastText: its dictionary, and vectors of words composed of those of n-grams.
//
// Nothing here trusts the bytes it is given: they may come from a damaged or hostile file.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace wordkin {

// ---- the dictionary in a .bin file ---------------------------------------------------------------

struct Dictionary {
  std::vector<char> words;             // the words' bytes, one after the other
  std::vector<std::int64_t> offsets;   // word i is words[offsets[i] .. offsets[i + 1])
  std::vector<std::int64_t> counts;
  std::int64_t end = 0;                // the byte after the dictionary, or where it is damaged
  const char* damage = nullptr;        // what is wrong there; null if nothing is
};

// Reads `words` entries of words and then `labels` entries of labels, which are skipped; they begin at
// `bytes[begin]`. An entry: bytes that a NUL ends, an int64 with the count, a byte: 0 a word, 1 a label.
// Only the first `keep` words are returned; all entries are checked.
Dictionary parse_dictionary(std::string_view bytes, std::int64_t begin, std::int64_t words,
                            std::int64_t labels, std::int64_t keep);

// ---- n-grams -------------------------------------------------------------------------------------

struct NgramRules {
  int shortest, longest;    // characters of an n-gram, shortest <= longest; longest 0: there are none
  std::int64_t buckets;     // rows that n-grams are hashed to, in 1..2^32 where there are n-grams
  bool whole_end;           // "</s>", fastText's mark of a line's end, has no n-grams
};

// Calls with the bucket of each n-gram of "<word>", by where they begin, shorter ones first. A
// character is a byte and the UTF-8 continuation bytes after it; "<" and ">" alone are no n-grams.
void for_each_ngram(std::string_view word, const NgramRules& rules,
                    const std::function<void(std::int64_t)>& call);

// Words to make vectors of: word i is bytes[offsets[i] .. offsets[i + 1]), its own row `rows[i]` of
// `own`, or -1 if it has none. Rows are of d little float32 that may lie at any byte.
struct Composition {
  std::string_view bytes;
  std::span<const std::int64_t> offsets;
  std::span<const std::int64_t> rows;
  const std::uint8_t* own;
  const std::uint8_t* ngrams;
  std::int64_t d;
  NgramRules rules;
};

// Writes to `out` (words, d) the mean of each word's own row and those of its n-grams; zeros where it
// has neither. Sums in float32, in that order, as fastText does: the bits are the same. `tick` is
// called from this thread about ten times a second.
void compose(const Composition& what, float* out, int threads, const std::function<void()>& tick);

}  // namespace wordkin
