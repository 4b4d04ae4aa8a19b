#include "entivec/core/product.h"

#include "bfloat16_product.h"
#include "large_product.h"
#include "small_product.h"

namespace entivec {

namespace {

thread_local Precision precision_now = Precision::kFloat32;

// c += by · a b where that pays to pack them; whether it did.
bool add_large(Scalar by, Index depth, Strided a, Strided b, MatrixRef c) {
  if (small_product::stays_in_cache(depth, c)) return false;
  if (precision_now == Precision::kBfloat16)
    bfloat16_product::add(by, depth, a, b, c);
  else if (large_product::suits(c))
    large_product::add(by, depth, a, b, c);
  else
    return false;
  return true;
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

}  // namespace

PrecisionScope::PrecisionScope(Precision precision) : former_(precision_now) { precision_now = precision; }
PrecisionScope::~PrecisionScope() { precision_now = former_; }

bool has_bfloat16() { return bfloat16_product::native(); }

void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  if (by == 1 && small_product::suits(a.cols(), c))
    small_product::add(a.cols(), strided(a), b, c);
  else if (!add_large(by, a.cols(), strided(a), strided(b), c))
    add(by, a * b, c);
}

void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  if (!add_large(by, a.cols(), strided(a), transposed(b), c)) add(by, a * b.transpose(), c);
}

void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  if (by == 1 && small_product::suits(a.rows(), c))
    small_product::add(a.rows(), transposed(a), b, c);
  else if (!add_large(by, a.rows(), transposed(a), strided(b), c))
    add(by, a.transpose() * b, c);
}

void add_gram(ConstMatrixRef a, MatrixRef c) { c.selfadjointView<Eigen::Lower>().rankUpdate(a.transpose()); }

}  // namespace entivec
