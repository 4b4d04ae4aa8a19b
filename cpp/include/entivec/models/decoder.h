// Codes → outputs: out = L_d(z) + M_d(z), the encoder's mirror.
#pragma once

#include <optional>

#include "entivec/core/layout.h"
#include "entivec/nn/mlp.h"

namespace entivec {

class Decoder {
 public:
  // `hidden` in the encoder's order; without hidden layers the linear path is the whole decoder.
  Decoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code, Activation activation,
          bool linear_path);

  struct Cache {
    Matrix joint;  // (capacity, d + h1): the codes for the linear path beside the last hidden layer
    Matrix d_joint;
    Mlp::Cache body;
  };
  Cache cache(Index capacity) const;

  Index num_params() const { return (body_ ? body_->num_params() : 0) + last_.num_params(); }

  // z (n, d) → outputs (n, layout.outputs()). `first_layer` numbers the dropout masks.
  void forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer, Cache& cache,
               MatrixRef outputs) const;

  // Overwrites `dz`; adds to `grads`.
  void backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Cache& cache, MatrixRef dz,
                VectorRef grads) const;

  // As Encoder: hidden layers uniform, M_d's last map zero where a linear path stands beside it.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

  // Sets the linear path to `w` (d, layout.outputs()) and `bias`, and M_d's last map to zero.
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const;

  // As Encoder::l2; the output layer is not decayed.
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const;

 private:
  Index linear_;
  std::optional<Mlp> body_;
  Linear last_;
};

}  // namespace entivec
