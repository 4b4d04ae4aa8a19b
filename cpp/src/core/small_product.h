// Products of operands that stay in the cache, read where they lie: Eigen packs both first, which costs small nets a
// sixth of their products.
#pragma once

#include "panel.h"

namespace entivec::small_product {

using tile::kLanes;
constexpr Index kMostNumbers = 40'000;  // of a matrix: 160 kB
constexpr Index kFewestRows = 4;        // below, Eigen's product with a vector is faster
constexpr Index kDeepest = 512;         // of a transposed right operand, which is packed

inline bool stays_in_cache(Index depth, ConstMatrixRef c) {
  return std::max({c.rows() * depth, depth * c.cols(), c.size()}) <= kMostNumbers;
}

// Whether this is the fastest way to c = start + a b of a size that stays in the cache.
inline bool suits(Index depth, Strided b, ConstMatrixRef c) {
  return c.rows() >= kFewestRows && c.cols() >= kLanes && (b.col == 1 || depth <= kDeepest);
}

// Strips are functions of their own: within one that loops over them, the compiler runs out of registers.

// c = start + a b for all rows of `Vectors` vectors.
template <int Vectors>
EIGEN_DONT_INLINE void set_strip(Index rows, Index depth, Strided start, Strided a, const Scalar* b, Index b_row,
                                 Scalar* c, Index c_row) {
  tile::for_each(rows, [&]<int Rows>(Index i) {
    tile::set<Rows, Vectors>(depth, block(start, i, 0), block(a, i, 0), b, b_row, c + i * c_row, c_row);
  });
}

// The same for the columns first … end of one vector.
template <class Packet>
EIGEN_DONT_INLINE void set_part_strip(Index rows, Index depth, Strided start, Strided a, const Scalar* b, Index b_row,
                                      Scalar* c, Index c_row, Index first, Index end) {
  constexpr Index kLanes = sizeof(Packet) / sizeof(Scalar);
  tile::for_each(rows, [&]<int Rows>(Index i) {
    Scalar sums[Rows * kLanes];
    tile::set<Rows, 1, Packet>(depth, tile::zeros(), block(a, i, 0), b, b_row, sums, kLanes);
    set_sum(Rows, end - first, block(start, i, first), {sums + first, kLanes, 1}, c + i * c_row + first, c_row);
  });
}

// c = start + a b, where start may be c
inline void set(Index depth, Strided start, Strided a, Strided b, MatrixRef c) {
  const Index rows = c.rows(), cols = c.cols(), c_row = c.outerStride();
  alignas(64) Scalar panel[kDeepest * 2 * kLanes];
  Index j = 0;
  // The operand of the next strip, its columns next to each other.
  const auto right = [&](Index wide) -> Strided {
    if (b.col == 1) return block(b, 0, j);
    pack_panel(block(b, 0, j), depth, std::min(wide, cols - j), wide, panel);
    return {panel, wide, 1};
  };
  for (; j + 2 * kLanes <= cols; j += 2 * kLanes) {
    const Strided own = right(2 * kLanes);
    set_strip<2>(rows, depth, block(start, 0, j), a, own.data, own.row, c.data() + j, c_row);
  }
  for (; j + kLanes <= cols; j += kLanes) {
    const Strided own = right(kLanes);
    set_strip<1>(rows, depth, block(start, 0, j), a, own.data, own.row, c.data() + j, c_row);
  }
  if (j == cols) return;
  const bool half = cols - j <= tile::kHalfLanes;  // the shorter, the faster
  const Index first = b.col == 1 ? j + (half ? tile::kHalfLanes : kLanes) - cols : 0;
  const Index end = first + cols - j;
  j -= first;  // what lies beside b must not be read
  const Strided own = right(kLanes);
  const auto strip = half ? set_part_strip<tile::HalfPacket> : set_part_strip<tile::Packet>;
  strip(rows, depth, block(start, 0, j), a, own.data, own.row, c.data() + j, c_row, first, end);
}

}  // namespace entivec::small_product
