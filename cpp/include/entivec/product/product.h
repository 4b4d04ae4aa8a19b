// The large matrix products of the core, each compiled once: their templates are most of a build.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

enum class Precision : std::uint8_t { kFloat32, kBfloat16 };

// While it lives, the products of large matrices on its thread have this precision: kBfloat16 rounds their operands,
// and still sums in float32. Small matrices are not worth rounding. Nothing else of a computation changes.
class PrecisionScope {
 public:
  explicit PrecisionScope(Precision precision);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

  static Precision now();  // on this thread

 private:
  Precision former_;
};

// Whether this processor multiplies bfloat16 itself and this build can use it. Elsewhere operands are rounded and
// multiplied as float32: the same sums but for their order, and no gain.
bool has_bfloat16();

// c = a b, `row` added to every row
void set_product(ConstVectorRef row, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c = a bᵀ
void set_product_transposed(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c = aᵀ b
void set_transposed_product(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c += by · a b
void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c += by · a bᵀ
void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// c += by · aᵀ b
void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c);

// Lower triangle of c += aᵀ a
void add_gram(ConstMatrixRef a, MatrixRef c);

}  // namespace entivec
