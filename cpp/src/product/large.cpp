#include "large.h"

#include "entivec/core/parallel.h"
#include "entivec/core/prefetch.h"
#include "panel.h"

namespace entivec::large_product {

namespace {

using tile::kLanes, tile::Packet;

constexpr Index kWide = 2 * kLanes;            // of a panel: with kDepth no more than the first cache
constexpr Index kDepth = 256, kRows = 256;     // of the left operand's block, at most: 256 kB
constexpr Index kApart = 64 / sizeof(Scalar);  // rows a power of two apart would share a cache's sets

// The product of `by` and a, copied with its rows or columns, whichever are whole, next to each other.
Strided pack_left(Scalar by, Strided a, Index rows, Index depth, Vector& to) {
  const bool whole_rows = a.col == 1;
  const Index outer = whole_rows ? rows : depth, inner = whole_rows ? depth : rows;
  const Index stride = (inner + kApart - 1) / kApart * kApart + kApart;
  if (to.size() < outer * stride) to.resize(outer * stride);
  using Strides = Eigen::OuterStride<>;
  Eigen::Map<Matrix, 0, Strides>(to.data(), outer, inner, Strides(stride)) =
      by * Eigen::Map<const Matrix, 0, Strides>(a.data, outer, inner, Strides(whole_rows ? a.row : a.col));
  return whole_rows ? Strided{to.data(), stride, 1} : Strided{to.data(), 1, stride};
}

// What is to be in the cache next: `runs` runs of `bytes`, a stride apart.
struct Ahead {
  const Scalar* data;
  Index runs, stride, bytes;

  EIGEN_ALWAYS_INLINE void fetch(Index begin, Index end) const {
    for (Index run = begin; run < std::min(end, runs); ++run) prefetch(data + run * stride, bytes);
  }
};

// c = start + a panel for all rows, fetching what is ahead a part before each tile.
template <int Vectors, class Packet = tile::Packet>
EIGEN_DONT_INLINE void set_strip(Index rows, Index depth, Strided start, Strided a, const Scalar* panel,
                                 const Ahead& ahead, Scalar* c, Index c_row) {
  constexpr Index kCols = Vectors * Index{sizeof(Packet) / sizeof(Scalar)};
  tile::for_each(rows, [&]<int Rows>(Index i) {
    ahead.fetch(i * ahead.runs / rows, (i + Rows) * ahead.runs / rows);
    if (start.data != c)
      for (Index r = 0; r < Rows; ++r) prefetch_to_write(c + (i + r) * c_row, kCols);
    tile::set<Rows, Vectors, Packet>(depth, block(start, i, 0), block(a, i, 0), panel, Vectors * kLanes, c + i * c_row,
                                     c_row);
  });
}

// c = start + a b, for at most kDepth of depth and kRows rows
void set_block(Index depth, Strided start, Strided a, Strided b, MatrixRef c) {
  thread_local Vector panel(kDepth * kWide), edge = Vector::Zero(kRows * kWide);
  const Index rows = c.rows(), cols = c.cols(), c_row = c.outerStride();
  for (Index j = 0; j < cols; j += kWide) {
    const Index own = std::min(kWide, cols - j), wide = own > kLanes ? kWide : kLanes;
    pack_panel(block(b, 0, j), depth, own, wide, panel.data());
    Ahead ahead{nullptr, 0, 0, 0};
    if (j + kWide < cols) {
      const Index width = std::min(kWide, cols - j - kWide);
      const bool whole_rows = b.col == 1;
      ahead = {block(b, 0, j + kWide).data, whole_rows ? depth : width, whole_rows ? b.row : b.col,
               (whole_rows ? width : depth) * Index{sizeof(Scalar)}};
    }
    const auto strip = wide == kWide             ? set_strip<2>
                       : own <= tile::kHalfLanes ? set_strip<1, tile::HalfPacket>
                                                 : set_strip<1>;
    if (own == wide) {
      strip(rows, depth, block(start, 0, j), a, panel.data(), ahead, c.data() + j, c_row);
    } else {
      const Strided sums{edge.data(), wide, 1};
      copy(rows, own, block(start, 0, j), edge.data(), wide);
      strip(rows, depth, sums, a, panel.data(), ahead, edge.data(), wide);
      copy(rows, own, sums, c.data() + j, c_row);
    }
  }
}

}  // namespace

void set(Scalar by, Index depth, Strided start, Strided a, Strided b, MatrixRef c) {
  if (depth == 0) return copy(c.rows(), c.cols(), start, c.data(), c.outerStride());
  thread_local Vector packed;
  const Index deep = equal_piece(depth, kDepth), high = equal_piece(c.rows(), kRows);
  for (Index p = 0; p < depth; p += deep) {
    const Index own_depth = std::min(deep, depth - p);
    for (Index i = 0; i < c.rows(); i += high) {
      const Index rows = std::min(high, c.rows() - i);
      const Strided left = pack_left(by, block(a, i, p), rows, own_depth, packed);
      set_block(own_depth, block(p == 0 ? start : strided(c), i, 0), left, block(b, p, 0), c.middleRows(i, rows));
    }
  }
}

}  // namespace entivec::large_product
