// A tile of c = start + a b whose sums stay in registers: what the products of our own are made of.
#pragma once

#include <algorithm>

#include "strided.h"

namespace entivec::tile {

using Packet = Eigen::internal::packet_traits<Scalar>::type;
using HalfPacket = Eigen::internal::packet_traits<Scalar>::half;  // the same where there is no shorter one
constexpr Index kLanes = Eigen::internal::packet_traits<Scalar>::size;
constexpr Index kHalfLanes = sizeof(HalfPacket) / sizeof(Scalar);

// Of a tile, at most. Twice as many are slower even where there are registers for their sums: the processor has less to
// do while it loads and stores them.
constexpr int kRows = 6;

// Of a tile of one row, at most: sums that do not wait for each other.
constexpr int kRowVectors = 6;

// c = start + a b for a tile of c, `Rows` high and `Vectors` wide, summed in registers.
template <int Rows, int Vectors, class Packet = tile::Packet>
EIGEN_ALWAYS_INLINE void set(Index depth, Strided start, Strided a, const Scalar* b, Index b_row, Scalar* c,
                             Index c_row) {
  using namespace Eigen::internal;
  constexpr Index kLanes = sizeof(Packet) / sizeof(Scalar);
  Packet sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int v = 0; v < Vectors; ++v) sum[i][v] = ploadu<Packet>(start.data + i * start.row + v * kLanes);
#pragma GCC unroll 4
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

// Zeros of any size, for a tile to start from: its rows are one, its columns no wider than the widest tile.
inline constexpr Scalar kZeros[kRowVectors * kLanes] = {};
inline Strided zeros() { return {kZeros, 0, 0}; }

// Calls tile<Rows>(first row) for tiles that cover all rows.
template <class Tile>
EIGEN_ALWAYS_INLINE void for_each(Index rows, const Tile& tile) {
  Index i = 0;
  const auto tiles = [&]<int Rows> {
    for (; i + Rows <= rows; i += Rows) tile.template operator()<Rows>(i);
  };
  tiles.template operator()<kRows>();
  tiles.template operator()<4>();
  tiles.template operator()<2>();
  tiles.template operator()<1>();
}

}  // namespace entivec::tile
