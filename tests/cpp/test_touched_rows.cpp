// Look-up tables in training: gradients of the rows that are touched, and of no others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "entivec/train/trainer.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kItems = 3;  // of an example

// Regression on look-ups: the mean of an example's item vectors, then an affine map to its targets. Parameters: kernel
// (d, m), bias (m), then the item vectors (items, d).
class Lookup : public Model {
 public:
  struct Scratch : Workspace {
    Scratch(Index capacity, Index d, Index m)
        : z(capacity, d), dz(capacity, d), y(capacity, m), items(capacity, kItems) {}
    Matrix z, dz, y;
    Codes items;
  };

  Lookup(Index items, Index d, Index m, Index examples) : d_(d), m_(m), items_(items), codes_(examples, kItems) {
    Draw draw(5);
    targets_ = draw.matrix(examples, m);
    const Index common = std::min<Index>(items, 20);
    for (Index i = 0; i < codes_.size(); ++i) codes_.data()[i] = static_cast<std::int32_t>(draw.below(common));
    if (examples > 1) codes_(1, 1) = codes_(1, 0);  // twice in one example
  }

  Index num_examples() const override { return targets_.rows(); }
  Index num_dense() const override { return (d_ + 1) * m_; }
  Index num_params() const override { return num_dense() + items_ * d_; }
  std::unique_ptr<Workspace> workspace(Index capacity) const override {
    return std::make_unique<Scratch>(capacity, d_, m_);
  }

  void load(const Step& step, Workspace& workspace) const override {
    auto& s = static_cast<Scratch&>(workspace);
    for (Index i = 0; i < step.count; ++i) s.items.row(i) = codes_.row(step.examples[i]);
  }

  void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const override {
    auto& s = static_cast<Scratch&>(workspace);
    const ConstMatrixMap kernel(params.data(), d_, m_), vectors(params.data() + num_dense(), items_, d_);
    for (Index i = 0; i < step.count; ++i) {
      s.z.row(i).setZero();
      for (Index k = 0; k < kItems; ++k) s.z.row(i) += vectors.row(s.items(i, k)) / kItems;
    }
    set_product(params.segment(d_ * m_, m_), s.z.topRows(step.count), kernel, s.y.topRows(step.count));
  }

  Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const override {
    auto& s = static_cast<Scratch&>(workspace);
    const ConstMatrixMap kernel(params.data(), d_, m_);
    auto y = s.y.topRows(step.count), dz = s.dz.topRows(step.count);
    Scalar loss = 0;
    for (Index i = 0; i < step.count; ++i) {
      y.row(i) -= targets_.row(step.examples[i]);
      loss += step.scale * y.row(i).squaredNorm();
      y.row(i) *= 2 * step.scale;
      gradient.dense(d_ * m_, m_) += y.row(i).transpose();
    }
    set_product_transposed(y, kernel, dz);
    dz /= kItems;
    gradient.product(s.z.topRows(step.count), y, 0);
    for (Index i = 0; i < step.count; ++i)
      for (Index k = 0; k < kItems; ++k) gradient.row(row_of(s.items(i, k)), dz.row(i).data(), d_);
    return loss;
  }

  Index row_of(Index item) const { return num_dense() + item * d_; }
  Index width() const { return d_; }
  const Codes& codes() const { return codes_; }

  // The mean loss of `examples` and its gradient, written out.
  Scalar whole(const std::vector<Index>& examples, ConstVectorRef params, Vector& grads) const {
    const Step step{examples.data(),
                    static_cast<Index>(examples.size()),
                    &examples,
                    0,
                    0,
                    1 / static_cast<Scalar>(examples.size()),
                    0,
                    0};
    Gradient gradient(num_dense());
    const Scalar loss = loss_and_gradient(*this, step, params, *workspace(step.count), gradient);
    grads = Vector::Zero(num_params());
    grads.head(num_dense()) = gradient.dense();
    for (const TouchedRows::Row& row : gradient.rows().rows())
      grads.segment(row.begin, row.width) = Eigen::Map<const Vector>(gradient.rows().gradient(row), row.width);
    return loss;
  }

 private:
  Index d_, m_, items_;
  Codes codes_;
  Matrix targets_;
};

std::vector<Index> numbers(Index count) {
  std::vector<Index> all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

Trainer trainer_of(const Lookup& model, int threads, Index batch_size) {
  Training training;
  training.batch_size = batch_size;
  training.learning_rate = Scalar(1e-2);
  training.schedule = Schedule::kConstant;
  training.threads = threads;
  const Vector params = Draw(8).vector(model.num_params()), zeros = Vector::Zero(params.size());
  return {model, numbers(model.num_examples()), training, {params, zeros, zeros, 0}};
}

}  // namespace

TEST(TouchedRows, AreSumsByRow) {
  Draw draw(1);
  TouchedRows touched;
  EXPECT_EQ(touched.find(0), nullptr);
  for (int step = 0; step < 3; ++step) {  // a later step meets the memory of the former
    std::map<Index, Vector> expected;
    std::vector<Index> order;
    for (int i = 0; i < 2000; ++i) {
      const Index row = draw.below(step == 1 ? 10 : 700), width = row % 2 == 0 ? 3 : 5, begin = row << 20;
      const Vector d = draw.vector(width);
      if (expected.emplace(begin, Vector::Zero(width)).second) order.push_back(begin);
      expected[begin] += d;
      touched.add(begin, d.data(), width);
    }
    ASSERT_EQ(touched.rows().size(), order.size());
    for (std::size_t r = 0; r < order.size(); ++r) {
      const TouchedRows::Row& row = touched.rows()[r];
      EXPECT_EQ(row.begin, order[r]);
      EXPECT_EQ(touched.find(row.begin), touched.gradient(row));
      const Eigen::Map<const Vector> sum(touched.gradient(row), row.width);
      EXPECT_EQ(sum, expected[row.begin]);  // in the order of the calls, hence the same bits
    }
    EXPECT_EQ(touched.find(1), nullptr);
    touched.clear();
    EXPECT_TRUE(touched.rows().empty());
    EXPECT_EQ(touched.find(order[0]), nullptr);
  }
}

TEST(TouchedRows, GradientsAreThoseOfTheLoss) {
  const Lookup model(6, 3, 2, 9);
  const std::vector<Index> examples = numbers(9);
  const Vector params = Draw(2).vector(model.num_params());
  Vector grads, ignored;
  model.whole(examples, params, grads);
  check_gradient([&](const Vector& p) { return model.whole(examples, p, ignored); }, params, grads);
}

// Adam's moments and the parameters of a row move in the steps that touch it and in no others.
static void expect_lazy_adam(Index items, Index d, Index m) {
  const Lookup model(items, d, m, 150);
  const std::vector<Index> examples = numbers(150);
  Trainer trainer = trainer_of(model, 1, 150);
  Vector params = trainer.state().params, first = 0 * params, second = first, grads;
  std::vector<bool> touched(static_cast<std::size_t>(model.num_params()), false);
  std::fill_n(touched.begin(), model.num_dense(), true);
  for (Index i = 0; i < model.codes().size(); ++i)
    for (Index j = 0; j < d; ++j) touched[static_cast<std::size_t>(model.row_of(model.codes().data()[i]) + j)] = true;
  for (Index step = 1; step <= 3; ++step) {
    const Scalar loss = model.whole(examples, params, grads);
    for (Index p = 0; p < params.size(); ++p) {
      if (!touched[static_cast<std::size_t>(p)]) continue;
      first[p] = Scalar(0.9) * first[p] + Scalar(0.1) * grads[p];
      second[p] = Scalar(0.999) * second[p] + Scalar(0.001) * grads[p] * grads[p];
      params[p] -= Scalar(1e-2) * first[p] / (1 - std::pow(Scalar(0.9), step)) /
                   (std::sqrt(second[p] / (1 - std::pow(Scalar(0.999), step))) + Scalar(1e-8));
    }
    EXPECT_NEAR(trainer.run(1), loss, 1e-11 * loss);
    expect_close(trainer.state().first_moment, first, Scalar(1e-10));
    expect_close(trainer.state().second_moment, second, Scalar(1e-10));
    expect_close(trainer.state().params, params, Scalar(1e-8));
  }
}

TEST(TouchedRows, AreUpdatedByLazyAdam) {
  expect_lazy_adam(40, 4, 3);
  expect_lazy_adam(25, 256, 64);  // a kernel whose product is put off
}

TEST(TouchedRows, UntouchedRowsKeepTheirBits) {
  const Lookup model(1000, 4, 3, 100);  // items from 20 on are in no example
  Trainer trainer = trainer_of(model, 2, 64);
  const Vector before = trainer.state().params;
  trainer.run(5);
  const Index first = model.row_of(20), rest = model.num_params() - first;
  EXPECT_EQ(trainer.state().params.tail(rest), before.tail(rest));
  EXPECT_TRUE(trainer.state().first_moment.tail(rest).isZero(0));
  EXPECT_TRUE(trainer.state().second_moment.tail(rest).isZero(0));
  EXPECT_GT((trainer.state().params - before).head(first).cwiseAbs().minCoeff(), 0);
}

TEST(TouchedRows, SameBitsForAnyNumberOfThreads) {
  const Lookup model(40, 8, 3, 500);
  Trainer one = trainer_of(model, 1, 250);  // four shards, whose rows meet
  const double loss = one.run(7);
  for (int threads : {2, 3, 5}) {
    Trainer several = trainer_of(model, threads, 250);
    EXPECT_EQ(several.run(7), loss);
    EXPECT_EQ(several.state().params, one.state().params);
    EXPECT_EQ(several.state().first_moment, one.state().first_moment);
    EXPECT_EQ(several.state().second_moment, one.state().second_moment);
  }
}

// A sanitizer's allocator is not the one that mallinfo tells of.
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(ENTIVEC_SANITIZED)
// Bytes of a trainer beside its state, which is as long as the parameters.
static std::ptrdiff_t bytes_beside_state(const Lookup& model) {
  const auto in_use = [] {
    const auto info = mallinfo2();
    return static_cast<std::ptrdiff_t>(info.uordblks + info.hblkhd);
  };
  const std::ptrdiff_t before = in_use(), state = 3 * model.num_params() * static_cast<std::ptrdiff_t>(sizeof(Scalar));
  Trainer trainer = trainer_of(model, 1, 250);
  trainer.run(3);
  return in_use() - before - state;
}

TEST(TouchedRows, MemoryOfAShardDoesNotGrowWithTheTable) {
  const std::ptrdiff_t few = bytes_beside_state(Lookup(100, 8, 3, 500));
  const std::ptrdiff_t many = bytes_beside_state(Lookup(200000, 8, 3, 500));
  EXPECT_LT(std::abs(many - few), 100000);  // a buffer of the larger table would be 12.8 MB
}
#endif

}  // namespace entivec::test
