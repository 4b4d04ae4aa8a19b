#include "entivec/table/scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

namespace entivec {

namespace {

constexpr Index kNumbers = 256;  // numbers whose temporaries stay in the first cache
constexpr double kBend = 3.0;
constexpr double kFar = 1e9;  // where numbers end that are squashed; keeps u² finite
constexpr double kLargest = std::numeric_limits<float>::max();

// As std::clamp, but vectorised, and NaN stays.
double clamp(double u, double most) { return u < -most ? -most : (u > most ? most : u); }

void draw_in(Squash squash, std::size_t count, double* u) {
  constexpr double curvature = 1 / (kBend * kBend);
  if (squash == Squash::kBounded)
    for (std::size_t i = 0; i < count; ++i) u[i] /= std::sqrt(u[i] * u[i] * curvature + 1);
  if (squash == Squash::kRoot)
    for (std::size_t i = 0; i < count; ++i) u[i] /= std::sqrt(std::sqrt(u[i] * u[i] * curvature + 1) * 0.5 + 0.5);
}

}  // namespace

template <class Number>
bool scale(const Scaling& scaling, Squash squash, Index n, const void* numbers, Index stride, float* cells,
           Index cell_stride) {
  std::array<double, kNumbers> u;
  std::array<float, kNumbers> cell;
  const auto* from = static_cast<const std::byte*>(numbers);
  const double most = squash == Squash::kNone ? kLargest : kFar;
  double outside = 0;
  for (Index first = 0; first < n; first += kNumbers) {
    const Index size = std::min(kNumbers, n - first);
    const auto count = static_cast<std::size_t>(size);
    for (Index i = 0; i < size; ++i) {
      Number number;
      std::memcpy(&number, from + (first + i) * stride, sizeof(number));  // columns of packed records are not aligned
      u[static_cast<std::size_t>(i)] = number;
    }
    for (std::size_t i = 0; i < count; ++i) {
      outside += std::abs(u[i]) > std::numeric_limits<double>::max() ? 1.0 : 0.0;
      u[i] = clamp((u[i] - scaling.centre) / scaling.width, most);
    }
    draw_in(squash, count, u.data());
    for (std::size_t i = 0; i < count; ++i) cell[i] = (static_cast<float>(u[i]) - scaling.mean) / scaling.sd;
    for (Index i = 0; i < size; ++i) cells[(first + i) * cell_stride] = cell[static_cast<std::size_t>(i)];
  }
  return outside == 0;
}

template bool scale<float>(const Scaling&, Squash, Index, const void*, Index, float*, Index);
template bool scale<double>(const Scaling&, Squash, Index, const void*, Index, float*, Index);

}  // namespace entivec
