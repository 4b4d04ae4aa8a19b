// The mean of what packed sequences have shown so far, after every event: a reader without a sense of order.
#pragma once

#include "entivec/nn/packing.h"

namespace entivec {

// x (rows, width) → y (rows, width). `state` (sequences, width + 1) holds the sums of the events before and, last, how
// many they were; it becomes the sums with these events.
void running_mean(const Packing& packing, ConstMatrixRef x, MatrixRef state, MatrixRef y);

// `state` as forward left it; it becomes what it was before. Overwrites `dx`. Events before the packed ones get no
// gradient.
void running_mean_backward(const Packing& packing, ConstMatrixRef dy, MatrixRef state, MatrixRef dx);

}  // namespace entivec
