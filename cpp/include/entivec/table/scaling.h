// Numbers of a table → cells that a network likes.
//   u = (x − centre) / width,   squashed softly into (−3, 3) by u / √(1 + (u/3)²) where asked for,   (u − mean) / sd
// The same bits at every processor level: nothing is contracted into fused operations.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

struct Scaling {
  double centre, width;
  float mean, sd;  // of the squashed cells
};

// Scales the `n` numbers of a column, float or double at strides in bytes, into `cells`, at a stride in elements. NaN
// stays NaN. False where a number is infinite.
template <class Number>
bool scale(const Scaling& scaling, bool squash, Index n, const void* numbers, Index stride, float* cells,
           Index cell_stride);

}  // namespace entivec
