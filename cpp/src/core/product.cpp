#include "entivec/core/product.h"

#include "small_product.h"

namespace entivec {

namespace {

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

void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  if (by == 1 && small_product::suits(a, b, c))
    small_product::add(a.cols(), {a.data(), a.outerStride(), 1}, b, c);
  else
    add(by, a * b, c);
}

void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  add(by, a * b.transpose(), c);
}

void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  if (by == 1 && small_product::suits(a, b, c))
    small_product::add(a.rows(), {a.data(), 1, a.outerStride()}, b, c);
  else
    add(by, a.transpose() * b, c);
}

void add_gram(ConstMatrixRef a, MatrixRef c) { c.selfadjointView<Eigen::Lower>().rankUpdate(a.transpose()); }

}  // namespace entivec
