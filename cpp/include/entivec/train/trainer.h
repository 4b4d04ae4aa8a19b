// Owns parameters, moments and workspaces; runs steps of minibatch training over fixed row shards.
#pragma once

#include <optional>
#include <vector>

#include "entivec/core/product.h"
#include "entivec/models/model.h"
#include "entivec/optim/adam.h"
#include "entivec/optim/schedule.h"

namespace entivec {

struct Training {
  Index batch_size = 256;
  Index first_step = 0;      // where epochs, schedule and noise begin; later than 0 for a pass over further rows
  Index total_steps = 1500;  // length of the schedule
  Scalar learning_rate = Scalar(1e-3);
  Schedule schedule = Schedule::kCosine;
  Corruption corruption;
  Scalar noise_span = 0;  // share of the training over which the noise fades to nothing; 0: it stays
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
  // Borrows the model, the table, `weights` (n, mean one; null for equal weights) and `guide` (n rows of the model's
  // guide_layout, null without guides). Trains on `rows` of the table.
  Trainer(const Model& model, const TableView& table, std::vector<Index> rows, const Scalar* weights,
          const Training& training, TrainingState state, const TableView* guide = nullptr);

  // Runs `steps` steps and returns their mean training loss. A row is visited once an epoch, in an order that is a
  // function of the seed and the epoch.
  double run(Index steps);

  Index steps_per_epoch() const { return (static_cast<Index>(rows_.size()) + batch_size_ - 1) / batch_size_; }
  Scalar learning_rate() const;  // of the next step
  const TrainingState& state() const { return state_; }
  const Eigen::VectorXd& terms() const { return terms_; }  // of Model::add_terms, means over the steps of the last run

 private:
  struct Shard {
    Batch batch;
    std::optional<Batch> guide;
    std::unique_ptr<Workspace> workspace;
    Vector grads;
    Dropout dropout;
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
  void shuffle(Index epoch);
  Corruption corruption_now() const;
  Scalar annealed_now() const;
  void load_shard(Index number, Index first, Index rows, const Corruption& corruption);
  double run_shards(Index first, Index rows);
  double run_step();
  void plan_update();
  void take_gradient(Index begin, VectorRef sum);  // Σ over the shards, in their order, leaving zeros for the next step
  void update();

  const Model& model_;
  const TableView& table_;
  const TableView* guide_;
  const Scalar* weights_;
  Training training_;
  TrainingState state_;
  Index batch_size_, shard_rows_;
  Index epoch_ = -1;
  std::vector<Index> rows_, order_;  // as given; as visited in this epoch
  std::vector<Shard> shards_;
  std::vector<Piece> pieces_;
  Shards workspaces_;  // of the shards that take part in the step
  Eigen::VectorXd terms_;
};

}  // namespace entivec
