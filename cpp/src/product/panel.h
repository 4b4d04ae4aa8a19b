// Columns of a right operand, packed so that a tile reads them vector by vector.
#pragma once

#include "tile.h"

namespace entivec {

// to[p · to_row + q] = from[q · from_row + p], q < count, for a square of kLanes that is zero elsewhere. A template, as
// GCC warns of attributes of the vector's own type that a class template ignores.
template <class Vectors>
EIGEN_ALWAYS_INLINE void turn(const Scalar* from, Index from_row, Index count, Scalar* to, Index to_row) {
  using namespace Eigen::internal;
  PacketBlock<Vectors, tile::kLanes> block;
  for (Index q = 0; q < tile::kLanes; ++q)
    block.packet[q] = q < count ? ploadu<Vectors>(from + q * from_row) : pset1<Vectors>(0);
  ptranspose(block);
  for (Index q = 0; q < tile::kLanes; ++q) pstore(to + q * to_row, block.packet[q]);
}

// to[p · wide + j] = b(p, j), j < cols, then zeros to `wide`, whole vectors.
inline void pack_panel(Strided b, Index depth, Index cols, Index wide, Scalar* to) {
  using namespace Eigen::internal;
  using tile::kLanes, tile::Packet;
  for (Index j = 0; j < wide; j += kLanes, to += kLanes) {
    const Strided own = block(b, 0, j);
    const Index count = std::clamp<Index>(cols - j, 0, kLanes);
    if (b.col != 1 && depth >= kLanes) {
      for (Index p = 0; p < depth; p += kLanes) {
        const Index at = std::min(p, depth - kLanes);  // the last square overlaps
        turn<Packet>(own.data + at, own.col, count, to + at * wide, wide);
      }
    } else if (b.col == 1 && count == kLanes) {
      for (Index p = 0; p < depth; ++p) pstore(to + p * wide, ploadu<Packet>(own.data + p * own.row));
    } else {
      for (Index p = 0; p < depth; ++p) {
        pstore(to + p * wide, pset1<Packet>(0));
        for (Index q = 0; q < count; ++q) to[p * wide + q] = own.data[p * own.row + q * own.col];
      }
    }
  }
}

}  // namespace entivec
