// Owns parameters, moments and workspaces; runs steps of minibatch training over fixed shards of examples.
#pragma once

#include "entivec/optim/adam.h"
#include "entivec/optim/schedule.h"
#include "entivec/product/product.h"
#include "entivec/train/model.h"

namespace entivec {

struct Training {
  Index batch_size = 256;
  Index first_step = 0;      // where epochs and schedule begin; later than 0 for a pass over further examples
  Index epochs_from = -1;    // where the epochs of these examples begin, if later: others were trained on before them
  Index total_steps = 1500;  // length of the schedule
  Scalar learning_rate = Scalar(1e-3);
  Schedule schedule = Schedule::kCosine;
  Scalar dropout = 0;
  Index anneal_steps = 0;  // over which the model's annealed terms grow to their full size, counted from step 0
  std::uint64_t seed = 0;
  int threads = 1;
  Precision precision = Precision::kFloat32;
};

// Everything that changes in training: what a later call needs to go on where this one stopped.
struct TrainingState {
  Vector params, first_moment, second_moment;
  Index step = 0;
};

class Trainer {
 public:
  // Borrows the model. Trains on `examples` of it.
  Trainer(const Model& model, std::vector<Index> examples, const Training& training, TrainingState state);

  // Runs `steps` steps and returns their mean training loss. An example is visited once an epoch, in an order that is a
  // function of the seed and the epoch.
  double run(Index steps);

  Index steps_per_epoch() const { return (static_cast<Index>(examples_.size()) + batch_size_ - 1) / batch_size_; }
  Scalar learning_rate() const;  // of the next step
  double annealed() const;       // share of the annealed terms that is in force in the next step
  const TrainingState& state() const { return state_; }
  const Eigen::VectorXd& terms() const { return terms_; }  // of Model::add_terms, means over the steps of the last run

 private:
  struct Shard {
    std::unique_ptr<Workspace> workspace;
    Gradient gradient;
    Step step{};
    Scalar loss = 0;
  };

  static constexpr Index kMostShards = 8;  // each has a gradient buffer

  // A part of the parameters that is updated in one go: params[begin … begin + size), or the block of a kernel whose
  // gradient was put off.
  struct Piece {
    Index begin, size, product = -1;             // product: its number in the shards' lists
    Index row = 0, rows = 0, col = 0, cols = 0;  // block of the kernel
  };

  Index done() const { return state_.step - training_.first_step; }
  Index epochs_from() const { return std::max(training_.first_step, training_.epochs_from); }
  void shuffle(Index epoch);
  int threads_of_shard(Index count) const;  // of a step of so many examples
  void place_shards(Index first, Index count);
  double run_shards(Index count);
  double run_step();

  // update.cpp
  void plan_update();
  void take_gradient(Index begin, VectorRef sum);  // Σ over the shards, in their order, leaving zeros for the next step
  void update_params(const Adam& adam, Index begin, Index size, const Scalar* gradient);
  void update_dense(const Adam& adam, const Piece& piece);
  void update_kernel(const Adam& adam, const Piece& piece);
  void update_rows(const Adam& adam, std::size_t number, Index first, Index count);
  void update();

  const Model& model_;
  Training training_;
  TrainingState state_;
  Index batch_size_, shard_size_;
  Index epoch_ = -1;
  std::vector<Index> examples_, order_;  // as given; as visited in this epoch
  std::vector<Shard> shards_;
  std::vector<Piece> pieces_;
  Shards workspaces_;  // of the shards that take part in the step
  Eigen::VectorXd terms_;
};

}  // namespace entivec
