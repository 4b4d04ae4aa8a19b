#include "entivec/nn/kernel_product.h"

#include "entivec/product/product.h"

namespace entivec {

void add_kernel_product(ConstMatrixRef x, ConstMatrixRef dy, Scalar* grads, KernelProducts* later) {
  const Index in = x.cols(), out = dy.cols();
  if (later && in >= KernelProduct::kFewestInputs && in * out >= KernelProduct::kFewestWeights)
    later->emplace_back(x, dy, grads);
  else
    add_transposed_product(1, x, dy, MatrixMap(grads, in, out));
}

}  // namespace entivec
