// What the trainer knows of a model: it loads the examples of a step, and goes forward and backward through them.
#pragma once

#include <memory>
#include <vector>

#include "entivec/nn/gradient.h"

namespace entivec {

// A shard of a step: its examples, and where in the training it stands.
struct Step {
  const Index* examples;            // numbers of the shard's examples
  Index count;                      // of them
  const std::vector<Index>* epoch;  // all examples of the training, in this epoch's order
  std::uint64_t seed;
  std::uint64_t position;  // number of the shard's first example within the whole training: no two share random numbers
  Scalar scale;            // of an example's loss: one over the examples of the step
  Scalar progress;         // share of the training that is done
  Scalar dropout;
  int threads = 1;  // that the shard may share its work out to
};

// Scratch of one shard, allocated once.
struct Workspace {
  virtual ~Workspace() = default;
};

// The workspaces of the shards that take part in a step.
using Shards = std::vector<Workspace*>;

class Model {
 public:
  virtual ~Model() = default;

  virtual Index num_examples() const = 0;
  virtual Index num_params() const = 0;

  // Parameters before the look-up tables, whose gradients are dense. Tables stand at the end of the parameters: their
  // gradients are added row by row (Gradient::row), so that a shard needs memory for the rows it touches alone. A step
  // updates the rows that it touches; others keep their values and moments (lazy Adam, as PyTorch's SparseAdam).
  virtual Index num_dense() const { return num_params(); }

  virtual std::unique_ptr<Workspace> workspace(Index capacity) const = 0;  // of so many examples

  // What a step does once, before its shards.
  virtual void begin_step(ConstVectorRef, const Shards&, int /*threads*/) const {}

  // A shard's step. `load` brings the examples into the workspace; the two halves follow, with the same arguments.
  // `backward` returns the loss of the examples, each times its weight and `scale`, and adds to `gradient`.
  virtual void load(const Step& step, Workspace& workspace) const = 0;
  virtual void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const = 0;
  virtual Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const = 0;

  // Where the loss is no sum over examples: what stands between the halves of all shards. `annealed`, from 0 to 1, is
  // how much of the annealed terms is in force. Returns that part of the loss.
  virtual bool coupled() const { return false; }
  virtual Scalar couple(const Shards&, Scalar /*annealed*/) const { return 0; }

  // Parts of the loss to keep a record of, means over the examples of a step; added to `sums` (num_terms) after it.
  virtual Index num_terms() const { return 0; }
  virtual void add_terms(const Shards&, Eigen::Ref<Eigen::VectorXd> /*sums*/) const {}

  // What a step does once, after its shards: the part of the loss that belongs to no example (weight decay), and
  // products that the shards have put together. Adds to the dense `grads`.
  virtual Scalar end_step(ConstVectorRef, const Shards&, int /*threads*/, VectorRef /*grads*/) const { return 0; }

  // Whether any of it is of a kernel whose product the shards put off.
  virtual bool adds_to_put_off() const { return false; }
};

// A whole step of one shard, everything annealed: the loss, its gradient added to `gradient`.
Scalar loss_and_gradient(const Model& model, const Step& step, ConstVectorRef params, Workspace& workspace,
                         Gradient& gradient);

}  // namespace entivec
