#include "entivec/nn/linear.h"

#include <cmath>

#include "entivec/product/product.h"

namespace entivec {

void Linear::forward(ConstMatrixRef x, ConstVectorRef params, MatrixRef y) const {
  set_product(params.tail(out_), x, ConstMatrixMap(params.data(), in_, out_), y);
}

void Linear::backward(ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params, MatrixRef dx, VectorRef grads,
                      KernelProducts* later) const {
  set_product_transposed(dy, ConstMatrixMap(params.data(), in_, out_), dx);
  backward_params(x, dy, grads, later);
}

void Linear::backward_params(ConstMatrixRef x, ConstMatrixRef dy, VectorRef grads, KernelProducts* later) const {
  add_kernel_product(x, dy, grads.data(), later);
  auto bias = grads.tail(out_);
  for (Index i = 0; i < dy.rows(); ++i) bias += dy.row(i).transpose();
}

void Linear::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  const double bound = 1 / std::sqrt(static_cast<double>(std::max<Index>(in_, 1)));
  for (Index i = 0; i < num_params(); ++i) params[i] = static_cast<Scalar>(bound * (2 * random.uniform(index++) - 1));
}

}  // namespace entivec
