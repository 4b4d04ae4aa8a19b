#pragma once

#include "entivec/core/types.h"

namespace entivec {

// A matrix by the distances of its neighbouring rows and columns, one of which is 1, so that a transposed one is no
// other case. Where a product starts, 0 stands for rows or columns that are all the same.
struct Strided {
  const Scalar* data;
  Index row, col;
};

inline Strided block(Strided m, Index row, Index col) { return {m.data + row * m.row + col * m.col, m.row, m.col}; }
inline Strided strided(ConstMatrixRef m) { return {m.data(), m.outerStride(), 1}; }
inline Strided transposed(ConstMatrixRef m) { return {m.data(), 1, m.outerStride()}; }

// c = a
inline void copy(Index rows, Index cols, Strided a, Scalar* c, Index c_row) {
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) c[i * c_row + j] = a.data[i * a.row + j * a.col];
}

}  // namespace entivec
