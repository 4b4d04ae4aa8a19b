// Numbers of a table → cells that a network likes.
//   u = (x − centre) / width,   v = squash(u),   (v − mean) / sd
// The same bits at every processor level: nothing is contracted into fused operations.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

struct Scaling {
  double centre, width;
  float mean, sd;  // of the squashed cells
};

// What lies far out is drawn in, so that a few cells do not rule their column, with g = √(1 + (u/3)²):
//   kRoot     u / √((1 + g) / 2)   like u near zero, like √(6 u) far out: the inverse, v √(1 + (v/6)²), stays gentle
//   kBounded  u / g                into (−3, 3), as models of before did: nothing comes back from near the bounds
enum class Squash { kNone, kRoot, kBounded };

// Scales the `n` numbers of a column, float or double at strides in bytes, into `cells`, at a stride in elements. NaN
// stays NaN. False where a number is infinite.
template <class Number>
bool scale(const Scaling& scaling, Squash squash, Index n, const void* numbers, Index stride, float* cells,
           Index cell_stride);

}  // namespace entivec
