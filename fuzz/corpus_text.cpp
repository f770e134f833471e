// A corpus: cut anywhere, and read by several threads in any order, it is read as it is whole; every
// token is accounted for.
//
// The first byte of an input is no part of the text: it says min_count, the vocabulary, and the lines
// or pieces that are held out.
#include <numeric>
#include <string>
#include <vector>

#include "check.hpp"
#include "text/text.hpp"

using namespace wordkin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!size) return 0;
  const int min_count = 1 + (data[0] & 3), most = data[0] >> 2 & 7;
  const double held_out = data[0] & 128 ? 0.3 : 0.0;
  const int piece = data[0] & 64 ? 3 : 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  TextReader whole, cut(3);
  whole.feed(file);
  whole.end_file();
  std::vector<std::string_view> parts;
  in_pieces(file, static_cast<std::uint32_t>(size), [&](auto part) { return parts.push_back(part), true; });
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = parts[i % 2 ? i : (parts.size() - 1) / 2 * 2 - i];   // even ones backwards
    cut.read(static_cast<int>(i % 3), static_cast<std::uint64_t>(part.data() - file.data()), part);
  }
  cut.end_file(file.size());
  const std::int64_t tokens = whole.tokens(), types = whole.types();
  check(tokens == cut.tokens() && whole.lines() == cut.lines() && types == cut.types());
  check(whole.lines_with_words() == cut.lines_with_words() && whole.lines_with_words() <= whole.lines());
  check(whole.invalid_utf8_tokens() == cut.invalid_utf8_tokens());
  const EncodedText a = whole.finish(min_count, most, held_out, piece),
                    b = cut.finish(min_count, most, held_out, piece);
  check(a.words == b.words && a.offsets == b.offsets && a.counts == b.counts && a.size == b.size);
  check(a.held_counts == b.held_counts && a.held_counts.size() == a.counts.size());
  check(std::equal(a.ids.get(), a.ids.get() + a.size, b.ids.get()) && a.held_ids == b.held_ids);
  const auto V = static_cast<Id>(a.counts.size());
  check(V <= types && (!most || V <= most) && a.held_tokens == b.held_tokens);
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < a.size; ++i) {
    check(a.ids.get()[i] >= kLineEnd && a.ids.get()[i] < V);
    found += a.ids.get()[i] != kLineEnd;
  }
  const std::int64_t counted = std::accumulate(a.counts.begin(), a.counts.end(), std::int64_t{0});
  const std::int64_t held = std::accumulate(a.held_counts.begin(), a.held_counts.end(), std::int64_t{0});
  check(counted == found + held && held <= a.held_tokens && found + a.held_tokens <= tokens);
  if (min_count == 1 && !most) check(found + a.held_tokens == tokens);
  return 0;
}
