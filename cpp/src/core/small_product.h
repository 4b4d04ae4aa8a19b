// Products of operands that stay in the cache, read where they lie: Eigen packs both first, which costs small nets a
// sixth of their products.
#pragma once

#include "tile.h"

namespace entivec::small_product {

using tile::kLanes;
constexpr Index kMostNumbers = 40'000;  // of a matrix: 160 kB
constexpr Index kFewestRows = 4;        // below, Eigen's product with a vector is faster

inline bool stays_in_cache(Index depth, ConstMatrixRef c) {
  return std::max({c.rows() * depth, depth * c.cols(), c.size()}) <= kMostNumbers;
}

inline bool suits(Index depth, ConstMatrixRef c) {
  return c.rows() >= kFewestRows && c.cols() >= kLanes && stays_in_cache(depth, c);
}

// Strips are functions of their own: within one that loops over them, the compiler runs out of registers.

// c += a b for all rows of `Vectors` vectors.
template <int Vectors>
EIGEN_DONT_INLINE void add_strip(Index rows, Index depth, Strided a, const Scalar* b, Index b_row, Scalar* c,
                                 Index c_row) {
  tile::for_each<tile::rows_of(Vectors)>(rows, [&]<int Rows>(Index i) {
    tile::add<Rows, Vectors>(depth, block(a, i, 0), b, b_row, c + i * c_row, c_row);
  });
}

// The same for one vector, the first `done` columns of which are left as they are.
EIGEN_DONT_INLINE inline void add_last_strip(Index rows, Index depth, Strided a, const Scalar* b, Index b_row,
                                             Scalar* c, Index c_row, Index done) {
  tile::for_each<tile::rows_of(1)>(rows, [&]<int Rows>(Index i) {
    Scalar sums[Rows * kLanes] = {};
    tile::add<Rows, 1>(depth, block(a, i, 0), b, b_row, sums, kLanes);
    for (Index r = 0; r < Rows; ++r)
      for (Index j = done; j < kLanes; ++j) c[(i + r) * c_row + j] += sums[r * kLanes + j];
  });
}

// c += a b
inline void add(Index depth, Strided a, ConstMatrixRef b, MatrixRef c) {
  const Index rows = c.rows(), cols = c.cols(), b_row = b.outerStride(), c_row = c.outerStride();
  Index j = 0;
  for (; j + 2 * kLanes <= cols; j += 2 * kLanes)
    add_strip<2>(rows, depth, a, b.data() + j, b_row, c.data() + j, c_row);
  for (; j + kLanes <= cols; j += kLanes) add_strip<1>(rows, depth, a, b.data() + j, b_row, c.data() + j, c_row);
  const Index last = cols - kLanes;
  if (j < cols) add_last_strip(rows, depth, a, b.data() + last, b_row, c.data() + last, c_row, j - last);
}

}  // namespace entivec::small_product
