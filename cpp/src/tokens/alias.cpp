#include "entivec/tokens/alias.h"

#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

AliasTable::AliasTable(const std::vector<double>& weights) : cells_(weights.size()) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  check(sum > 0, "AliasTable", "weights with a positive sum", sum);
  std::vector<double> share(weights.size());
  std::vector<std::size_t> small, large;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    share[i] = weights[i] * static_cast<double>(weights.size()) / sum;
    (share[i] < 1 ? small : large).push_back(i);
    cells_[i] = {std::uint64_t{1} << 32, static_cast<std::int32_t>(i)};
  }
  while (!small.empty() && !large.empty()) {
    const std::size_t low = small.back(), high = large.back();
    small.pop_back();
    cells_[low] = {static_cast<std::uint64_t>(share[low] * 0x1.0p32), static_cast<std::int32_t>(high)};
    share[high] -= 1 - share[low];
    if (share[high] < 1) {
      large.pop_back();
      small.push_back(high);
    }
  }
}

}  // namespace entivec
