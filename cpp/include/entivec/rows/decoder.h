// Codes → outputs: out = L_d(z) + M_d(z), the encoder's mirror.
#pragma once

#include <memory>

#include "entivec/core/rng.h"
#include "entivec/core/types.h"
#include "entivec/nn/dropout.h"
#include "entivec/nn/kernel_product.h"

namespace entivec {

class Decoder {
 public:
  // Scratch of one row shard, allocated once.
  struct Cache {
    virtual ~Cache() = default;
    KernelProducts* later = nullptr;  // where backward puts off what it adds to large kernels, if the step allows it
  };

  virtual ~Decoder() = default;
  virtual std::unique_ptr<Cache> cache(Index capacity) const = 0;

  virtual Index num_params() const = 0;

  // Parameters at the end of the encoder's that the decoder shares (tied weights): `params` and `grads` below are
  // these, then its own.
  virtual Index num_shared() const { return 0; }

  // z (n, d) → outputs (n, layout.outputs()). `first_layer` numbers the dropout masks.
  virtual void forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
                       Cache& cache, MatrixRef outputs) const = 0;

  // Overwrites `dz`; adds to `grads`.
  virtual void backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Cache& cache, MatrixRef dz,
                        VectorRef grads) const = 0;

  // As Encoder: hidden layers uniform, M_d's last map zero where a linear path stands beside it.
  virtual void initialise(const Random& random, std::uint64_t& index, VectorRef params) const = 0;

  // Sets the linear path to `w` (d, layout.outputs()) and `bias`, and M_d's last map to zero.
  virtual void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const = 0;

  // The kernels (d, ·) that z is multiplied with, where they are the decoder's own.
  virtual std::vector<MatrixRef> code_kernels(VectorRef params) const = 0;

  // As Encoder::l2; the output layer is not decayed.
  virtual Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const = 0;
};

}  // namespace entivec
