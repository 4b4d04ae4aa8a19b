// Σ_l ‖D_l W_l‖²_F = Σ_l Σ_j s_lj² ‖w_lj‖², plus ‖L‖²_F where there is a linear path.
#pragma once

#include "entivec/rows/contraction.h"

namespace entivec {

class LayerPenalty : public ContractivePenalty {
 public:
  explicit LayerPenalty(const EncoderChain& chain) : chain_(chain), observed_(chain.layout) {}

  std::unique_ptr<Scratch> scratch(Index capacity) const override;
  void begin(ConstVectorRef params, const Shards& shards, int threads) const override;
  Scalar add(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params, Mlp::Cache& body,
             Scratch& scratch, VectorRef grads) const override;
  void end(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const override;

  // After begin: norms of the rows at the first layer.
  void norms(const Batch& batch, ConstVectorRef params, const Mlp::Cache& body, Scratch& scratch,
             VectorRef norms) const;

 private:
  EncoderChain chain_;
  Observed observed_;
};

}  // namespace entivec
