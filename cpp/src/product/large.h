// Products of operands larger than the cache, in tiles held in registers over packed panels of the right operand (Goto
// & van de Geijn 2008, "Anatomy of high-performance matrix multiplication"). While one panel is multiplied the next is
// fetched: in a training the kernels come from memory, which costs Eigen's packing a tenth of the time.
#pragma once

#include "strided.h"

namespace entivec::large_product {

// c = start + by · a b, where start may be c
void set(Scalar by, Index depth, Strided start, Strided a, Strided b, MatrixRef c);

}  // namespace entivec::large_product
