#include <cstdint>
#include <span>
#include <vector>

#include "stochastic/stochastic.hpp"

namespace wordkin {

// Built as Vose (1991) does: each column holds a share of at most two words.
std::vector<AliasColumn> alias_table(std::span<const double> q) {
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
