// Joined parts to ids by frequency: the last pass over the text.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/growing.hpp"
#include "text/id_file.hpp"
#include "text/parts.hpp"
#include "text/text.hpp"
#include "text/words.hpp"

namespace wordkin {

struct Limits {
  std::int64_t min_count, max_vocabulary;
  double held_out;
  std::int64_t piece;
};

// Where the ids of parts are; they are used up.
struct IdsRead {
  std::vector<Growing<Id>*> in_memory;   // of each thread
  const IdFile& file;
};

// `to`: where the ids are written, instead of to memory, if it is open.
EncodedText encode(const Words& words, std::vector<Part>& parts, const IdsRead& read, const Limits& limits,
                   const IdFile& to, int threads, const std::function<void()>& tick);

}  // namespace wordkin
