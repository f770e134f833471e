// Joined parts to ids by frequency: the last pass over the text.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/growing.hpp"
#include "text/parts.hpp"
#include "text/text.hpp"
#include "text/words.hpp"

namespace wordkin {

struct Limits {
  std::int64_t min_count, max_vocabulary;
  double held_out;
  std::int64_t piece;
};

// `ids`: of each thread that read parts; they are used up.
EncodedText encode(const Words& words, std::vector<Part>& parts, const std::vector<Growing<Id>*>& ids,
                   const Limits& limits, int threads, const std::function<void()>& tick);

}  // namespace wordkin
