// Table rows → codes: z = L_e(x) + M_e(x), a linear path beside a chain of hidden layers.
#pragma once

#include <optional>

#include "entivec/nn/mlp.h"
#include "entivec/nn/table_linear.h"

namespace entivec {

class Encoder {
 public:
  // Without hidden layers the linear path is the whole encoder.
  Encoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code, Activation activation,
          bool linear_path);

  struct Cache {
    Matrix first;  // (capacity, d + h1): the linear path's codes beside the first pre-activations
    Matrix d_first;
    Mlp::Cache body;
    Matrix bent;  // (capacity, d) M_e(x)
  };
  Cache cache(Index capacity) const;

  Index num_params() const { return first_.num_params() + (body_ ? body_->num_params() : 0); }
  bool has_linear_path() const { return linear_ > 0; }
  bool has_body() const { return body_.has_value(); }
  Index depth() const { return body_ ? body_->depth() : 0; }  // hidden layers

  // z (n, d). Leaves M_e(x) in cache.bent.
  void forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Cache& cache, MatrixRef z) const;

  // dz is the gradient of the linear path's part, d_bent that of M_e(x) (the same, plus what a penalty on M_e
  // adds). Adds to `grads`.
  void backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params, Cache& cache,
                VectorRef grads) const;

  // All layers uniform, but M_e's last map zero where a linear path stands beside it, so that M_e starts at zero.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

  // Sets the linear path to `w` (layout.inputs(), d) and `bias`.
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const;

  // rate · Σ w² over the kernels of hidden layers (neither biases, nor the code layer, nor the linear path).
  // Adds to `grads`.
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const;

 private:
  const TableLayout& layout_;
  Index code_, linear_;  // linear_: d with a linear path, else 0
  std::optional<Mlp> body_;
  TableLinear first_;
};

}  // namespace entivec
