// Affine map y = x W + b.
//   x (n, in)   W (in, out)   b (out)   y (n, out)
// Holds sizes only: parameters, gradients and activations belong to the caller.
#pragma once

#include "entivec/core/rng.h"
#include "entivec/core/types.h"
#include "entivec/nn/kernel_product.h"

namespace entivec {

class Linear {
 public:
  Linear(Index in, Index out) : in_(in), out_(out) {}

  Index in() const { return in_; }
  Index out() const { return out_; }
  Index num_weights() const { return in_ * out_; }
  Index num_params() const { return (in_ + 1) * out_; }  // W row-major, then b

  void forward(ConstMatrixRef x, ConstVectorRef params, MatrixRef y) const;

  // `x` is what forward saw. Overwrites `dx`; adds to `grads`, but for a large kernel's part where there is a list of
  // products to put it off to.
  void backward(ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params, MatrixRef dx, VectorRef grads,
                KernelProducts* later = nullptr) const;

  // The part of backward for a map whose input needs no gradient. Adds to `grads`.
  void backward_params(ConstMatrixRef x, ConstMatrixRef dy, VectorRef grads, KernelProducts* later = nullptr) const;

  // U(±1/√in) weights and biases, the default of PyTorch's nn.Linear.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  Index in_, out_;
};

}  // namespace entivec
