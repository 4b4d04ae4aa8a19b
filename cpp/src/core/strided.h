#pragma once

#include "entivec/core/types.h"

namespace entivec {

// A matrix by the distances of its neighbouring rows and columns, one of which is 1, so that a transposed one is no
// other case.
struct Strided {
  const Scalar* data;
  Index row, col;
};

inline Strided block(Strided m, Index row, Index col) { return {m.data + row * m.row + col * m.col, m.row, m.col}; }
inline Strided strided(ConstMatrixRef m) { return {m.data(), m.outerStride(), 1}; }
inline Strided transposed(ConstMatrixRef m) { return {m.data(), 1, m.outerStride()}; }

}  // namespace entivec
