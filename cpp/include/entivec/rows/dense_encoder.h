// The encoder of hidden layers: the linear path and the first hidden layer are one product.
#pragma once

#include <optional>

#include "entivec/nn/mlp.h"
#include "entivec/rows/contraction.h"
#include "entivec/rows/encoder.h"
#include "entivec/table/table_linear.h"

namespace entivec {

// Parameters: first kernel (inputs, linear + h1) and its bias, then the chain from h1 to the code.
class DenseEncoder : public Encoder {
 public:
  // Without hidden layers M_e is act(W x + b) with `code_activation`, and without it the linear path is the whole
  // encoder.
  DenseEncoder(const TableLayout& layout, const std::vector<Index>& hidden, Index code, Activation activation,
               bool code_activation, bool linear_path, const Contraction& contraction);

  std::unique_ptr<Encoder::Cache> cache(Index capacity) const override;

  const TableLayout& layout() const override { return layout_; }
  Index code() const override { return code_; }
  Index num_params() const override { return first_.num_params() + (body_ ? body_->num_params() : 0); }
  bool has_linear_path() const override { return linear_ > 0; }
  bool has_bent() const override { return body_.has_value(); }
  std::uint32_t num_activated() const override;
  Index units(Index activated) const override { return body_ ? body_->width(activated) : 0; }

  void forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Encoder::Cache& cache,
               MatrixRef z) const override;
  void backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                Encoder::Cache& cache, VectorRef grads) const override;
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const override;
  std::vector<OutputMap> output_maps(VectorRef params) const override;
  const Matrix* last_hidden(const Encoder::Cache& cache) const override;
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const override;

  bool penalised() const override { return penalty_ != nullptr; }
  void begin_penalty(ConstVectorRef params, const std::vector<Encoder::Cache*>& shards, int threads) const override;
  Scalar penalty(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params,
                 Encoder::Cache& cache, VectorRef grads) const override;
  void end_penalty(ConstVectorRef params, const std::vector<Encoder::Cache*>& shards, int threads,
                   VectorRef grads) const override;

  void jacobian(const Batch& batch, ConstVectorRef params, Encoder::Cache& cache, MatrixRef j) const override;
  void jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                      std::uint64_t position, Encoder::Cache& cache, VectorRef norms) const override;
  void count_saturated(Index rows, Scalar share, const Encoder::Cache& cache, VectorRef counts) const override;

 private:
  EncoderChain chain() const { return {layout_, linear_, body_ ? &*body_ : nullptr}; }

  const TableLayout& layout_;
  Index code_;
  std::optional<Mlp> body_;
  Index linear_;  // d with a linear path, else 0
  TableLinear first_;
  std::unique_ptr<ContractivePenalty> penalty_;
};

}  // namespace entivec
