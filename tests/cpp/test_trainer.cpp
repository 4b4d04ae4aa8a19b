#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "gradient.h"
#include "one_step.h"
#include "row_trainer.h"
#include "tables.h"

namespace entivec::test {

namespace {

std::vector<Index> first_rows(Index count) {
  std::vector<Index> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), Index{0});
  return rows;
}

// A small training with everything on that draws random numbers: 300 rows in batches of 160 (three shards), the last
// batch of an epoch partial.
struct Setting {
  explicit Setting(std::vector<Index> hidden = {8, 5})
      : model{*table.layout, {std::move(hidden), 3, Activation::kGelu, true, 1, Scalar(1e-4)}} {
    training.batch_size = 160;
    training.total_steps = 30;
    training.learning_rate = Scalar(1e-2);
    training.dropout = Scalar(0.1);
    training.seed = 9;
  }

  TrainingState start() const {
    TrainingState state;
    state.params = Vector(model.num_params());
    model.initialise(1, state.params);
    state.first_moment = state.second_moment = Vector::Zero(model.num_params());
    return state;
  }

  RowTrainer trainer(TrainingState state) const {
    return {model, table.view, first_rows(table.rows), weights.data(), corruption, training, std::move(state)};
  }

  Table table = random_table(mixed_columns(), 300, 41);
  AutoEncoder model;
  Vector weights = (Draw(42).vector(300).array() / 4 + 1).max(Scalar(0));
  Corruption corruption{NoiseKind::kSwap, Scalar(0.2), Scalar(0.05), Scalar(0.7)};
  Training training;
};

// Kernels whose gradients are put off until all shards are done, the largest in blocks of rows and of columns.
const std::vector<Index> kWide{1030, 260};

void expect_same(const TrainingState& a, const TrainingState& b) {
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.params, b.params);
  EXPECT_EQ(a.first_moment, b.first_moment);
  EXPECT_EQ(a.second_moment, b.second_moment);
}

// Writes down which examples it is shown; its loss is their number.
class Recorder : public Model {
 public:
  explicit Recorder(Index examples) : examples_(examples) {}
  Index num_examples() const override { return examples_; }
  Index num_params() const override { return 1; }
  std::unique_ptr<Workspace> workspace(Index) const override { return std::make_unique<Workspace>(); }
  void load(const Step&, Workspace&) const override {}
  void forward(const Step&, ConstVectorRef, Workspace&) const override {}
  Scalar backward(const Step& step, ConstVectorRef, Workspace&, Gradient& gradient) const override {
    for (Index i = 0; i < step.count; ++i) {
      seen.push_back(step.examples[i]);
      positions.push_back(step.position + static_cast<std::uint64_t>(i));
    }
    progress = step.progress;
    gradient.dense()[0] += 1;
    return step.scale * static_cast<Scalar>(step.count);
  }
  Scalar end_step(ConstVectorRef, const Shards&, int, VectorRef) const override { return 10; }

  mutable std::vector<Index> seen;
  mutable std::vector<std::uint64_t> positions;
  mutable Scalar progress = -1;

 private:
  Index examples_;
};

// The first shard of a step has the gradient 1, every other one half of what still changes 1.
class Uneven : public Recorder {
 public:
  using Recorder::Recorder;
  Scalar backward(const Step& step, ConstVectorRef, Workspace&, Gradient& gradient) const override {
    gradient.dense()[0] += step.position == 0 ? 1 : std::numeric_limits<Scalar>::epsilon() / 2;
    return 0;
  }
};

}  // namespace

TEST(Trainer, AddsShardsInTheirOrder) {
  const Uneven model(150);
  const Training training;  // three shards
  Trainer trainer(model, first_rows(150), training, {Vector::Zero(1), Vector::Zero(1), Vector::Zero(1), 0});
  trainer.run(1);
  EXPECT_EQ(trainer.state().first_moment[0], 1 - Scalar(0.9));  // (1 + half) + half = 1, unlike 1 + (half + half)
}

TEST(Trainer, GivesTheSameBitsForAnyNumberOfThreads) {
  Setting setting;
  RowTrainer one = setting.trainer(setting.start());
  const double loss = one.run(7);
  for (int threads : {2, 3, 5}) {
    setting.training.threads = threads;
    RowTrainer several = setting.trainer(setting.start());
    EXPECT_EQ(several.run(7), loss);
    expect_same(several.state(), one.state());
  }
}

TEST(Trainer, GivesTheSameBitsForAnyNumberOfThreadsWhereKernelsAreLarge) {
  Setting setting(kWide);
  RowTrainer one = setting.trainer(setting.start());
  const double loss = one.run(2);  // the second batch is partial
  setting.training.threads = 3;
  RowTrainer several = setting.trainer(setting.start());
  EXPECT_EQ(several.run(2), loss);
  expect_same(several.state(), one.state());
}

TEST(Trainer, GoesOnWhereAnotherStopped) {
  const Setting setting;
  RowTrainer whole_run = setting.trainer(setting.start());
  whole_run.run(11);
  for (Index stop : {1, 2, 5}) {
    RowTrainer first = setting.trainer(setting.start());
    first.run(stop);
    RowTrainer second = setting.trainer(first.state());
    second.run(11 - stop);
    expect_same(second.state(), whole_run.state());
  }
}

TEST(Trainer, VisitsEveryRowOnceAnEpoch) {
  const Recorder model(150);
  std::vector<Index> chosen = first_rows(150);
  chosen.erase(chosen.begin() + 20, chosen.begin() + 25);
  Training training;
  training.batch_size = 100;  // two shards, then one
  training.total_steps = 6;
  Trainer trainer(model, chosen, training, {Vector::Zero(1), Vector::Zero(1), Vector::Zero(1), 0});
  ASSERT_EQ(trainer.steps_per_epoch(), 2);
  std::vector<std::vector<Index>> orders;
  for (int epoch = 0; epoch < 2; ++epoch) {
    // Every batch's loss is a mean over its own rows, the partial one's too; the penalty comes once a step.
    EXPECT_NEAR(trainer.run(2), 11, 1e-12);
    EXPECT_EQ(model.progress, Scalar(2 * epoch + 1) / 6);
    orders.push_back(model.seen);
    std::sort(model.seen.begin(), model.seen.end());
    EXPECT_EQ(model.seen, chosen);
    model.seen.clear();
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[0], chosen);
  // No two examples of the whole training share their random numbers.
  std::sort(model.positions.begin(), model.positions.end());
  EXPECT_EQ(std::adjacent_find(model.positions.begin(), model.positions.end()), model.positions.end());
}

static void expect_adam(Setting& setting, Index steps) {
  setting.training.batch_size = 300;
  setting.corruption = {};
  setting.training.dropout = 0;
  RowTrainer trainer = setting.trainer(setting.start());
  Vector params = setting.start().params, m = 0 * params, v = m;
  const auto workspace = setting.model.workspace(300);
  Batch batch = whole(setting.table);
  batch.weight = setting.weights;
  for (Index step = 1; step <= steps; ++step) {
    const Scalar rate = Scalar(1e-2) * (1 + std::cos(std::acos(Scalar(-1)) * static_cast<Scalar>(step - 1) / 30)) / 2;
    EXPECT_NEAR(trainer.learning_rate(), rate, 1e-15);
    Vector g = Vector::Zero(params.size());
    const Scalar loss = one_step(setting.model, batch, Scalar(1) / 300, {}, params, *workspace, g);
    m = Scalar(0.9) * m + Scalar(0.1) * g;
    v = Scalar(0.999) * v + Scalar(0.001) * g.cwiseAbs2();
    const Scalar step_size = rate / (1 - std::pow(Scalar(0.9), step));
    params.array() -= step_size * m.array() / ((v.array() / (1 - std::pow(Scalar(0.999), step))).sqrt() + Scalar(1e-8));
    EXPECT_NEAR(trainer.run(1), loss, 1e-10 * loss);
    expect_close(trainer.state().first_moment, m, Scalar(1e-10));
    expect_close(trainer.state().params, params, Scalar(1e-7));  // 0/0 at entries without a gradient is ill-conditioned
  }
}

TEST(Trainer, AStepIsAdamOnTheGradientOfTheBatch) {
  Setting small, wide(kWide);
  expect_adam(small, 4);
  expect_adam(wide, 2);
}

TEST(Trainer, RowsOfWeightZeroChangeNothing) {
  Setting setting;
  setting.weights = Vector::Ones(300);
  setting.weights.tail(100).setZero();
  setting.corruption.kind = NoiseKind::kNone;  // a row of weight zero may still be a donor
  setting.corruption.unknown_rate = 0;
  const RowTrainer before = setting.trainer(setting.start());
  RowTrainer one = setting.trainer(setting.start());
  one.run(5);
  setting.table.dense.bottomRows(100).setConstant(50);
  setting.table.codes.bottomRows(100).setZero();
  RowTrainer other = setting.trainer(setting.start());
  other.run(5);
  expect_same(one.state(), other.state());
  EXPECT_NE(one.state().params, before.state().params);
}

TEST(Trainer, NoiseFadesOverItsSpan) {
  Setting faded, clean;
  clean.corruption.kind = NoiseKind::kNone;
  TrainingState state = faded.start();
  state.step = 21;  // 0.7 of 30 steps
  RowTrainer with = faded.trainer(state), without = clean.trainer(state);
  with.run(3);
  without.run(3);
  expect_same(with.state(), without.state());
  state.step = 18;
  RowTrainer noisy = faded.trainer(state), quiet = clean.trainer(state);
  noisy.run(1);
  quiet.run(1);
  EXPECT_NE(noisy.state().params, quiet.state().params);
}

// Examples that come in parts: each part's epochs begin where the last part's ended, the schedule goes on.
TEST(Trainer, GoesOnWithOtherExamplesWithinOneSchedule) {
  Setting setting;
  RowTrainer whole_run = setting.trainer(setting.start());
  whole_run.run(4);  // two epochs
  RowTrainer first = setting.trainer(setting.start());
  first.run(2);
  setting.training.epochs_from = 2;
  RowTrainer second = setting.trainer(first.state());
  second.run(2);
  expect_same(second.state(), whole_run.state());
  EXPECT_EQ(second.learning_rate(), whole_run.learning_rate());

  const Recorder model(10);  // a part of another size, all of which is visited once
  setting.training.epochs_from = 7;
  Trainer third(model, first_rows(10), setting.training, {Vector::Zero(1), Vector::Zero(1), Vector::Zero(1), 7});
  third.run(1);
  EXPECT_EQ(model.seen.size(), 10u);
  setting.training.epochs_from = 9;
  EXPECT_THROW(setting.trainer(setting.start()), std::invalid_argument);
}

// A later pass begins its schedule, noise and epochs anew, with Adam's moments and another order of the rows.
TEST(Trainer, APassOverFurtherRowsStartsItsOwnSchedule) {
  Setting setting;
  setting.training.first_step = 40;
  TrainingState state = setting.start();
  state.step = 40;
  RowTrainer later = setting.trainer(state);
  EXPECT_EQ(later.learning_rate(), setting.training.learning_rate);
  later.run(1);
  EXPECT_LT(later.learning_rate(), setting.training.learning_rate);
  EXPECT_EQ(later.state().step, 41);

  const Recorder model(300);
  const auto order_from = [&](Index first_step) {
    setting.training.first_step = first_step;
    Trainer trainer(model, first_rows(300), setting.training,
                    {Vector::Zero(1), Vector::Zero(1), Vector::Zero(1), first_step});
    model.seen.clear();
    trainer.run(2);
    return model.seen;
  };
  const std::vector<Index> first = order_from(0), second = order_from(40);
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), second.begin(), second.end()));
  EXPECT_EQ(second.size(), 300u);
}

TEST(Trainer, LowersTheLoss) {
  Setting setting;
  setting.corruption = {};
  setting.training.total_steps = 200;
  RowTrainer trainer = setting.trainer(setting.start());
  const double first = trainer.run(5);
  trainer.run(190);
  EXPECT_LT(trainer.run(5), 0.8 * first);
  EXPECT_EQ(trainer.state().step, 200);
  EXPECT_EQ(trainer.run(0), 0);
}

TEST(Trainer, RefusesWhatDoesNotFit) {
  Setting setting;
  const auto train = [&](const std::vector<Index>& rows, TrainingState state) {
    RowTrainer trainer(setting.model, setting.table.view, rows, nullptr, {}, setting.training, std::move(state));
  };
  EXPECT_THROW(train({}, setting.start()), std::invalid_argument);
  EXPECT_THROW(train({0, 300}, setting.start()), std::invalid_argument);
  EXPECT_THROW(train({-1}, setting.start()), std::invalid_argument);
  for (Vector TrainingState::* part :
       {&TrainingState::params, &TrainingState::first_moment, &TrainingState::second_moment}) {
    TrainingState state = setting.start();
    (state.*part).conservativeResize(7);
    EXPECT_THROW(train({0, 1}, state), std::invalid_argument);
  }
  setting.training.first_step = 1;  // after the state's own
  EXPECT_THROW(train({0, 1}, setting.start()), std::invalid_argument);
  setting.training.first_step = 0;
  setting.training.batch_size = 0;
  EXPECT_THROW(train({0, 1}, setting.start()), std::invalid_argument);
}

}  // namespace entivec::test
