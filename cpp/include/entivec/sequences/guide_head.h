// What the embedding says of its entity: numbers by their means, classes by a softmax.
#pragma once

#include "entivec/nn/linear.h"
#include "entivec/sequences/layout.h"

namespace entivec {

class GuideHead {
 public:
  GuideHead(Index in, const SequenceGuide& guide) : guide_(guide), map_(in, guide.outputs()) {}

  const SequenceGuide& guide() const { return guide_; }
  Index num_params() const { return map_.num_params(); }

  // e (n, in) of the entities `entity` (n) → outputs. Returns Σ_targets weight · loss, times `scale`, targets that are
  // missing left out; adds to `parts` (targets). Without `grads` no gradient; else overwrites `de` and adds to those.
  Scalar loss(const GuideView& view, ConstMatrixRef e, const std::vector<Index>& entity, ConstVectorRef params,
              Scalar scale, LossPart* parts, MatrixRef de, VectorRef* grads) const;

  // outputs (n, outputs): numbers, then the probabilities of each target's classes.
  void predict(ConstMatrixRef e, ConstVectorRef params, MatrixRef outputs) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
    map_.initialise(random, index, params);
  }

 private:
  Scalar number_loss(Scalar target, Scalar by, Scalar& output) const;

  SequenceGuide guide_;
  Linear map_;
};

}  // namespace entivec
