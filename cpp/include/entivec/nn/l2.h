// Weight decay as a loss: rate · Σ w² over a kernel.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

// Adds 2 · rate · w to `grads`; returns rate · Σ w².
inline Scalar add_l2(Scalar rate, ConstMatrixRef w, MatrixRef grads) {
  grads += 2 * rate * w;
  return rate * w.squaredNorm();
}

}  // namespace entivec
