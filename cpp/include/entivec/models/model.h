// What the trainer knows of a model.
#pragma once

#include <memory>

#include "entivec/core/table.h"
#include "entivec/nn/dropout.h"

namespace entivec {

// Scratch of one row shard, allocated once.
struct Workspace {
  virtual ~Workspace() = default;
};

class Model {
 public:
  virtual ~Model() = default;

  virtual const TableLayout& layout() const = 0;
  virtual Index num_params() const = 0;
  virtual std::unique_ptr<Workspace> workspace(Index capacity) const = 0;

  // Loss of the batch's rows, each times its weight and `scale`. Adds to `grads`.
  virtual Scalar loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                                   Workspace& workspace, VectorRef grads) const = 0;

  // The part of the loss that belongs to no row (weight decay). Adds to `grads`.
  virtual Scalar penalty(ConstVectorRef params, VectorRef grads) const = 0;
};

}  // namespace entivec
