// Products of operands that stay in the cache, read where they lie: packing them costs small nets a sixth of their
// products.
#pragma once

#include "panel.h"

namespace entivec::small_product {

using tile::kLanes, tile::kRowVectors;
constexpr Index kMostNumbers = 40'000;  // of a matrix: 160 kB
constexpr Index kDeepest = 512;         // of a right operand that is packed

inline bool stays_in_cache(Index depth, ConstMatrixRef c) {
  return std::max({c.rows() * depth, depth * c.cols(), c.size()}) <= kMostNumbers;
}

// Whether whole vectors can be read from the rows of b; else it is packed.
inline bool has_whole_vectors(Strided b, ConstMatrixRef c) { return b.col == 1 && c.cols() >= kLanes; }

// Whether this is the fastest way to c = start + a b. One tile high, it reads b once, wherever that lies.
inline bool suits(Index depth, Strided b, ConstMatrixRef c) {
  if (has_whole_vectors(b, c)) return c.rows() <= tile::kRows || stays_in_cache(depth, c);
  return depth <= kDeepest && stays_in_cache(depth, c);
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

// The same for a single row.
EIGEN_DONT_INLINE inline void set_row(Index depth, Strided start, Strided a, const Scalar* b, Index b_row, Scalar* c) {
  tile::set<1, kRowVectors>(depth, start, a, b, b_row, c, 0);
}

// The same for the columns first … end of one vector.
template <class Packet>
EIGEN_DONT_INLINE void set_part_strip(Index rows, Index depth, Strided start, Strided a, const Scalar* b, Index b_row,
                                      Scalar* c, Index c_row, Index first, Index end) {
  constexpr Index kLanes = sizeof(Packet) / sizeof(Scalar);
  tile::for_each(rows, [&]<int Rows>(Index i) {
    Scalar sums[Rows * kLanes] = {};
    const Strided own{sums, kLanes, 1};
    copy(Rows, end - first, block(start, i, first), sums + first, kLanes);
    tile::set<Rows, 1, Packet>(depth, own, block(a, i, 0), b, b_row, sums, kLanes);
    copy(Rows, end - first, block(own, 0, first), c + i * c_row + first, c_row);
  });
}

// c = start + a b, where start may be c
inline void set(Index depth, Strided start, Strided a, Strided b, MatrixRef c) {
  const Index rows = c.rows(), cols = c.cols(), c_row = c.outerStride();
  const bool in_place = has_whole_vectors(b, c);
  alignas(64) Scalar panel[kDeepest * 2 * kLanes];
  Index j = 0;
  // The operand of the next strip, its columns next to each other.
  const auto right = [&](Index wide) -> Strided {
    if (in_place) return block(b, 0, j);
    pack_panel(block(b, 0, j), depth, std::min(wide, cols - j), wide, panel);
    return {panel, wide, 1};
  };
  for (; rows == 1 && in_place && j + kRowVectors * kLanes <= cols; j += kRowVectors * kLanes)
    set_row(depth, block(start, 0, j), a, b.data + j, b.row, c.data() + j);
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
  const Index first = in_place ? j + (half ? tile::kHalfLanes : kLanes) - cols : 0;
  const Index end = first + cols - j;
  j -= first;  // what lies beside b must not be read
  const Strided own = right(kLanes);
  const auto strip = half ? set_part_strip<tile::HalfPacket> : set_part_strip<tile::Packet>;
  strip(rows, depth, block(start, 0, j), a, own.data, own.row, c.data() + j, c_row, first, end);
}

}  // namespace entivec::small_product
