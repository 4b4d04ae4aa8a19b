// The large matrix products of the core, each compiled once: their templates are most of a build.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

// c += by · a b
void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c += by · a bᵀ
void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c += by · aᵀ b
void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// Lower triangle of c += aᵀ a
void add_gram(ConstMatrixRef a, MatrixRef c);

}  // namespace entivec
