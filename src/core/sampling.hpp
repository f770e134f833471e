// Random numbers by counter, and draws from a discrete distribution in constant time.
//
// A number depends on (seed, epoch, position, stream) alone and on no state, so what is drawn for a
// token is the same whichever thread comes to it, and in whatever order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core.hpp"

namespace wordkin {

// SplitMix64 (Steele, Lea and Flood, 2014): number i of the stream of a key is mix(key + i * kGamma).
constexpr std::uint64_t kGamma = 0x9e3779b97f4a7c15ULL;

inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

class Draws {
 public:
  static constexpr int kStreams = 1024;   // independent numbers at one position

  Draws(std::uint64_t seed, std::uint64_t epoch) : key_(mix(mix(seed + kGamma) + epoch * kGamma)) {}

  std::uint64_t at(std::int64_t position, int stream) const {
    const auto counter = static_cast<std::uint64_t>(position) * kStreams + stream;
    return mix(key_ + counter * kGamma);
  }

 private:
  std::uint64_t key_;
};

// One draw from an alias table: the high half of a 128-bit product is a uniform index, the low half
// a uniform fraction that is independent of it.
inline Id draw(std::uint64_t random, std::span<const AliasColumn> table) {
  const auto product = static_cast<unsigned __int128>(random) * table.size();
  const auto index = static_cast<Id>(product >> 64);
  const auto fraction = static_cast<std::uint32_t>(product >> 32);
  return fraction < table[index].threshold ? index : table[index].alias;
}

// Walker's alias table, built as Vose (1991) does: each column holds a share of at most two words.
inline std::vector<AliasColumn> alias_table(std::span<const double> q) {
  const auto size = static_cast<Id>(q.size());
  double total = 0;
  for (Id i = 0; i < size; ++i) total += q[i];
  std::vector<double> share(size);
  std::vector<Id> small, large;
  for (Id i = 0; i < size; ++i) {
    share[i] = q[i] / total * size;
    (share[i] < 1 ? small : large).push_back(i);
  }
  std::vector<AliasColumn> table(size);
  for (Id i = 0; i < size; ++i) table[i] = {UINT32_MAX, i};
  while (!small.empty() && !large.empty()) {
    const Id s = small.back(), l = large.back();
    small.pop_back();
    table[s] = {static_cast<std::uint32_t>(share[s] * 4294967295.0), l};
    share[l] -= 1 - share[s];
    if (share[l] < 1) {
      large.pop_back();
      small.push_back(l);
    }
  }
  return table;   // what is left is 1 but for rounding
}

}  // namespace wordkin
