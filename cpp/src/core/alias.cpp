#include "entivec/core/alias.h"

#include <numeric>

namespace entivec {

void AliasBuilder::build(const Scalar* weights, Index count, AliasSlot* slots) {
  const double scale = static_cast<double>(count) / std::accumulate(weights, weights + count, 0.0);
  share_.resize(static_cast<std::size_t>(count));
  scarce_.clear();
  rich_.clear();
  for (std::int32_t k = 0; k < count; ++k) {
    share_[static_cast<std::size_t>(k)] = scale * static_cast<double>(weights[k]);
    (share_[static_cast<std::size_t>(k)] < 1 ? scarce_ : rich_).push_back(k);
    slots[k] = {0, k};  // whole, unless the rich fill it up below
  }
  while (!scarce_.empty() && !rich_.empty()) {
    const std::int32_t poor = scarce_.back(), giver = rich_.back();
    const double kept = share_[static_cast<std::size_t>(poor)];
    double& left = share_[static_cast<std::size_t>(giver)];
    scarce_.pop_back();
    slots[poor] = {static_cast<std::uint32_t>(kept * 0x1.0p32), giver};
    left -= 1 - kept;
    if (left < 1) {
      rich_.pop_back();
      scarce_.push_back(giver);
    }
  }
}

}  // namespace entivec
