#include "entivec/rows/contraction.h"

#include "chain_penalty.h"
#include "entivec/core/check.h"
#include "layer_penalty.h"

namespace entivec {

ConstMatrixMap EncoderChain::map(Index l, ConstVectorRef params) const {
  const Scalar* kernel = params.data() + (layout.inputs() + 1) * joint() + body->offset(l);
  return {kernel, body->width(l), body->width(l + 1)};
}

MatrixMap EncoderChain::map(Index l, VectorRef grads) const {
  Scalar* kernel = grads.data() + (layout.inputs() + 1) * joint() + body->offset(l);
  return {kernel, body->width(l), body->width(l + 1)};
}

std::unique_ptr<ContractivePenalty> contractive_penalty(const EncoderChain& chain, const Contraction& contraction) {
  if (contraction.kind == Contraction::Kind::kNone || contraction.weight <= 0) return nullptr;
  check(chain.body != nullptr, "contraction", "a layer with an activation", "a linear encoder");
  if (contraction.kind == Contraction::Kind::kLayers) return std::make_unique<LayerPenalty>(chain);
  return std::make_unique<ChainPenalty>(chain, contraction.probes, contraction.gram);
}

void jacobian_norms(const EncoderChain& chain, const Batch& batch, ConstVectorRef params, const Mlp::Cache& body,
                    Index probes, std::uint64_t seed, std::uint64_t position, VectorRef norms) {
  if (probes == 0 && chain.linear == 0 && chain.depth() == 0) {  // a closed form, however wide the code
    const LayerPenalty penalty(chain);
    const auto scratch = penalty.scratch(batch.size);
    penalty.begin(params, {scratch.get()}, 1);
    penalty.norms(batch, params, body, *scratch, norms);
    return;
  }
  const ChainPenalty penalty(chain, probes, false);
  const auto scratch = penalty.scratch(batch.size);
  penalty.begin(params, {scratch.get()}, 1);
  penalty.norms(batch, {0, seed, position}, params, body, *scratch, norms);
}

void jacobian(const EncoderChain& chain, const Batch& batch, ConstVectorRef params, const Mlp::Cache& body,
              MatrixRef j) {
  const ChainPenalty penalty(chain, 0, false);
  const auto scratch = penalty.scratch(batch.size);
  penalty.begin(params, {scratch.get()}, 1);
  penalty.jacobian(batch, params, body, *scratch, j);
}

}  // namespace entivec
