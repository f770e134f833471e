// What the fuzz targets share: a check, and the same bytes in pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

inline void check(bool holds) {
  if (!holds) std::abort();
}

// Feeds the bytes cut at places that hang on `seed` alone, until `feed` returns false.
template <typename Feed>
void in_pieces(std::string_view bytes, std::uint32_t seed, const Feed& feed) {
  while (!bytes.empty()) {
    seed = seed * 1664525 + 1013904223;
    const std::size_t most = seed >> 31 ? 4 : 64, size = 1 + (seed >> 16) % most;
    if (!feed(bytes.substr(0, size))) return;
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
}
