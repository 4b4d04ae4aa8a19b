// Products of operands that stay in the cache, read where they lie: Eigen packs both first, which costs small nets a
// sixth of their products.
#pragma once

#include <algorithm>

#include "strided.h"

namespace entivec::small_product {

using Packet = Eigen::internal::packet_traits<Scalar>::type;
constexpr Index kLanes = Eigen::internal::packet_traits<Scalar>::size;
// Rows of a tile that is two vectors wide: its sums fill the registers but for a few.
constexpr int kTileRows = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 12 : 6;
constexpr Index kMostNumbers = 40'000;  // of a matrix: 160 kB
constexpr Index kFewestRows = 4;        // below, Eigen's product with a vector is faster

inline bool stays_in_cache(ConstMatrixRef a, ConstMatrixRef b, ConstMatrixRef c) {
  return std::max({a.size(), b.size(), c.size()}) <= kMostNumbers;
}

inline bool suits(ConstMatrixRef a, ConstMatrixRef b, ConstMatrixRef c) {
  return c.rows() >= kFewestRows && c.cols() >= kLanes && stays_in_cache(a, b, c);
}

// c += a b for a tile of c, `Rows` high and `Vectors` wide, summed in registers.
template <int Rows, int Vectors>
EIGEN_ALWAYS_INLINE void add_tile(Index depth, Strided a, const Scalar* b, Index b_row, Scalar* c, Index c_row) {
  using namespace Eigen::internal;
  Packet sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int v = 0; v < Vectors; ++v) sum[i][v] = ploadu<Packet>(c + i * c_row + v * kLanes);
  for (Index p = 0; p < depth; ++p, b += b_row) {
    Packet right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = ploadu<Packet>(b + v * kLanes);
    for (int i = 0; i < Rows; ++i) {
      const Packet own = pset1<Packet>(a.data[i * a.row + p * a.col]);
      for (int v = 0; v < Vectors; ++v) sum[i][v] = pmadd(own, right[v], sum[i][v]);
    }
  }
  for (int i = 0; i < Rows; ++i)
    for (int v = 0; v < Vectors; ++v) pstoreu(c + i * c_row + v * kLanes, sum[i][v]);
}

// Calls tile<Rows>(first row) for tiles that cover all rows.
template <class Tile>
EIGEN_ALWAYS_INLINE void for_each_tile(Index rows, const Tile& tile) {
  Index i = 0;
  const auto tiles = [&]<int Rows>() {
    for (; i + Rows <= rows; i += Rows) tile.template operator()<Rows>(i);
  };
  tiles.template operator()<kTileRows>();
  if constexpr (kTileRows > 8) tiles.template operator()<8>();
  tiles.template operator()<4>();
  tiles.template operator()<2>();
  tiles.template operator()<1>();
}

// Strips are functions of their own: within one that loops over them, the compiler runs out of registers.

// c += a b for all rows of `Vectors` vectors.
template <int Vectors>
EIGEN_DONT_INLINE void add_strip(Index rows, Index depth, Strided a, const Scalar* b, Index b_row, Scalar* c,
                                 Index c_row) {
  for_each_tile(rows, [&]<int Rows>(Index i) {
    add_tile<Rows, Vectors>(depth, {a.data + i * a.row, a.row, a.col}, b, b_row, c + i * c_row, c_row);
  });
}

// The same for one vector, the first `done` columns of which are left as they are.
EIGEN_DONT_INLINE inline void add_last_strip(Index rows, Index depth, Strided a, const Scalar* b, Index b_row,
                                             Scalar* c, Index c_row, Index done) {
  for_each_tile(rows, [&]<int Rows>(Index i) {
    Scalar sums[Rows * kLanes] = {};
    add_tile<Rows, 1>(depth, {a.data + i * a.row, a.row, a.col}, b, b_row, sums, kLanes);
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
