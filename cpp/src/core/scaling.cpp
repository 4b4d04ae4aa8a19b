#include "entivec/core/scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

namespace entivec {

namespace {

constexpr Index kPiece = 256;  // numbers whose temporaries stay in the first cache
constexpr double kBend = 3.0;
constexpr double kFar = 1e9;  // squashed to 3 in float already; keeps u² finite
constexpr double kLargest = std::numeric_limits<float>::max();

// As std::clamp, but vectorised, and NaN stays.
double clamp(double u, double most) { return u < -most ? -most : (u > most ? most : u); }

}  // namespace

bool scale(const Scaling& scaling, bool squash, Index n, const void* numbers, Index stride, float* cells,
           Index cell_stride) {
  std::array<double, kPiece> u;
  std::array<float, kPiece> cell;
  const auto* from = static_cast<const std::byte*>(numbers);
  bool infinite = false;
  for (Index first = 0; first < n; first += kPiece) {
    const Index size = std::min(kPiece, n - first);
    // Columns of packed records are not aligned.
    for (Index i = 0; i < size; ++i) std::memcpy(&u[static_cast<std::size_t>(i)], from + (first + i) * stride, 8);
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
      infinite |= std::abs(u[i]) > std::numeric_limits<double>::max();
      double v = clamp((u[i] - scaling.centre) / scaling.width, squash ? kFar : kLargest);
      if (squash) v /= std::sqrt(v * v * (1 / (kBend * kBend)) + 1);
      cell[i] = (static_cast<float>(v) - scaling.mean) / scaling.sd;
    }
    for (Index i = 0; i < size; ++i) cells[(first + i) * cell_stride] = cell[static_cast<std::size_t>(i)];
  }
  return !infinite;
}

}  // namespace entivec
