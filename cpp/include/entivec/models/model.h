// What the trainer knows of a model.
#pragma once

#include <memory>
#include <vector>

#include "entivec/core/table.h"
#include "entivec/nn/dropout.h"
#include "entivec/nn/kernel_product.h"

namespace entivec {

// Scratch of one row shard, allocated once.
struct Workspace {
  virtual ~Workspace() = default;
  KernelProducts later;   // what a step has put off
  bool puts_off = false;  // set by who sees to `later`
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

  // The two halves of a shard's step, with the same arguments. `backward` returns the loss of the batch's rows, each
  // times its weight and `scale`, and adds to `grads`, or where the workspace puts off, to its list.
  virtual void forward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                       Workspace& workspace) const = 0;
  virtual Scalar backward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                          Workspace& workspace, VectorRef grads) const = 0;

  // Where the loss is no sum over rows: what stands between the halves of all shards. `annealed`, from 0 to 1, is how
  // much of the annealed terms is in force. Returns that part of the loss.
  virtual bool coupled() const { return false; }
  virtual Scalar couple(const Shards&, Scalar /*annealed*/) const { return 0; }

  // Parts of the loss to keep a record of, means over the rows of a step; added to `sums` (num_terms) after it.
  virtual Index num_terms() const { return 0; }
  virtual void add_terms(const Shards&, Eigen::Ref<Eigen::VectorXd> /*sums*/) const {}

  // Both halves of a step that is one shard, everything annealed.
  Scalar loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                           Workspace& workspace, VectorRef grads) const {
    forward(batch, scale, dropout, params, workspace);
    const Scalar coupling = couple({&workspace}, 1);
    return coupling + backward(batch, scale, dropout, params, workspace, grads);
  }

  // What a step does once, after its shards: the part of the loss that belongs to no row (weight decay), and
  // products that the shards have put together. Adds to `grads`.
  virtual Scalar end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const = 0;

  // Whether any of it is of a kernel whose product the shards put off.
  virtual bool adds_to_put_off() const = 0;
};

}  // namespace entivec
