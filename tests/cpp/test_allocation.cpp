#include <gtest/gtest.h>

#include <atomic>

#include "row_trainer.h"
#include "tables.h"

namespace entivec::test {

extern std::atomic<long> allocations;  // counting_new.cpp

namespace {

void expect_none(const Table& table, const AutoEncoderSizes& sizes, NoiseKind kind) {
  const AutoEncoder model(*table.layout, sizes);
  Training training;
  training.batch_size = 128;
  training.dropout = Scalar(0.1);
  Vector params(model.num_params());
  model.initialise(1, params);
  const Vector zeros = Vector::Zero(params.size());
  RowTrainer trainer(model, table.view, all_rows(200), nullptr, {kind, Scalar(0.2), Scalar(0.01)}, training,
                     {params, zeros, zeros, 0});
  trainer.run(1);  // a thread's own scratch grows once
  const long before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  trainer.run(5);  // three epochs: shuffling is part of the loop
  Eigen::internal::set_is_malloc_allowed(true);
  EXPECT_EQ(allocations, before);
}

}  // namespace

// Small enough that the blocks of Eigen's own products stay on the stack.
TEST(Allocation, NoneInTheTrainingLoop) {
  const Table table = random_table(mixed_columns(), 200, 71);
  for (NoiseKind kind : {NoiseKind::kSwap, NoiseKind::kMask, NoiseKind::kGaussian})
    expect_none(table, {{12, 8}, 4, Activation::kGelu, true, 1, Scalar(1e-4)}, kind);
}

TEST(Allocation, NoneWithLatentVariables) {
  const Table table = random_table(mixed_columns(), 200, 72);
  for (bool bernoulli : {false, true})
    expect_none(
        table,
        {{12, 8}, 4, Activation::kGelu, false, 0, 0, false, {}, {}, {true, {3, 2}, Scalar(0.67), 30, 3, 1}, bernoulli},
        NoiseKind::kNone);
}

TEST(Allocation, TheCounterCounts) {
  const long before = allocations;
  ::operator delete(::operator new(100));
  EXPECT_EQ(allocations, before + 1);
}

}  // namespace entivec::test
