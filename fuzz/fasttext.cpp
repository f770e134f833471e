// Any bytes as a dictionary of fastText, and as words whose n-grams are asked for.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "subwords/subwords.hpp"

using namespace wordkin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::int64_t end = static_cast<std::int64_t>(size);
  const Dictionary found = parse_dictionary(bytes, data[0] % 8, data[1], data[2] % 4, data[1] / 2 + data[5]);
  if (found.end < 0 || found.end > end) std::abort();
  if (found.damage) return 0;
  if (found.offsets.back() != static_cast<std::int64_t>(found.words.size())) std::abort();
  const NgramRules rules{data[3] % 8, data[4] % 8, 1 + data[5], true};
  for (std::size_t i = 0; i + 1 < found.offsets.size(); ++i) {
    const std::string_view words(found.words.data(), found.words.size());
    const auto word = words.substr(found.offsets[i], found.offsets[i + 1] - found.offsets[i]);
    for_each_ngram(word, rules, [&](std::int64_t bucket) {
      if (bucket < 0 || bucket >= rules.buckets) std::abort();
    });
  }
  return 0;
}
