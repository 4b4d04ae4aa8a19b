#include "entivec/core/product.h"

#include "bfloat16_product.h"
#include "large_product.h"
#include "small_product.h"

namespace entivec {

namespace {

thread_local Precision precision_now = Precision::kFloat32;

// c = start + 0, start being c, zeros or one row for all
void begin(Strided start, MatrixRef c) {
  if (start.data == c.data()) return;
  if (start.col == 0)
    c.setZero();
  else
    c.rowwise() = Eigen::Map<const Eigen::Matrix<Scalar, 1, Eigen::Dynamic>>(start.data, c.cols());
}

// A factor in the expression makes Eigen copy an operand where c is a single row or column.
template <class Product>
void add(Scalar by, const Product& product, MatrixRef c) {
  if (by == 1)
    c.noalias() += product;
  else if (by == -1)
    c.noalias() -= product;
  else
    c.noalias() += by * product;
}

// c = start + by · a b, which Eigen knows as `product`.
template <class Product>
void set(Scalar by, Index depth, Strided start, Strided a, Strided b, const Product& product, MatrixRef c) {
  const bool small = small_product::stays_in_cache(depth, c);
  if (small && by == 1 && small_product::suits(depth, b, c)) return small_product::set(depth, start, a, b, c);
  const bool large = !small && depth > 0;
  if (large && precision_now == Precision::kFloat32 && large_product::suits(c))
    return large_product::set(by, depth, start, a, b, c);
  begin(start, c);
  if (large && precision_now == Precision::kBfloat16)
    bfloat16_product::add(by, depth, a, b, c);
  else
    add(by, product, c);
}

}  // namespace

PrecisionScope::PrecisionScope(Precision precision) : former_(precision_now) { precision_now = precision; }
PrecisionScope::~PrecisionScope() { precision_now = former_; }

bool has_bfloat16() { return bfloat16_product::native(); }

void set_product(ConstVectorRef row, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.cols(), {row.data(), 0, 1}, strided(a), strided(b), a * b, c);
}

void set_product_transposed(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.cols(), tile::zeros(), strided(a), transposed(b), a * b.transpose(), c);
}

void set_transposed_product(ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(1, a.rows(), tile::zeros(), transposed(a), strided(b), a.transpose() * b, c);
}

void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.cols(), strided(c), strided(a), strided(b), a * b, c);
}

void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.cols(), strided(c), strided(a), transposed(b), a * b.transpose(), c);
}

void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  set(by, a.rows(), strided(c), transposed(a), strided(b), a.transpose() * b, c);
}

void add_gram(ConstMatrixRef a, MatrixRef c) { c.selfadjointView<Eigen::Lower>().rankUpdate(a.transpose()); }

}  // namespace entivec
