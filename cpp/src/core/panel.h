// Columns of a right operand, packed so that a tile reads them vector by vector.
#pragma once

#include "tile.h"

namespace entivec {

// to[p · to_row + q] = from[q · from_row + p] for a square of kLanes. A template, as GCC warns of attributes of the
// vector's own type that a class template ignores.
template <class Vectors>
EIGEN_ALWAYS_INLINE void turn(const Scalar* from, Index from_row, Scalar* to, Index to_row) {
  using namespace Eigen::internal;
  PacketBlock<Vectors, tile::kLanes> block;
  for (Index q = 0; q < tile::kLanes; ++q) block.packet[q] = ploadu<Vectors>(from + q * from_row);
  ptranspose(block);
  for (Index q = 0; q < tile::kLanes; ++q) pstore(to + q * to_row, block.packet[q]);
}

// to[p · wide + j] = b(p, j), j < cols, then zeros to `wide`, whole vectors.
inline void pack_panel(Strided b, Index depth, Index cols, Index wide, Scalar* to) {
  using Eigen::internal::ploadu, Eigen::internal::pstore;
  using tile::kLanes, tile::Packet;
  const auto by_number = [&](Index p, Index j, Index lanes) {
    for (Index q = 0; q < lanes; ++q)
      to[p * wide + j + q] = j + q < cols ? b.data[p * b.row + (j + q) * b.col] : Scalar(0);
  };
  Index j = 0;
  for (; j + kLanes <= cols; j += kLanes) {
    const Strided own = block(b, 0, j);
    Index p = 0;
    if (b.col == 1) {
      for (; p < depth; ++p) pstore(to + p * wide + j, ploadu<Packet>(own.data + p * own.row));
    } else {
      for (; p + kLanes <= depth; p += kLanes) turn<Packet>(own.data + p, own.col, to + p * wide + j, wide);
    }
    for (; p < depth; ++p) by_number(p, j, kLanes);
  }
  if (j < wide)
    for (Index p = 0; p < depth; ++p) by_number(p, j, wide - j);
}

}  // namespace entivec
