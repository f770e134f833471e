// Random numbers by counter.
//
// A number depends on (seed, epoch, position, stream) alone and on no state, so what is drawn for a
// token is the same whichever thread draws it, and in whatever order.
#pragma once

#include <cstdint>

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

}  // namespace wordkin
