// A training step of an autoencoder over one batch, without a trainer.
#pragma once

#include "entivec/rows/autoencoder.h"

namespace entivec::test {

// Both halves of a step that is one shard, everything annealed. Adds to `grads`.
inline Scalar loss_and_gradient(const AutoEncoder& model, const Batch& batch, Scalar scale, const Dropout& dropout,
                                ConstVectorRef params, Workspace& workspace, VectorRef grads) {
  model.forward(batch, scale, dropout, params, workspace);
  const Scalar coupling = model.couple({&workspace}, 1);
  return coupling + model.backward(batch, scale, dropout, params, workspace, grads);
}

// The same with what stands before and after the shards.
inline Scalar one_step(const AutoEncoder& model, const Batch& batch, Scalar scale, const Dropout& dropout,
                       ConstVectorRef params, Workspace& workspace, VectorRef grads) {
  const Shards shards{&workspace};
  model.begin_step(params, shards, 1);
  const Scalar loss = loss_and_gradient(model, batch, scale, dropout, params, workspace, grads);
  return loss + model.end_step(params, shards, 1, grads);
}

}  // namespace entivec::test
