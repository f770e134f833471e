#include "subwords/subwords.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>

#include "base/threads.hpp"

namespace wordkin {

namespace {

constexpr std::int64_t kTail = 9;      // bytes of an entry after its NUL
constexpr std::int64_t kAtATime = 64;  // words

std::int64_t int64_at(std::string_view bytes, std::int64_t at) {
  std::int64_t number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

bool continues(char byte) { return (byte & 0xC0) == 0x80; }

// FNV-1a, but for bytes from 128 on, which fastText takes for negative numbers.
std::uint32_t add_to_hash(std::uint32_t hash, char byte) {
  return (hash ^ static_cast<std::uint32_t>(static_cast<std::int8_t>(byte))) * 16777619u;
}

template <typename Call>
void walk_ngrams(const std::string& marked, const NgramRules& rules, const Call& call) {
  const std::size_t size = marked.size();
  for (std::size_t begin = 0; begin < size; ++begin) {
    if (continues(marked[begin])) continue;
    std::uint32_t hash = 2166136261u;
    std::size_t end = begin;
    for (int length = 1; end < size && length <= rules.longest; ++length) {
      do hash = add_to_hash(hash, marked[end++]);
      while (end < size && continues(marked[end]));
      const bool only_a_mark = length == 1 && (begin == 0 || end == size);
      if (length >= rules.shortest && !only_a_mark) call(static_cast<std::int64_t>(hash) % rules.buckets);
    }
  }
}

template <typename Call>
void walk_word(std::string_view word, const NgramRules& rules, std::string& marked, const Call& call) {
  if (rules.longest < 1 || (rules.whole_end && word == "</s>")) return;
  marked.assign(1, '<').append(word).append(1, '>');
  walk_ngrams(marked, rules, call);
}

void add_row(const std::uint8_t* row, std::int64_t d, float* sum) {
  for (std::int64_t j = 0; j < d; ++j) {
    float x;
    std::memcpy(&x, row + sizeof x * j, sizeof x);
    sum[j] += x;
  }
}

}  // namespace

Dictionary parse_dictionary(std::string_view bytes, std::int64_t begin, std::int64_t words,
                            std::int64_t labels, std::int64_t keep) {
  Dictionary found;
  const auto size = static_cast<std::int64_t>(bytes.size());
  const auto damaged = [&](std::int64_t at, const char* what) {
    found.end = at;
    found.damage = what;
    return found;
  };
  if (begin < 0 || begin > size || words < 0 || labels < 0 ||
      words > (size - begin) / (1 + kTail) || labels > (size - begin) / (1 + kTail))
    return damaged(std::clamp<std::int64_t>(begin, 0, size), "more entries than it has bytes for");
  keep = std::clamp<std::int64_t>(keep, 0, words);
  found.offsets.reserve(keep + 1);
  found.counts.reserve(keep);
  found.offsets.push_back(0);
  std::int64_t at = begin;
  for (std::int64_t i = 0; i < words + labels; ++i) {
    const bool is_word = i < words;
    const void* nul = std::memchr(bytes.data() + at, 0, size - at);
    if (!nul) return damaged(at, "a word without an end");
    const std::int64_t end = static_cast<const char*>(nul) - bytes.data();
    if (size - end - 1 < kTail) return damaged(end, "cut short after a word");
    const std::int64_t count = int64_at(bytes, end + 1);
    const int type = static_cast<unsigned char>(bytes[end + kTail]);
    if (count < 0) return damaged(end + 1, "a word with a negative count");
    if (type != (is_word ? 0 : 1)) return damaged(end + kTail, "a word of the wrong type");
    if (i < keep) {
      found.words.insert(found.words.end(), bytes.begin() + at, bytes.begin() + end);
      found.offsets.push_back(static_cast<std::int64_t>(found.words.size()));
      found.counts.push_back(count);
    }
    at = end + 1 + kTail;
  }
  found.end = at;
  return found;
}

void for_each_ngram(std::string_view word, const NgramRules& rules,
                    const std::function<void(std::int64_t)>& call) {
  std::string marked;
  walk_word(word, rules, marked, call);
}

void compose(const Composition& what, float* out, int threads, const std::function<void()>& tick) {
  const auto words = static_cast<std::int64_t>(what.rows.size());
  const std::int64_t stride = what.d * static_cast<std::int64_t>(sizeof(float));
  std::atomic<std::int64_t> next{0};
  const auto compose_one = [&](std::int64_t i, std::string& marked) {
    float* sum = out + i * what.d;
    std::fill_n(sum, what.d, 0.0f);
    std::int64_t parts = 0;
    const auto add = [&](const std::uint8_t* row) {
      add_row(row, what.d, sum);
      ++parts;
    };
    if (what.rows[i] >= 0) add(what.own + what.rows[i] * stride);
    const std::string_view word =
        what.bytes.substr(what.offsets[i], what.offsets[i + 1] - what.offsets[i]);
    walk_word(word, what.rules, marked, [&](std::int64_t bucket) { add(what.ngrams + bucket * stride); });
    if (!parts) return;
    const auto share = static_cast<float>(1.0 / static_cast<double>(parts));
    for (std::int64_t j = 0; j < what.d; ++j) sum[j] *= share;
  };
  const auto work = [&](int) {
    std::string marked;
    for (std::int64_t first; (first = next.fetch_add(kAtATime)) < words;)
      for (std::int64_t i = first; i < std::min(first + kAtATime, words); ++i) compose_one(i, marked);
  };
  run_threads(threads, work, tick, [&] { next = words; });
}

}  // namespace wordkin
