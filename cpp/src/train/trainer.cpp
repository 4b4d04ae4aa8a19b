#include "entivec/train/trainer.h"

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/core/rng.h"

namespace entivec {

namespace {

// Examples of a shard, at most; fixed, so that sums never depend on the thread count. Every shard packs the kernels
// anew, which costs a large model more than a finer split of the batch gains.
constexpr Index kShardSize = 64, kShardSizeOfLarge = 128;
constexpr Index kLargeModel = Index{1} << 18;  // dense parameters

// Shards of a batch are of equal size, so that threads end together.
Index size_of_shards(Index batch_size, Index num_dense, Index most_shards) {
  const Index most = num_dense < kLargeModel ? kShardSize : kShardSizeOfLarge;
  const Index fewest = batch_size > kShardSize ? 2 : 1;  // one shard is one thread
  const Index shards = std::clamp((batch_size + most - 1) / most, fewest, most_shards);
  return (batch_size + shards - 1) / shards;
}

void check_state(const TrainingState& state, Index size) {
  for (const Vector* part : {&state.params, &state.first_moment, &state.second_moment})
    check(part->size() == size, "Trainer", size, part->size());
}

}  // namespace

Trainer::Trainer(const Model& model, std::vector<Index> examples, const Training& training, TrainingState state)
    : model_(model),
      training_(training),
      state_(std::move(state)),
      batch_size_(std::min(training.batch_size, static_cast<Index>(examples.size()))),
      shard_size_(size_of_shards(batch_size_, model.num_dense(), kMostShards)),
      examples_(std::move(examples)),
      order_(examples_),
      terms_(Eigen::VectorXd::Zero(model.num_terms())) {
  check(!examples_.empty(), "Trainer", "at least one example", 0);
  for (Index example : examples_)
    check(example >= 0 && example < model.num_examples(), "Trainer", "examples of the model", example);
  check(training.first_step >= 0 && training.first_step <= state_.step, "Trainer", "0 <= first_step <= step",
        training.first_step);
  check(training.epochs_from <= state_.step, "Trainer", "epochs_from <= step", training.epochs_from);
  check(training.batch_size > 0, "Trainer", "batch_size > 0", training.batch_size);
  check_state(state_, model.num_params());
  for (Index begin = 0; begin < batch_size_; begin += shard_size_)
    shards_.push_back({model.workspace(shard_size_), Gradient(model.num_dense(), true)});
}

void Trainer::shuffle(Index epoch) {
  // Numbered by its first step, so that passes over further examples are shuffled anew.
  const Index begin = epochs_from() + epoch * steps_per_epoch();
  const Random random(training_.seed, Stream::kShuffle, static_cast<std::uint32_t>(begin));
  order_ = examples_;
  for (Index i = static_cast<Index>(order_.size()) - 1; i > 0; --i)
    std::swap(order_[static_cast<std::size_t>(i)],
              order_[static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(i), i + 1))]);
  epoch_ = epoch;
}

Scalar Trainer::learning_rate() const {
  return entivec::learning_rate(training_.schedule, training_.learning_rate, done(), training_.total_steps);
}

double Trainer::annealed() const { return entivec::annealed(state_.step, training_.anneal_steps); }

int Trainer::threads_of_shard(Index count) const {
  const Index shards = (count + shard_size_ - 1) / shard_size_;
  return std::max(1, training_.threads / static_cast<int>(shards));
}

// The shards of the examples first … first + count of this epoch's order.
void Trainer::place_shards(Index first, Index count) {
  workspaces_.clear();
  Step step{.examples = order_.data() + first,
            .count = 0,
            .epoch = &order_,
            .seed = training_.seed,
            .position = static_cast<std::uint64_t>(state_.step) * static_cast<std::uint64_t>(batch_size_),
            .scale = 1 / static_cast<Scalar>(count),
            .progress = static_cast<Scalar>(done()) / static_cast<Scalar>(training_.total_steps),
            .dropout = training_.dropout,
            .threads = threads_of_shard(count)};
  for (Index begin = 0; begin < count; begin += shard_size_) {
    step.count = std::min(shard_size_, count - begin);
    Shard& shard = shards_[workspaces_.size()];
    shard.step = step;
    shard.gradient.next_step();
    workspaces_.push_back(shard.workspace.get());
    step.examples += step.count;
    step.position += static_cast<std::uint64_t>(step.count);
  }
}

// The loss of the step's `count` examples, its gradient left in the shards.
double Trainer::run_shards(Index count) {
  const auto forward = [&](Index number, Index, Index) {
    const PrecisionScope scope(training_.precision);
    const Shard& shard = shards_[static_cast<std::size_t>(number)];
    model_.load(shard.step, *shard.workspace);
    model_.forward(shard.step, state_.params, *shard.workspace);
  };
  const auto backward = [&](Index number, Index, Index) {
    const PrecisionScope scope(training_.precision);
    Shard& shard = shards_[static_cast<std::size_t>(number)];
    shard.loss = model_.backward(shard.step, state_.params, *shard.workspace, shard.gradient);
  };
  double loss = 0;
  if (model_.coupled()) {
    parallel_pieces(count, shard_size_, training_.threads, forward);
    loss = model_.couple(workspaces_, static_cast<Scalar>(annealed()));
    parallel_pieces(count, shard_size_, training_.threads, backward);
  } else {
    parallel_pieces(count, shard_size_, training_.threads, [&](Index number, Index begin, Index size) {
      forward(number, begin, size);
      backward(number, begin, size);
    });
  }
  for (std::size_t s = 0; s < workspaces_.size(); ++s) loss += shards_[s].loss;
  return loss;
}

double Trainer::run_step() {
  const Index within = state_.step - epochs_from(), epoch = within / steps_per_epoch();
  if (epoch != epoch_) shuffle(epoch);
  const Index first = (within % steps_per_epoch()) * batch_size_;
  const Index count = std::min(batch_size_, static_cast<Index>(examples_.size()) - first);
  place_shards(first, count);
  model_.begin_step(state_.params, workspaces_, training_.threads);
  double loss = run_shards(count);
  loss += model_.end_step(state_.params, workspaces_, training_.threads, shards_[0].gradient.dense());
  model_.add_terms(workspaces_, terms_);

  update();
  return loss;
}

double Trainer::run(Index steps) {
  double sum = 0;
  terms_.setZero();
  for (Index s = 0; s < steps; ++s) sum += run_step();
  if (steps == 0) return 0;
  terms_ /= static_cast<double>(steps);
  return sum / static_cast<double>(steps);
}

}  // namespace entivec
