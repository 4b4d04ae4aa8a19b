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

// c = a + b
inline void set_sum(Index rows, Index cols, Strided a, Strided b, Scalar* c, Index c_row) {
  const auto at = [](Strided m, Index i, Index j) { return m.data[i * m.row + j * m.col]; };
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; ++j) c[i * c_row + j] = at(a, i, j) + at(b, i, j);
}

}  // namespace entivec
