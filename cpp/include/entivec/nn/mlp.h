// A chain of affine maps with activations (and dropout) between them.
#pragma once

#include <vector>

#include "entivec/nn/activation.h"
#include "entivec/nn/dropout.h"
#include "entivec/nn/linear.h"

namespace entivec {

// widths w0 → w1 → … → wL. An encoder's input is a pre-activation (activate_input), a decoder's output is
// activated (activate_output); between two maps there is always an activation. Of a single width there is no map:
// its input, a pre-activation, is activated.
class Mlp {
 public:
  Mlp(std::vector<Index> widths, Activation activation, bool activate_input, bool activate_output);

  // By level; of activated levels values and slopes, written by forward, read by backward.
  struct Cache {
    std::vector<Matrix> h, slope, dx;
    // For a loss that also depends on the slopes: act'' from forward, and the loss's gradient with respect to the
    // slopes, which backward adds. No rows without `curvature`.
    std::vector<Matrix> curvature, d_slope;
  };
  Cache cache(Index capacity, bool curvature = false) const;

  Index num_params() const { return num_params_; }
  Index depth() const { return static_cast<Index>(maps_.size()); }
  Index width(Index level) const { return widths_[static_cast<std::size_t>(level)]; }
  bool activated(Index level) const;
  Activation activation() const { return activation_; }
  const Linear& map(Index l) const { return maps_[static_cast<std::size_t>(l)]; }
  Index offset(Index l) const { return offsets_[static_cast<std::size_t>(l)]; }  // of map l in params

  // x (n, w0) → y (n, wL). `first_layer` numbers the dropout masks.
  void forward(ConstMatrixRef x, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer, Cache& cache,
               MatrixRef y) const;

  // Overwrites `dx`; adds to `grads`, large kernels' parts later where there is a list for them.
  void backward(ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params, Cache& cache, MatrixRef dx, VectorRef grads,
                KernelProducts* later = nullptr) const;

  // rate · Σ w² over the kernels of the first `maps` maps. Adds to `grads`.
  Scalar l2(Scalar rate, Index maps, ConstVectorRef params, VectorRef grads) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  std::vector<Index> widths_, offsets_;
  std::vector<Linear> maps_;
  Activation activation_;
  bool activate_input_, activate_output_;
  Index num_params_ = 0;
};

}  // namespace entivec
