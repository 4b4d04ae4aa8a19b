// What the trainer knows of a model.
#pragma once

#include <memory>
#include <vector>

#include "entivec/core/table.h"
#include "entivec/nn/dropout.h"

namespace entivec {

// Scratch of one row shard, allocated once.
struct Workspace {
  virtual ~Workspace() = default;
};

// The workspaces of the shards that take part in a step.
using Shards = std::vector<Workspace*>;

class Model {
 public:
  virtual ~Model() = default;

  virtual const TableLayout& layout() const = 0;
  virtual const TableLayout* guide_layout() const { return nullptr; }  // of batch.guide; null without guides
  virtual Index num_params() const = 0;
  virtual std::unique_ptr<Workspace> workspace(Index capacity) const = 0;

  // What a step does once, before its shards.
  virtual void begin_step(ConstVectorRef params, const Shards& shards, int threads) const = 0;

  // Loss of the batch's rows, each times its weight and `scale`. Adds to `grads`.
  virtual Scalar loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                                   Workspace& workspace, VectorRef grads) const = 0;

  // What a step does once, after its shards: the part of the loss that belongs to no row (weight decay), and
  // products that the shards have put together. Adds to `grads`.
  virtual Scalar end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const = 0;
};

}  // namespace entivec
