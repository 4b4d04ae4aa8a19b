// Products whose operands are rounded to bfloat16, the upper half of a float32, and whose sums are float32.
#pragma once

#include "strided.h"

namespace entivec::bfloat16_product {

bool native();  // has_bfloat16

// c += by · a b, a (c.rows(), depth) and b (depth, c.cols())
void add(Scalar by, Index depth, Strided a, Strided b, MatrixRef c);

}  // namespace entivec::bfloat16_product
