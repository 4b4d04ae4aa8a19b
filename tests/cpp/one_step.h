// A whole training step over one batch, without the optimiser.
#pragma once

#include "entivec/models/model.h"

namespace entivec::test {

inline Scalar one_step(const Model& model, const Batch& batch, Scalar scale, const Dropout& dropout,
                       ConstVectorRef params, Workspace& workspace, VectorRef grads) {
  const Shards shards{&workspace};
  model.begin_step(params, shards, 1);
  const Scalar loss = model.loss_and_gradient(batch, scale, dropout, params, workspace, grads);
  return loss + model.end_step(params, shards, 1, grads);
}

}  // namespace entivec::test
