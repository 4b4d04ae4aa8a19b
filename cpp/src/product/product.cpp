#include "entivec/product/product.h"

#include "bfloat16.h"
#include "large.h"
#include "small.h"

namespace entivec {

namespace {

thread_local Precision precision_now = Precision::kFloat32;

// c = start + by · a b, every element of float32 summed in one order whatever the size of c: that of `depth`.
void set(Scalar by, Index depth, Strided start, Strided a, Strided b, MatrixRef c) {
  if (by == 1 && small_product::suits(depth, b, c)) return small_product::set(depth, start, a, b, c);
  if (precision_now == Precision::kFloat32 || small_product::stays_in_cache(depth, c))
    return large_product::set(by, depth, start, a, b, c);
  if (start.data != c.data()) copy(c.rows(), c.cols(), start, c.data(), c.outerStride());
  bfloat16_product::add(by, depth, a, b, c);
}

}  // namespace

PrecisionScope::PrecisionScope(Precision precision) : former_(precision_now) { precision_now = precision; }
PrecisionScope::~PrecisionScope() { precision_now = former_; }
Precision PrecisionScope::now() { return precision_now; }

bool has_bfloat16() { return bfloat16_product::native(); }

void set_product(ConstVectorRef row, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.cols(), {row.data(), 0, 1}, strided(a), strided(b), c);
}

void set_product_transposed(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.cols(), tile::zeros(), strided(a), transposed(b), c);
}

void set_transposed_product(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.rows(), tile::zeros(), transposed(a), strided(b), c);
}

void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.cols(), strided(c), strided(a), strided(b), c);
}

void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.cols(), strided(c), strided(a), transposed(b), c);
}

void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.rows(), strided(c), transposed(a), strided(b), c);
}

void add_gram(ConstMatrixRef a, MatrixRef c) { c.selfadjointView<Eigen::Lower>().rankUpdate(a.transpose()); }

}  // namespace entivec
