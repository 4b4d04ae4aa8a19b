#include "bfloat16.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// 1 for a build in float alone.
#define ENTIVEC_IS_float 1
#define ENTIVEC_JOINED(first, second) first##second
#define ENTIVEC_IS(scalar) ENTIVEC_JOINED(ENTIVEC_IS_, scalar)

#if ENTIVEC_IS(ENTIVEC_SCALAR) && defined(__GNUC__) && defined(__AVX512F__) && defined(__AVX512BW__) && \
    defined(__AVX512VL__)
#define ENTIVEC_BFLOAT16 1  // Eigen has included the intrinsics
#endif

namespace entivec::bfloat16_product {

namespace {

// To the nearest bfloat16, ties to even.
Scalar rounded(Scalar value) {
  const auto single = static_cast<float>(value);
  if (!std::isfinite(single)) return value;
  std::uint32_t bits = 0;
  std::memcpy(&bits, &single, sizeof bits);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
  float upper = 0;
  std::memcpy(&upper, &bits, sizeof upper);
  return static_cast<Scalar>(upper);
}

Matrix rounded(Index rows, Index cols, Strided m) {
  return Matrix::NullaryExpr(rows, cols, [m](Index i, Index j) { return rounded(m.data[i * m.row + j * m.col]); });
}

#ifdef ENTIVEC_BFLOAT16

// For functions of this processor alone, within a build for all of level v4.
#define ENTIVEC_WITH_BFLOAT16 __attribute__((target("avx512bf16")))

using Pair = std::uint32_t;  // two neighbours in depth, the first in the low half
using Pairs = Eigen::Matrix<Pair, Eigen::Dynamic, 1>;

constexpr int kLanes = 16;
constexpr Index kWide = 2 * kLanes;  // of a panel
constexpr int kTileRows = 12;        // 24 vectors of sums, of 32 registers
constexpr Index kDepth = 512;        // in one go: a panel is 32 kB

constexpr Index whole_vectors(Index size) { return (size + kLanes - 1) / kLanes * kLanes; }

__mmask16 first_lanes(Index count) { return static_cast<__mmask16>((1U << std::clamp<Index>(count, 0, kLanes)) - 1); }

// The pairs of two rows: pairs[j] = (first[j], second[j]), j < count, then zeros to a whole vector.
ENTIVEC_WITH_BFLOAT16 void pair_rows(const float* first, const float* second, Index count, Pair* pairs) {
  for (Index j = 0; j < count; j += kLanes) {
    const __mmask16 lanes = first_lanes(count - j);
    const auto half = [&](const float* row) ENTIVEC_WITH_BFLOAT16 {
      const __m512 values = row ? _mm512_maskz_loadu_ps(lanes, row + j) : _mm512_setzero_ps();
      return _mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values)));
    };
    _mm512_storeu_si512(pairs + j, _mm512_or_si512(half(first), _mm512_slli_epi32(half(second), 16)));
  }
}

// The pairs along a row: pairs[q] = (row[2q], row[2q + 1]), a last one filled with zero, then zeros to a whole vector.
ENTIVEC_WITH_BFLOAT16 void pair_along(const float* row, Index depth, Pair* pairs) {
  for (Index p = 0; p < depth; p += 2 * kLanes) {
    const auto half = [&](Index from) ENTIVEC_WITH_BFLOAT16 {
      return reinterpret_cast<__m256i>(
          _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(first_lanes(depth - from), row + from)));
    };
    _mm512_storeu_si512(pairs + p / 2, _mm512_inserti64x4(_mm512_castsi256_si512(half(p)), half(p + kLanes), 1));
  }
}

// panel[q · kWide + j]: the pairs q of columns j < cols ≤ kWide of b.
ENTIVEC_WITH_BFLOAT16 void pack_panel(Strided b, Index depth, Index cols, Pair* panel) {
  if (b.col == 1) {
    for (Index p = 0; p < depth; p += 2) {
      const float* row = b.data + p * b.row;
      pair_rows(row, p + 1 < depth ? row + b.row : nullptr, cols, panel + p / 2 * kWide);
    }
    return;
  }
  alignas(64) Pair along[kLanes][kLanes] = {};
  for (Index j = 0; j < cols; j += kLanes) {
    const Index own = std::min<Index>(kLanes, cols - j);
    for (Index p = 0; p < depth; p += 2 * kLanes) {
      for (Index i = 0; i < own; ++i)
        pair_along(b.data + (j + i) * b.col + p, std::min<Index>(2 * kLanes, depth - p), along[i]);
      Eigen::internal::PacketBlock<Eigen::internal::Packet16f, kLanes> block;
      for (int i = 0; i < kLanes; ++i) block.packet[i] = _mm512_castsi512_ps(_mm512_load_si512(along[i]));
      Eigen::internal::ptranspose(block);
      const Index pairs = std::min<Index>(kLanes, (depth - p + 1) / 2);
      for (Index q = 0; q < pairs; ++q)
        _mm512_storeu_ps(reinterpret_cast<float*>(panel + (p / 2 + q) * kWide + j), block.packet[q]);
    }
  }
}

// A block of a as pairs: the pair q of row i at data[i * row + q * pair]. Its stride is no power of two, of which few
// rows would share a cache's sets.
struct Block {
  const Pair* data;
  Index row, pair;
};

ENTIVEC_WITH_BFLOAT16 Block pack_block(Strided a, Index rows, Index depth, Pairs& to) {
  const Index pairs = (depth + 1) / 2, stride = whole_vectors(a.col == 1 ? pairs : rows) + kLanes;
  const Index needed = stride * (a.col == 1 ? rows : pairs);
  if (to.size() < needed) to.resize(needed);
  if (a.col == 1) {
    for (Index i = 0; i < rows; ++i) pair_along(a.data + i * a.row, depth, to.data() + i * stride);
    return {to.data(), stride, 1};
  }
  for (Index p = 0; p < depth; p += 2) {
    const float* row = a.data + p * a.col;
    pair_rows(row, p + 1 < depth ? row + a.col : nullptr, rows, to.data() + p / 2 * stride);
  }
  return {to.data(), 1, stride};
}

// c += by · a panel for a tile of c, `Rows` high and at most `Vectors` wide.
template <int Rows, int Vectors>
ENTIVEC_WITH_BFLOAT16 void add_tile(float by, Index pairs, Block a, const Pair* panel, Index cols, float* c,
                                    Index c_row) {
  __m512 sum[Rows][Vectors];
  for (int i = 0; i < Rows; ++i)
    for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_setzero_ps();
  for (Index q = 0; q < pairs; ++q, panel += kWide) {
    __m512bh right[Vectors];
    for (int v = 0; v < Vectors; ++v) right[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(panel + v * kLanes));
    for (int i = 0; i < Rows; ++i) {
      const auto own = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a.data[i * a.row + q * a.pair])));
      for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_dpbf16_ps(sum[i][v], own, right[v]);
    }
  }
  const __m512 factor = _mm512_set1_ps(by);
  for (int v = 0; v < Vectors; ++v) {
    const __mmask16 lanes = first_lanes(cols - v * kLanes);
    for (int i = 0; i < Rows; ++i) {
      float* to = c + i * c_row + v * kLanes;
      _mm512_mask_storeu_ps(to, lanes, _mm512_fmadd_ps(factor, sum[i][v], _mm512_maskz_loadu_ps(lanes, to)));
    }
  }
}

template <int Vectors>
ENTIVEC_WITH_BFLOAT16 __attribute__((noinline)) void add_strip(float by, Index rows, Index pairs, Block a,
                                                               const Pair* panel, Index cols, float* c, Index c_row) {
  Index i = 0;
  const auto tiles = [&]<int Rows>() ENTIVEC_WITH_BFLOAT16 {
    for (; i + Rows <= rows; i += Rows)
      add_tile<Rows, Vectors>(by, pairs, {a.data + i * a.row, a.row, a.pair}, panel, cols, c + i * c_row, c_row);
  };
  tiles.template operator()<kTileRows>();
  tiles.template operator()<8>();
  tiles.template operator()<4>();
  tiles.template operator()<1>();
}

void add_native(float by, Index depth, Strided a, Strided b, MatrixRef c) {
  thread_local Pairs left_pairs;
  thread_local Pairs panel(kDepth / 2 * kWide);
  const Index c_row = c.outerStride();
  for (Index p = 0; p < depth; p += kDepth) {
    const Index own = std::min(kDepth, depth - p), pairs = (own + 1) / 2;
    const Block left = pack_block(block(a, 0, p), c.rows(), own, left_pairs);
    for (Index j = 0; j < c.cols(); j += kWide) {
      const Index cols = std::min(kWide, c.cols() - j);
      pack_panel(block(b, p, j), own, cols, panel.data());
      const auto strip = cols > kLanes ? add_strip<2> : add_strip<1>;
      strip(by, c.rows(), pairs, left, panel.data(), cols, c.data() + j, c_row);
    }
  }
}

#endif

}  // namespace

bool native() {
#ifdef ENTIVEC_BFLOAT16
  static const bool has = __builtin_cpu_supports("avx512bf16") != 0;
  return has;
#else
  return false;
#endif
}

void add(Scalar by, Index depth, Strided a, Strided b, MatrixRef c) {
#ifdef ENTIVEC_BFLOAT16
  if (native()) return add_native(by, depth, a, b, c);
#endif
  c.noalias() += by * rounded(c.rows(), depth, a) * rounded(depth, c.cols(), b);
}

}  // namespace entivec::bfloat16_product
