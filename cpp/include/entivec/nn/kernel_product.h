// Kernel gradients that are put off until all shards of a step have gone backward. Σ xᵀ dy over the shards is then
// taken for one piece of the kernel at a time, which meets the optimiser while it is in the cache; without it every
// shard would write, and the optimiser read, a gradient of its own.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// dW += xᵀ dy of one shard. x (n, in) and dy (n, out) must stand untouched until the step is over.
class KernelProduct {
 public:
  using Operand = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;

  // Smaller kernels stay in the cache anyway; those with fewer inputs make poor blocks.
  static constexpr Index kFewestInputs = 256, kFewestWeights = 1 << 14;

  KernelProduct(ConstMatrixRef x, ConstMatrixRef dy, Scalar* grads) : grads_(grads), x_(map(x)), dy_(map(dy)) {}

  Scalar* grads() const { return grads_; }  // (in, out) row-major, in the shard's own gradient
  const Operand& x() const { return x_; }
  const Operand& dy() const { return dy_; }

 private:
  static Operand map(ConstMatrixRef m) { return {m.data(), m.rows(), m.cols(), Eigen::OuterStride<>(m.outerStride())}; }

  Scalar* grads_;
  Operand x_, dy_;
};

// Those of a shard's step, in the same order for all shards; a null pointer where nothing is put off.
using KernelProducts = std::vector<KernelProduct>;

// grads += xᵀ dy, now or later.
void add_kernel_product(ConstMatrixRef x, ConstMatrixRef dy, Scalar* grads, KernelProducts* later);

}  // namespace entivec
