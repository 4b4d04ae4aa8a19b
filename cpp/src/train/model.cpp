#include "entivec/train/model.h"

namespace entivec {

Scalar loss_and_gradient(const Model& model, const Step& step, ConstVectorRef params, Workspace& workspace,
                         Gradient& gradient) {
  const Shards shards{&workspace};
  model.begin_step(params, shards, 1);
  model.load(step, workspace);
  model.forward(step, params, workspace);
  Scalar loss = model.couple(shards, 1);
  loss += model.backward(step, params, workspace, gradient);
  return loss + model.end_step(params, shards, 1, gradient.dense());
}

}  // namespace entivec
