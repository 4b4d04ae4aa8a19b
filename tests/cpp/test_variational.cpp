#include <gtest/gtest.h>

#include <cmath>

#include "entivec/loss/kl.h"
#include "entivec/loss/softmax.h"
#include "entivec/rows/apply.h"
#include "entivec/rows/category_start.h"
#include "entivec/table/likelihood.h"
#include "gradient.h"
#include "one_step.h"
#include "row_trainer.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kRows = 30;

Posterior two_categories() { return Posterior(3, {2, 4}, Scalar(0.67)); }

AutoEncoderSizes variational_sizes(const Variational& variational) {
  return {{7, 5}, 3, Activation::kTanh, false, 0, 0, false, {}, {}, variational};
}

Vector start(const AutoEncoder& model, std::uint64_t seed = 3) {
  Vector params(model.num_params());
  model.initialise(seed, params);
  return params;
}

RowTrainer trainer_of(const AutoEncoder& model, const Table& table, const Training& training) {
  const Vector params = start(model);
  const Vector zeros = Vector::Zero(params.size());
  return {model, table.view, all_rows(table.rows), nullptr, {}, training, {params, zeros, zeros, 0}};
}

}  // namespace

TEST(Kl, OfAGaussianIsWhatMonteCarloFinds) {
  Draw draw(1);
  const Matrix mean = draw.matrix(1, 2), log_variance = draw.matrix(1, 2);
  Matrix kl(1, 2);
  gaussian_kl(mean, log_variance, kl);
  constexpr Index kCount = 200000;
  Vector noise(2 * kCount);
  fill_normal(Random(5, Stream::kLatent), 0, noise.size(), noise.data());
  for (Index j = 0; j < 2; ++j) {
    double sum = 0, squares = 0;
    for (Index s = 0; s < kCount; ++s) {
      const double e = noise[j * kCount + s], z = mean(0, j) + std::exp(log_variance(0, j) / 2) * e;
      const double ratio = 0.5 * (z * z - e * e - log_variance(0, j));  // log q − log p
      sum += ratio;
      squares += ratio * ratio;
    }
    const double found = sum / kCount, error = std::sqrt((squares / kCount - found * found) / kCount);
    EXPECT_NEAR(kl(0, j), found, 5 * error);
  }
}

TEST(Kl, OfACategoryIsTheSumOverItsLevels) {
  const Matrix logits = Draw(2).matrix(5, 4);
  Matrix kl(5, 1), a(5, 4);
  categorical_kl(logits, kl);
  softmax_rows(logits, a);
  for (Index i = 0; i < 5; ++i) {
    Scalar expected = 0;
    for (Index k = 0; k < 4; ++k) expected += a(i, k) * std::log(a(i, k) / Scalar(0.25));
    EXPECT_NEAR(kl(i, 0), expected, 1e-14);
  }
}

TEST(Posterior, GradientOfDrawsAndDivergence) {
  const Posterior posterior = two_categories();
  const Index n = 6, wide = posterior.statistics();
  Draw draw(3);
  const Vector x = draw.vector(n * wide), by = draw.vector(n), by_categorical = draw.vector(n);
  const Matrix dz = draw.matrix(n, posterior.code());
  const Random random(9, Stream::kLatent);
  const auto loss = [&](const Vector& s) {
    const ConstMatrixMap statistics(s.data(), n, wide);
    Matrix z(n, posterior.code()), kl(n, posterior.latents());
    posterior.draw(statistics, random, 40, false, z);
    posterior.divergence(statistics, kl);
    return dz.cwiseProduct(z).sum() + by.dot(kl.leftCols(3).rowwise().sum()) +
           by_categorical.dot(kl.rightCols(2).rowwise().sum());
  };
  Matrix z(n, posterior.code()), d_statistics(n, wide);
  posterior.draw(ConstMatrixMap(x.data(), n, wide), random, 40, false, z);
  posterior.backward(ConstMatrixMap(x.data(), n, wide), z, dz, by, by_categorical, d_statistics);
  check_gradient(loss, x, d_statistics.reshaped<Eigen::RowMajor>());
}

TEST(Posterior, HoldsLogVariancesAtTheirBoundsUntilTheyAreToComeBack) {
  const Posterior posterior(2, {}, 1);
  Matrix statistics(1, 4), z(1, 2), d_statistics(1, 4);
  const auto pull = [&](Scalar log_variance, Scalar by) {
    statistics << 0, 0, log_variance, 1;
    posterior.bound(statistics);
    posterior.draw(statistics, Random(9, Stream::kLatent), 40, false, z);
    posterior.backward(statistics, z, Matrix::Zero(1, 2), Vector::Constant(1, by), Vector::Zero(1), d_statistics);
    EXPECT_NE(d_statistics(0, 3), 0);
    return d_statistics(0, 2);
  };
  EXPECT_GT(pull(1000, 1), 0);  // comes back
  EXPECT_LT(pull(1000, 1), 1e5);
  EXPECT_EQ(pull(1000, -1), 0);  // wants to grow further
  EXPECT_LT(pull(-1000, 1), 0);
  EXPECT_EQ(pull(-1000, -1), 0);
  EXPECT_NE(pull(9, -1), 0);
  EXPECT_EQ(statistics(0, 2), 9);
}

TEST(Posterior, DrawsFollowTheirDistribution) {
  const Posterior posterior = two_categories();
  const Matrix statistics = Draw(4).matrix(1, posterior.statistics()), many = statistics.replicate(40000, 1);
  Matrix z(many.rows(), posterior.code()), code(1, posterior.code());
  posterior.draw(many, Random(1, Stream::kLatent), 0, true, z);
  posterior.embed(statistics, code);
  const double n = static_cast<double>(many.rows());
  for (Index j = 0; j < 3; ++j) {
    const double variance = std::exp(statistics(0, 3 + j));
    EXPECT_NEAR(z.col(j).mean(), statistics(0, j), 5 * std::sqrt(variance / n));
    EXPECT_NEAR((z.col(j).array() - statistics(0, j)).square().mean(), variance, 5 * variance * std::sqrt(2 / n));
  }
  // Hard Gumbel draws take a level as often as its probability says.
  for (Index level = 3; level < posterior.code(); ++level) {
    const double a = code(0, level);
    EXPECT_NEAR(z.col(level).mean(), a, 5 * std::sqrt(a * (1 - a) / n));
  }
  EXPECT_TRUE(((z.rightCols(6).array() == 0) || (z.rightCols(6).array() == 1)).all());
}

TEST(Posterior, RelaxedDrawsLieOnTheSimplexAndSharpenWithTemperature) {
  const Matrix statistics = Draw(5).matrix(500, 14);
  Scalar last = 0;
  for (Scalar temperature : {Scalar(2), Scalar(0.67), Scalar(0.05)}) {
    const Posterior posterior(4, {2, 4}, temperature);
    Matrix z(500, posterior.code());
    posterior.draw(statistics, Random(1, Stream::kLatent), 0, false, z);
    const Matrix own = z.rightCols(4);
    EXPECT_LT((own.rowwise().sum().array() - 1).abs().maxCoeff(), 1e-14);
    EXPECT_GT(own.rowwise().maxCoeff().mean(), last);
    last = own.rowwise().maxCoeff().mean();
  }
  EXPECT_GT(last, 0.95);
}

TEST(Posterior, RatioIsThatOfThePriorToThePosterior) {
  const Posterior posterior = two_categories();
  const Matrix statistics = Draw(6).matrix(8, posterior.statistics());
  Matrix z(8, posterior.code()), code(8, posterior.code());
  Vector ratio(8);
  posterior.draw(statistics, Random(2, Stream::kEvidence), 0, true, z);
  posterior.embed(statistics, code);
  posterior.log_ratio(statistics, z, ratio);
  for (Index i = 0; i < 8; ++i) {
    double expected = 0;
    for (Index j = 0; j < 3; ++j) {
      const double sd = std::exp(statistics(i, 3 + j) / 2), e = (z(i, j) - statistics(i, j)) / sd;
      expected += 0.5 * (e * e - z(i, j) * z(i, j)) + std::log(sd);
    }
    for (Index level = 3; level < posterior.code(); ++level)
      if (z(i, level) == 1) expected -= std::log(code(i, level) * (level < 5 ? 2 : 4));
    EXPECT_NEAR(ratio[i], expected, 1e-12);
  }
}

TEST(Posterior, JacobianOfTheEmbedding) {
  const Posterior posterior = two_categories();
  const Index wide = posterior.statistics();
  const Matrix at = Draw(7).matrix(1, wide), identity = Matrix::Identity(wide, wide);
  Matrix j(posterior.code(), wide);
  posterior.jacobian(at, identity, j);
  for (Index out = 0; out < posterior.code(); ++out) {
    const auto value = [&](const Vector& s) {
      Matrix code(1, posterior.code());
      posterior.embed(s.transpose(), code);
      return code(0, out);
    };
    check_gradient(value, at.transpose(), j.row(out).transpose());
  }
}

class LikelihoodOf : public testing::TestWithParam<bool> {};

TEST_P(LikelihoodOf, Gradient) {
  const Table table = random_table(mixed_columns(), kRows, 31);
  const Likelihood likelihood(*table.layout, GetParam());
  const Batch batch = whole(table);
  const Index width = table.layout->outputs(), own = likelihood.num_params();
  Draw draw(32);
  Vector by = draw.vector(kRows).cwiseAbs(), x = draw.vector(own + kRows * width), losses(kRows);
  x.head(own) = -x.head(own).cwiseAbs().array() - Scalar(0.01);
  const auto loss = [&](const Vector& at) {
    Matrix outputs = ConstMatrixMap(at.data() + own, kRows, width);
    Vector ignored = Vector::Zero(own);
    likelihood.value_and_gradient(batch, by, at.head(own), outputs, losses, ignored);
    return losses.sum();
  };
  Matrix outputs = ConstMatrixMap(x.data() + own, kRows, width);
  Vector gradient = Vector::Zero(x.size());
  likelihood.value_and_gradient(batch, by, x.head(own), outputs, losses, gradient.head(own));
  gradient.tail(outputs.size()) = outputs.reshaped<Eigen::RowMajor>();
  check_gradient(loss, x, gradient);
}

INSTANTIATE_TEST_SUITE_P(Heads, LikelihoodOf, testing::Bool());

TEST(Likelihood, IsTheNaiveFormula) {
  TableColumns columns;
  columns.dense_source = {0, 1};
  columns.dense_gap = {false, false};
  columns.bag_source = -1;
  const TableLayout layout(columns);
  Batch batch(layout, 1);
  batch.size = 1;
  batch.dense_target << Scalar(0.3), Scalar(0.9);
  Matrix outputs(1, 2);
  Vector losses(1), grads = Vector::Zero(2), log_sigma(2), one = Vector::Ones(1);
  log_sigma << Scalar(-0.7), Scalar(0.4);  // the second is held at σ = 1
  outputs << Scalar(-0.2), Scalar(1.5);
  Likelihood(layout, false).value_and_gradient(batch, one, log_sigma, outputs, losses, grads);
  const double first = 0.5 * std::pow(0.5 * std::exp(0.7), 2) - 0.7, second = 0.5 * 0.6 * 0.6;
  EXPECT_NEAR(losses[0], first + second + std::log(2 * M_PI), 1e-12);
  outputs << Scalar(-0.2), Scalar(1.5);
  Likelihood(layout, true).value_and_gradient(batch, one, Vector(0), outputs, losses, grads.head(0));
  const auto entropy = [](double t, double a) {
    const double p = 1 / (1 + std::exp(-a));
    return -t * std::log(p) - (1 - t) * std::log(1 - p);
  };
  EXPECT_NEAR(losses[0], entropy(0.3, -0.2) + entropy(0.9, 1.5), 1e-12);
}

TEST(Likelihood, HoldsScalesAtTheirBoundsUntilTheyAreToComeBack) {
  TableColumns columns;
  columns.dense_source = {0};
  columns.dense_gap = {false};
  const TableLayout layout(columns);
  const Likelihood likelihood(layout, false);
  Batch batch(layout, 1);
  batch.size = 1;
  const auto pull = [&](Scalar log_sigma, Scalar error) {
    batch.dense_target(0, 0) = 0;
    Matrix outputs = Matrix::Constant(1, 1, error);
    Vector losses(1), grads = Vector::Zero(1);
    likelihood.value_and_gradient(batch, Vector::Ones(1), Vector::Constant(1, log_sigma), outputs, losses, grads);
    return grads[0];
  };
  EXPECT_EQ(pull(Scalar(0.5), 3), 0);      // wants to grow further
  EXPECT_GT(pull(Scalar(0.5), 0.1), 0);    // comes back
  EXPECT_EQ(pull(Scalar(-6), 0.0001), 0);  // wants to shrink further
  EXPECT_LT(pull(Scalar(-6), 1), 0);
  EXPECT_NE(pull(Scalar(-1), 1), 0);
}

// The divergence is pulled towards its capacity from both sides, by the mean over the batch.
TEST(Variational, CapacityIsThatOfTheWholeBatch) {
  const Table table = random_table(mixed_columns(), 200, 41, 0.1);
  for (Scalar capacity : {Scalar(2), Scalar(6)}) {
    const AutoEncoder model(*table.layout, variational_sizes({true, {3}, Scalar(0.67), 30, capacity, Scalar(0.6)}));
    Training training;
    training.batch_size = 200;
    training.total_steps = 1500;
    training.anneal_steps = 500;
    training.learning_rate = Scalar(5e-3);
    RowTrainer trainer = trainer_of(model, table, training);
    trainer.run(1400);
    trainer.run(100);
    EXPECT_NEAR(trainer.terms().segment(1, 3).sum(), capacity, 0.01 * capacity);
    EXPECT_NEAR(trainer.terms()[4], 0.6, 0.006);
  }
}

TEST(Variational, CategoricalCapacityEndsAtTheEntropyOfTheLevels) {
  const Table table = random_table(mixed_columns(), 10, 42);
  const Vector params = start(AutoEncoder(*table.layout, variational_sizes({true, {3, 2}, 1, 1, 1, 100})));
  const auto loss = [&](Scalar capacity) {
    const AutoEncoder model(*table.layout, variational_sizes({true, {3, 2}, 1, 1, 1, capacity}));
    const auto workspace = model.workspace(10);
    Vector grads = Vector::Zero(params.size());
    return loss_and_gradient(model, whole(table), Scalar(0.1), {}, params, *workspace, grads);
  };
  EXPECT_EQ(loss(100), loss(std::log(Scalar(6))));
  EXPECT_NE(loss(100), loss(std::log(Scalar(5.9))));
}

TEST(Variational, AnnealingBeginsWithoutADivergence) {
  const Table table = random_table(mixed_columns(), 10, 43);
  const AutoEncoder model(*table.layout, variational_sizes({true, {}, 1, 2}));
  const Vector params = start(model);
  const auto workspace = model.workspace(10);
  model.forward(whole(table), Scalar(0.1), {}, params, *workspace);
  EXPECT_EQ(model.couple({workspace.get()}, 0), 0);
  const Scalar half = model.couple({workspace.get()}, Scalar(0.5));
  EXPECT_GT(half, 0);
  EXPECT_NEAR(model.couple({workspace.get()}, 1), 2 * half, 1e-14);
}

TEST(Variational, SameBitsForAnyNumberOfThreads) {
  const Table table = random_table(mixed_columns(), 300, 44);
  const AutoEncoder model(*table.layout, variational_sizes({true, {3, 2}, Scalar(0.67), 30, 3, 1}));
  Training training;
  training.batch_size = 250;
  training.anneal_steps = 5;
  RowTrainer one = trainer_of(model, table, training);
  const double loss = one.run(7);
  for (int threads : {2, 3}) {
    training.threads = threads;
    RowTrainer several = trainer_of(model, table, training);
    EXPECT_EQ(several.run(7), loss);
    EXPECT_EQ(several.state().params, one.state().params);
    EXPECT_EQ(several.terms(), one.terms());
  }
}

// Importance sampling lies above the bound, and closes in on log p(x), which more draws of another seed show too.
TEST(Variational, CategoriesStartAtAnAffineMapOfFeatures) {
  const Table table = random_table(mixed_columns(), kRows, 4, 0.1);
  std::vector<Index> rows = all_rows(kRows);
  std::swap(rows[3], rows[20]);
  Draw draw(6);
  for (const bool linear_path : {false, true}) {
    for (const int shape : {0, 1, 2}) {  // hidden layers, channels, neither
      AutoEncoderSizes sizes = variational_sizes({true, {2, 4}});
      sizes.linear_path = linear_path;
      if (shape == 1) sizes.channels = {3, 2};
      if (shape == 2) sizes.hidden = {};
      const AutoEncoder model(*table.layout, sizes);
      const Vector before = draw.vector(model.num_params());
      const Index width = num_category_features(model);
      EXPECT_EQ(width, shape == 0 ? 5 : 3);
      Matrix means(kRows, 3), features(kRows, width), former(kRows, 9), code(kRows, 9), levels(kRows, 6);
      category_features({model, before}, table.view, rows.data(), means, features);
      encode({model, before}, table.view, former);
      EXPECT_EQ(means.row(3), former.row(20).head(3));
      const Matrix kernel = draw.matrix(width, 6);
      const Vector bias = draw.vector(6);
      Vector params = before;
      start_categories(model, kernel, bias, params);
      encode({model, params}, table.view, code);
      EXPECT_EQ(code.leftCols(3), former.leftCols(3));
      const Matrix logits = (features * kernel).rowwise() + bias.transpose();
      softmax_rows(logits.leftCols(2), levels.leftCols(2));
      softmax_rows(logits.rightCols(4), levels.rightCols(4));
      for (std::size_t i = 0; i < rows.size(); ++i)
        EXPECT_LT((code.row(rows[i]).tail(6) - levels.row(static_cast<Index>(i))).cwiseAbs().maxCoeff(), 1e-12);
    }
  }
}

TEST(Variational, TheDecoderIsBlindToCategoriesAtTheirStart) {
  const Table table = random_table(mixed_columns(), kRows, 4, 0.1);
  Draw draw(7);
  for (const bool linear_path : {false, true}) {
    for (const bool channels : {false, true}) {
      AutoEncoderSizes sizes = variational_sizes({true, {2, 4}});
      sizes.linear_path = linear_path;
      if (channels) sizes.channels = {3, 2};
      const AutoEncoder model(*table.layout, sizes);
      const Index outputs = table.layout->outputs();
      Vector params = draw.vector(model.num_params());
      Matrix z(4, 9), found(4, outputs), uniform(1, outputs);
      z.leftCols(3) = draw.matrix(1, 3).replicate(4, 1);
      z.rightCols(6).setZero();
      for (Index i = 0; i < 4; ++i) z(i, 3 + i % 2) = z(i, 5 + i) = 1;
      Matrix even = z.topRows(1);
      even.rightCols(6) << 0.5, 0.5, 0.25, 0.25, 0.25, 0.25;
      // The decoder itself: the model's takes every category at its likeliest level.
      const auto decode_by = [&](const Matrix& code, Matrix& out) {
        const auto cache = model.decoder().cache(4);
        model.decoder().forward(code, model.decoder_params(params), Dropout{}, 0, *cache, out);
      };
      decode_by(even, uniform);
      const Index width = num_category_features(model);
      start_categories(model, draw.matrix(width, 6), draw.vector(6), params);
      decode_by(z, found);
      EXPECT_LT((found - uniform.replicate(4, 1)).cwiseAbs().maxCoeff(), 1e-12);
    }
  }
}

TEST(Variational, EvidenceIsABound) {
  const Table table = random_table(mixed_columns(), 60, 45);
  const AutoEncoder model(*table.layout, variational_sizes({true, {3}, Scalar(0.67), 1}));
  Training training;
  training.learning_rate = Scalar(1e-2);
  RowTrainer trainer = trainer_of(model, table, training);
  trainer.run(200);
  const Fitted fitted{model, trainer.state().params};
  Matrix few(60, 3), many(60, 3), other(60, 3);
  evidence(fitted, table.view, 200, 1, few);
  evidence(fitted, table.view, 4000, 1, many);
  evidence(fitted, table.view, 4000, 2, other);
  const double bound = -(many.col(0) + many.col(1)).mean();
  EXPECT_GT(few.col(2).mean(), bound);
  EXPECT_NEAR(many.col(2).mean(), other.col(2).mean(), 0.02);
  EXPECT_NEAR(few.col(2).mean(), many.col(2).mean(), 0.1);
  // By exhaustive quadrature, if the decoder ignores its latents: then log p(x) = log p(x|z), whatever z.
  Vector params = trainer.state().params;
  const Index encoder = model.encoder().num_params(), decoder = model.decoder().num_params();
  params.segment(encoder, decoder - table.layout->outputs()).setZero();
  Matrix blind(60, 3);
  evidence({model, params}, table.view, 3000, 1, blind);
  for (Index i = 0; i < 60; ++i) EXPECT_NEAR(blind(i, 2), -blind(i, 0), 0.2 * (1 + blind(i, 1)));
}

TEST(Variational, AnEncoderFarOffDoesNotBlowUpTheLoss) {
  const Table table = random_table(mixed_columns(), 20, 47);
  const AutoEncoder model(*table.layout, variational_sizes({true, {}, 1, 1}));
  Vector params = start(model);
  model.encoder().output_maps(params.head(model.encoder().num_params())).back().bias.segment(3, 3).setConstant(1000);
  const auto workspace = model.workspace(20);
  Vector grads = Vector::Zero(params.size());
  EXPECT_LT(loss_and_gradient(model, whole(table), Scalar(0.05), {}, params, *workspace, grads), 1e5);
  EXPECT_LT(grads.cwiseAbs().maxCoeff(), 1e5);
  Matrix rows(20, 3);
  evidence({model, params}, table.view, 3, 0, rows);
  EXPECT_LT(rows.cwiseAbs().maxCoeff(), 1e6);
}

TEST(Variational, ValidationLossIsTheBound) {
  const Table table = random_table(mixed_columns(), 50, 46);
  const AutoEncoder model(*table.layout, variational_sizes({true, {}, 1, Scalar(2.5)}));
  const Vector params = start(model);
  const Fitted fitted{model, params};
  Matrix rows(50, 3);
  evidence(fitted, table.view, 1, 0, rows);
  const DoubleVector mean = DoubleVector::Zero(table.layout->encoded());
  const double loss = score(fitted, table.view, nullptr, mean).loss;
  EXPECT_NEAR(loss, (rows.col(0) + Scalar(2.5) * rows.col(1)).mean() / table.layout->sources(), 1e-12);
}

}  // namespace entivec::test
