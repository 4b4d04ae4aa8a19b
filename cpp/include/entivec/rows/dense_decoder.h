// The decoder of hidden layers: the linear path and the last hidden layer are one product.
#pragma once

#include <optional>

#include "entivec/nn/mlp.h"
#include "entivec/rows/decoder.h"
#include "entivec/table/layout.h"

namespace entivec {

// Parameters: the chain from the code to h1, then the last kernel (linear + h1, outputs) and its bias.
class DenseDecoder : public Decoder {
 public:
  // `hidden` in the encoder's order; without hidden layers the linear path is the whole decoder.
  DenseDecoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code, Activation activation,
               bool linear_path);

  std::unique_ptr<Decoder::Cache> cache(Index capacity) const override;

  Index num_params() const override { return (body_ ? body_->num_params() : 0) + last_.num_params(); }

  void forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
               Decoder::Cache& cache, MatrixRef outputs) const override;
  void backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Decoder::Cache& cache, MatrixRef dz,
                VectorRef grads) const override;
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const override;
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const override;
  std::vector<MatrixRef> code_kernels(VectorRef params) const override;
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const override;

 private:
  Index linear_;
  std::optional<Mlp> body_;
  Linear last_;
};

}  // namespace entivec
