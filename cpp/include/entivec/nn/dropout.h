// Inverted dropout, folded into an activation and its slope.
#pragma once

#include "entivec/core/rng.h"
#include "entivec/core/types.h"

namespace entivec {

// What a training step adds to a forward pass: dropout and where in the training the batch stands. A pass without
// one is deterministic inference.
struct Dropout {
  Scalar rate = 0;
  std::uint64_t seed = 0;
  std::uint64_t position = 0;  // number of the batch's first row within the whole training
};

// Multiplies `h`, `slope` and `curvature` (which may be empty) by 0 or 1/(1 − rate), so that backward
// (dx = dy ∘ slope) needs no code of its own. `layer` keeps the masks of different layers apart.
void drop(const Dropout& dropout, std::uint32_t layer, MatrixRef h, MatrixRef slope, MatrixRef curvature);

}  // namespace entivec
