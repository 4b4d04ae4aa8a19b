// Random ±1 vectors: E ‖Jᵀu‖² = ‖J‖²_F (Hoffman, Roberts & Yaida 2019).
#pragma once

#include "entivec/core/rng.h"

namespace entivec {

// Probe q of a row, as a function of the seed and of the row's number within the whole training. u has stride one.
inline void probe(std::uint64_t seed, std::uint64_t row, Index q, VectorRef u) {
  const Random random(seed, Stream::kProbe, static_cast<std::uint32_t>(q));
  RandomWords words(random, row << 20);
  std::uint32_t bits = 0;
  for (Index i = 0; i < u.size(); ++i) {
    if (i % 32 == 0) bits = words();
    u[i] = ((bits >> (i % 32)) & 1u) != 0 ? Scalar(1) : Scalar(-1);
  }
}

}  // namespace entivec
