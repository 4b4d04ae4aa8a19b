#include "entivec/nn/packing.h"

#include "entivec/core/check.h"

namespace entivec {

void Packing::assign(const std::vector<Index>& lengths) {
  active_.clear();
  first_.clear();
  rows_ = 0;
  auto going = static_cast<Index>(lengths.size());
  for (std::size_t s = 1; s < lengths.size(); ++s)
    check(lengths[s] <= lengths[s - 1], "Packing", "lengths that never grow", lengths[s]);
  for (Index t = 0;; ++t) {
    while (going > 0 && lengths[static_cast<std::size_t>(going) - 1] <= t) --going;
    if (going == 0) return;
    active_.push_back(going);
    first_.push_back(rows_);
    rows_ += going;
  }
}

}  // namespace entivec
