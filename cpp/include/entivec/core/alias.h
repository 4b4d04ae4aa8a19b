// Draws from a discrete distribution in constant time: the alias method (Walker 1977), built as in Vose 1991.
#pragma once

#include <cstdint>
#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// An outcome and what stands in for it where a draw falls above its share, `kept` of 2³².
struct AliasSlot {
  std::uint32_t kept;
  std::int32_t other;
};

// Builds tables one after the other in the same scratch memory.
class AliasBuilder {
 public:
  // slots[0 … count) for `weights` ≥ 0 of a positive sum.
  void build(const Scalar* weights, Index count, AliasSlot* slots);

 private:
  std::vector<double> share_;                // of an outcome, in multiples of 1 / count
  std::vector<std::int32_t> scarce_, rich_;  // outcomes below a whole share, and the others
};

// The top 64 bits of word · count choose the outcome, those below them whether it is kept.
inline Index draw_alias(const AliasSlot* slots, Index count, std::uint64_t word) {
  const auto wide = static_cast<__uint128_t>(word) * static_cast<std::uint64_t>(count);
  const auto outcome = static_cast<Index>(wide >> 64);
  const auto below = static_cast<std::uint32_t>(static_cast<std::uint64_t>(wide) >> 32);
  return below < slots[outcome].kept ? outcome : slots[outcome].other;
}

}  // namespace entivec
