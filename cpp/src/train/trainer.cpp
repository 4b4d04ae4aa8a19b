#include "entivec/train/trainer.h"

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

// Rows of a shard, at most; fixed, so that sums never depend on the thread count. Every shard packs the kernels anew,
// which costs a large model more than a finer split of the batch gains.
constexpr Index kShardRows = 64, kShardRowsOfLarge = 128;
constexpr Index kLargeModel = Index{1} << 18;  // parameters

// Shards of a batch are of equal size, so that threads end together.
Index shard_rows(Index batch_size, Index num_params, Index most_shards) {
  const Index most_rows = num_params < kLargeModel ? kShardRows : kShardRowsOfLarge;
  const Index fewest = batch_size > kShardRows ? 2 : 1;  // one shard is one thread
  const Index shards = std::clamp((batch_size + most_rows - 1) / most_rows, fewest, most_shards);
  return (batch_size + shards - 1) / shards;
}

}  // namespace

Trainer::Trainer(const Model& model, const TableView& table, std::vector<Index> rows, const Scalar* weights,
                 const Training& training, TrainingState state, const TableView* guide)
    : model_(model),
      table_(table),
      guide_(guide),
      weights_(weights),
      training_(training),
      state_(std::move(state)),
      batch_size_(std::min(training.batch_size, static_cast<Index>(rows.size()))),
      shard_rows_(shard_rows(batch_size_, model.num_params(), kMostShards)),
      rows_(std::move(rows)),
      order_(rows_),
      terms_(Eigen::VectorXd::Zero(model.num_terms())) {
  const Index size = model.num_params();
  check(!rows_.empty(), "Trainer", "at least one row", 0);
  for (Index row : rows_) check(row >= 0 && row < table.rows, "Trainer", "rows of the table", row);
  check(training.first_step >= 0 && training.first_step <= state_.step, "Trainer", "0 <= first_step <= step",
        training.first_step);
  check(training.batch_size > 0, "Trainer", "batch_size > 0", training.batch_size);
  if (guide) {
    check(model.guide_layout() != nullptr, "Trainer, guide", "a model with guides", "a table for one without");
    check(guide->rows == table.rows, "Trainer, guide", table.rows, guide->rows);
  }
  check(state_.params.size() == size, "Trainer", size, state_.params.size());
  check(state_.first_moment.size() == size, "Trainer", size, state_.first_moment.size());
  check(state_.second_moment.size() == size, "Trainer", size, state_.second_moment.size());
  for (Index begin = 0; begin < batch_size_; begin += shard_rows_) {
    shards_.push_back(
        {Batch(model.layout(), shard_rows_), std::nullopt, model.workspace(shard_rows_), Vector::Zero(size), {}});
    shards_.back().workspace->puts_off = true;
    if (guide) shards_.back().guide.emplace(*model.guide_layout(), shard_rows_);
  }
}

void Trainer::shuffle(Index epoch) {
  // Numbered by its first step, so that passes over further rows are shuffled anew.
  const Index begin = training_.first_step + epoch * steps_per_epoch();
  const Random random(training_.seed, Stream::kShuffle, static_cast<std::uint32_t>(begin));
  order_ = rows_;
  for (Index i = static_cast<Index>(order_.size()) - 1; i > 0; --i)
    std::swap(order_[static_cast<std::size_t>(i)],
              order_[static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(i), i + 1))]);
  epoch_ = epoch;
}

Scalar Trainer::learning_rate() const {
  return entivec::learning_rate(training_.schedule, training_.learning_rate, done(), training_.total_steps);
}

Corruption Trainer::corruption_now() const {
  Corruption now = training_.corruption;
  if (training_.noise_span > 0) {
    const Scalar progress = static_cast<Scalar>(done()) / static_cast<Scalar>(training_.total_steps);
    now.level *= std::max(Scalar(0), 1 - progress / training_.noise_span);
  }
  return now;
}

Scalar Trainer::annealed_now() const {
  if (state_.step >= training_.anneal_steps) return 1;
  return static_cast<Scalar>(state_.step) / static_cast<Scalar>(training_.anneal_steps);
}

void Trainer::load_shard(Index number, Index first, Index rows, const Corruption& corruption) {
  Shard& shard = shards_[static_cast<std::size_t>(number)];
  const Index* picked = order_.data() + first;
  gather(model_.layout(), table_, picked, rows, shard.batch);
  if (weights_)
    for (Index i = 0; i < rows; ++i) shard.batch.weight[i] = weights_[picked[i]];
  if (shard.guide) {
    gather(*model_.guide_layout(), *guide_, picked, rows, *shard.guide);
    shard.guide->weight.head(rows) = shard.batch.weight.head(rows);
    shard.batch.guide = &*shard.guide;
  }
  const std::uint64_t position = static_cast<std::uint64_t>(state_.step) * static_cast<std::uint64_t>(batch_size_) +
                                 static_cast<std::uint64_t>(number * shard_rows_);
  corrupt(model_.layout(), corruption, Random(training_.seed, Stream::kNoise), position, order_, shard.batch);
  shard.dropout = {training_.dropout, training_.seed, position};
}

// The loss of the rows first … first + rows of this epoch's order, its gradient left in the shards.
double Trainer::run_shards(Index first, Index rows) {
  const Corruption corruption = corruption_now();
  const Scalar scale = 1 / static_cast<Scalar>(rows);
  const auto forward = [&](Index number, Index begin, Index size) {
    const PrecisionScope scope(training_.precision);
    load_shard(number, first + begin, size, corruption);
    const Shard& shard = shards_[static_cast<std::size_t>(number)];
    model_.forward(shard.batch, scale, shard.dropout, state_.params, *shard.workspace);
  };
  const auto backward = [&](Index number, Index, Index) {
    const PrecisionScope scope(training_.precision);
    Shard& shard = shards_[static_cast<std::size_t>(number)];
    shard.loss = model_.backward(shard.batch, scale, shard.dropout, state_.params, *shard.workspace, shard.grads);
  };
  double loss = 0;
  if (model_.coupled()) {
    parallel_pieces(rows, shard_rows_, training_.threads, forward);
    loss = model_.couple(workspaces_, annealed_now());
    parallel_pieces(rows, shard_rows_, training_.threads, backward);
  } else {
    parallel_pieces(rows, shard_rows_, training_.threads, [&](Index number, Index begin, Index size) {
      forward(number, begin, size);
      backward(number, begin, size);
    });
  }
  for (std::size_t s = 0; s < workspaces_.size(); ++s) loss += shards_[s].loss;
  return loss;
}

double Trainer::run_step() {
  const Index epoch = done() / steps_per_epoch();
  if (epoch != epoch_) shuffle(epoch);
  const Index first = (done() % steps_per_epoch()) * batch_size_;
  const Index rows = std::min(batch_size_, static_cast<Index>(rows_.size()) - first);
  const Index used = (rows + shard_rows_ - 1) / shard_rows_;
  workspaces_.clear();
  for (Index s = 0; s < used; ++s) {
    workspaces_.push_back(shards_[static_cast<std::size_t>(s)].workspace.get());
    workspaces_.back()->later.clear();
  }
  model_.begin_step(state_.params, workspaces_, training_.threads);
  double loss = run_shards(first, rows);
  loss += model_.end_step(state_.params, workspaces_, training_.threads, shards_[0].grads);
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
