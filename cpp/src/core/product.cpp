#include "entivec/core/product.h"

namespace entivec {

void add_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) { c.noalias() += by * (a * b); }

void add_product_transposed(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  c.noalias() += by * (a * b.transpose());
}

void add_transposed_product(Scalar by, ConstMatrixRef a, ConstMatrixRef b, MatrixRef c) {
  c.noalias() += by * (a.transpose() * b);
}

void add_gram(ConstMatrixRef a, MatrixRef c) { c.selfadjointView<Eigen::Lower>().rankUpdate(a.transpose()); }

}  // namespace entivec
