// ‖∂z/∂x‖²_F of the whole encoder, J = L + D_K W_K ⋯ D_0 W_0, associated from the code side.
//   Every row carries m vectors u: the unit vectors of the code (exact, m = d) or random ±1 vectors (m probes), and
//   t_K = u ∘ s_K,   a_l = t_{l+1} W_{l+1}ᵀ,   t_l = a_l ∘ s_l,   f = [u, t_0],   P = Σ_u ‖f [L, W_0]ᵀ‖².
//   The vectors of all rows are stacked, so that each step is one large matrix product. The last product is never
//   formed where the Gram matrix G = [L, W_0]ᵀ[L, W_0] is narrower: P = ⟨F G, F⟩, and the gradient of the first
//   kernel waits for the end of the step as 2 [L, W_0] Σ FᵀF.
#pragma once

#include "entivec/rows/contraction.h"

namespace entivec {

class ChainPenalty : public ContractivePenalty {
 public:
  ChainPenalty(const EncoderChain& chain, Index probes, bool gram);

  std::unique_ptr<Scratch> scratch(Index capacity) const override;
  void begin(ConstVectorRef params, const Shards& shards, int threads) const override;
  Scalar add(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params, Mlp::Cache& body,
             Scratch& scratch, VectorRef grads) const override;
  void end(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const override;

  // After begin: norms of the rows, and with no probes J of the rows.
  void norms(const Batch& batch, const Dropout& where, ConstVectorRef params, const Mlp::Cache& body, Scratch& scratch,
             VectorRef norms) const;
  void jacobian(const Batch& batch, ConstVectorRef params, const Mlp::Cache& body, Scratch& scratch, MatrixRef j) const;

 private:
  struct Stacks;
  struct Chunk;

  static Stacks& own(Scratch& scratch);
  bool units_at_top() const { return probes_ == 0 && chain_.depth() > 0; }  // t_K is diagonal and never formed
  auto block(Matrix& stack, Index i) const { return stack.middleRows(i * vectors_, vectors_); }
  auto block(const Matrix& stack, Index i) const { return stack.middleRows(i * vectors_, vectors_); }

  // The steps over the rows of one chunk; `root` (rows) holds √by.
  void descend(const Chunk& chunk, ConstVectorRef params, const Mlp::Cache& body, Stacks& s) const;
  void close_with_gram(const Chunk& chunk, ConstVectorRef params, VectorRef* grads, Stacks& s) const;
  void close_with_kernel(const Chunk& chunk, ConstVectorRef params, VectorRef* grads, MatrixRef* j, Stacks& s) const;
  void ascend(const Chunk& chunk, ConstVectorRef params, Mlp::Cache& body, VectorRef grads, Stacks& s) const;

  EncoderChain chain_;
  Observed observed_;
  Index probes_, vectors_, chunk_rows_;
  bool gram_;
};

}  // namespace entivec
