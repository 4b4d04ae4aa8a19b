// The contractive penalty: P(x) of a dense encoder, its gradient, and the Jacobian itself.
//   x is the encoded row with its one-hot cells; cells that are missing and the marks of missing cells are no values
//   and do not count (table/observed.h).
#pragma once

#include <memory>
#include <vector>

#include "entivec/nn/mlp.h"
#include "entivec/table/observed.h"

namespace entivec {

// kLayers: Σ_l ‖D_l W_l‖²_F, every layer at its own input (the stacked contractive autoencoder).
// kWhole:  ‖∂z/∂x‖²_F of the whole encoder (the deep contractive autoencoder).
// One layer without a linear path is the same under both: the contractive autoencoder of Rifai et al. 2011.
struct Contraction {
  enum class Kind { kNone, kLayers, kWhole };
  Kind kind = Kind::kNone;
  Scalar weight = 0;
  Index probes = 0;  // kWhole: 0 for the exact norm, else the number of random ±1 vectors (Hoffman et al. 2019)
  bool gram = true;  // kWhole: close the chain with W₁W₁ᵀ rather than with W₁
};

// The encoder as its Jacobian sees it: J = L + D_K W_K ⋯ D_0 W_0 with an optional linear path L, whose kernel lies
// beside W_0, and an optional chain.
struct EncoderChain {
  const TableLayout& layout;
  Index linear;     // width of the linear path, or 0
  const Mlp* body;  // from the first pre-activations to the code; null for a linear encoder

  Index joint() const { return linear + (body ? body->width(0) : 0); }
  Index depth() const { return body ? body->depth() : 0; }
  Index code() const { return body ? body->width(depth()) : linear; }

  // Kernels and their gradients in the flat parameters of the encoder: the first (inputs, joint), whose columns are
  // L and W_0, and those of the chain's maps.
  ConstMatrixMap first(ConstVectorRef params) const { return {params.data(), layout.inputs(), joint()}; }
  MatrixMap first(VectorRef grads) const { return {grads.data(), layout.inputs(), joint()}; }
  ConstMatrixMap map(Index l, ConstVectorRef params) const;
  MatrixMap map(Index l, VectorRef grads) const;
};

class ContractivePenalty {
 public:
  struct Scratch {
    virtual ~Scratch() = default;
  };
  using Shards = std::vector<Scratch*>;

  virtual ~ContractivePenalty() = default;
  virtual std::unique_ptr<Scratch> scratch(Index capacity) const = 0;

  // Once a step, before its shards: what depends on the weights alone.
  virtual void begin(ConstVectorRef params, const Shards& shards, int threads) const = 0;

  // Σ_rows by · P of a batch whose forward pass left its slopes in `body`. Writes body.d_slope, which the backward
  // pass of the chain adds; adds to `grads` what does not wait for end.
  virtual Scalar add(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params,
                     Mlp::Cache& body, Scratch& scratch, VectorRef grads) const = 0;

  // Once a step, after its shards: adds to `grads` the products of what the shards have summed.
  virtual void end(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const = 0;
};

// Null without a penalty.
std::unique_ptr<ContractivePenalty> contractive_penalty(const EncoderChain& chain, const Contraction& contraction);

// norms (n): ‖J‖²_F of a batch whose forward pass left its slopes in `body`; with probes an unbiased estimate, whose
// vectors are numbered from `position`.
void jacobian_norms(const EncoderChain& chain, const Batch& batch, ConstVectorRef params, const Mlp::Cache& body,
                    Index probes, std::uint64_t seed, std::uint64_t position, VectorRef norms);

// j (n · d, inputs): J of every row, zero where there is no value.
void jacobian(const EncoderChain& chain, const Batch& batch, ConstVectorRef params, const Mlp::Cache& body,
              MatrixRef j);

}  // namespace entivec
