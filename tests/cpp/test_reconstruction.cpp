#include <gtest/gtest.h>

#include <cmath>

#include "entivec/table/reconstruction.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

// Predictions written out level by level: (n, layout.encoded()), from logits or, under linear heads, from values.
Matrix explicit_prediction(const TableLayout& layout, const Matrix& outputs, Heads heads) {
  Matrix p(outputs.rows(), layout.encoded());
  for (Index i = 0; i < outputs.rows(); ++i) {
    p.row(i).head(layout.dense()) = outputs.row(i).head(layout.dense());
    for (const Category& category : layout.categories()) {
      const auto own = outputs.row(i).segment(category.output, category.outputs());
      auto out = p.row(i).segment(category.encoded, category.targets());
      if (heads == Heads::kLinear)
        category.flag ? out << 1 - own[0], own[0] : out << own;
      else if (category.flag)
        out << 1 / (1 + std::exp(own[0])), 1 / (1 + std::exp(-own[0]));
      else
        out = own.array().exp() / own.array().exp().sum();
    }
  }
  return p;
}

// Loss of one row's source column, without the 1/C; NaN where nothing is observed.
Scalar naive_error(const Table& table, const Matrix& target, const Matrix& p, Index i, Index source) {
  const TableLayout& layout = *table.layout;
  const TableColumns& columns = layout.columns();
  Scalar squares = 0, parts = 0;
  for (Index j = 0; j < layout.dense(); ++j)
    if (columns.dense_source[static_cast<std::size_t>(j)] == source) {
      squares += std::pow(p(i, j) - target(i, j), 2);
      parts += 1;
    }
  if (parts > 0) return squares / parts;
  for (const Category& category : layout.categories())
    if (category.source == source) {
      Scalar entropy = 0, cross_entropy = 0;
      for (Index k = 0; k < category.targets(); ++k) {
        const double share = category.share[category.first + k];
        if (share > 0) entropy -= share * std::log(share);
        cross_entropy -= target(i, category.encoded + k) * std::log(p(i, category.encoded + k));
      }
      return cross_entropy / std::sqrt(std::max(entropy, Scalar(0.05)));
    }
  return std::numeric_limits<Scalar>::quiet_NaN();
}

struct Fixture {
  explicit Fixture(std::uint64_t seed, double missing = 0.3)
      : table(random_table(mixed_columns(), 40, seed, missing)),
        reconstruction(*table.layout),
        batch(whole(table)),
        target(explicit_target(table)) {
    Draw draw(seed + 100);
    logits = draw.matrix(table.rows, table.layout->outputs(), 1.5);
    for (Index i = 0; i < table.rows; ++i) batch.weight[i] = static_cast<Scalar>(2 * draw.uniform());
  }

  Scalar naive_loss() const {
    const Matrix p = explicit_prediction(*table.layout, logits, Heads::kTyped);
    Scalar loss = 0;
    for (Index i = 0; i < table.rows; ++i)
      for (Index source = 0; source < table.layout->sources(); ++source) {
        const Scalar error = naive_error(table, target, p, i, source);
        if (!std::isnan(error)) loss += batch.weight[i] * error / static_cast<Scalar>(table.layout->sources());
      }
    return loss;
  }

  Table table;
  Reconstruction reconstruction;
  Batch batch;
  Matrix target, logits;
};

}  // namespace

TEST(Reconstruction, ValueIsTheNaiveFormula) {
  const Fixture f(1);
  Matrix gradient = f.logits, predictions = f.logits;
  const Scalar naive = f.naive_loss();
  EXPECT_NEAR(f.reconstruction.value_and_gradient(f.batch, Scalar(0.1), gradient), 0.1 * naive, 1e-13 * naive);
  EXPECT_NEAR(f.reconstruction.value(f.batch, Heads::kTyped, predictions), naive, 1e-13 * naive);
}

TEST(Reconstruction, Gradient) {
  const Fixture f(2);
  const Index n = f.logits.rows(), width = f.logits.cols();
  Matrix gradient = f.logits;
  f.reconstruction.value_and_gradient(f.batch, Scalar(0.1), gradient);
  const auto loss = [&](const Vector& x) {
    Matrix outputs = ConstMatrixMap(x.data(), n, width);
    return f.reconstruction.value_and_gradient(f.batch, Scalar(0.1), outputs);
  };
  check_gradient(loss, f.logits.reshaped<Eigen::RowMajor>(), gradient.reshaped<Eigen::RowMajor>());
}

// More numbers than are summed at once, and some left over.
TEST(Reconstruction, NumbersOfAWideTable) {
  constexpr Index kNumbers = 37;
  TableColumns columns;
  for (Index j = 0; j < kNumbers; ++j) {
    columns.dense_source.push_back(j);
    columns.dense_gap.push_back(j % 3 == 0);
    columns.source_weight.push_back(1 + 0.1 * static_cast<double>(j));
  }
  const Table table = random_table(columns, 9, 7);
  const Batch batch = whole(table);
  Draw draw(8);
  const Matrix outputs = draw.matrix(9, kNumbers, 1.5);
  Matrix gradient = outputs, expected = Matrix::Zero(9, kNumbers);
  Scalar loss = 0;
  for (Index i = 0; i < 9; ++i)
    for (Index j = 0; j < kNumbers; ++j) {
      const Scalar error = outputs(i, j) - table.dense(i, j),
                   weight = 0.5 * (1 + 0.1 * static_cast<Scalar>(j)) / kNumbers;
      if (std::isnan(error)) continue;
      loss += weight * error * error;
      expected(i, j) = 2 * weight * error;
    }
  EXPECT_NEAR(Reconstruction(*table.layout).value_and_gradient(batch, Scalar(0.5), gradient), loss, 1e-13 * loss);
  EXPECT_LT((gradient - expected).cwiseAbs().maxCoeff(), 1e-15);
}

// Exactly zero, not small: what is missing or no target moves nothing.
TEST(Reconstruction, UnobservedCellsHaveNoGradient) {
  const Fixture f(3);
  Matrix gradient = f.logits;
  f.reconstruction.value_and_gradient(f.batch, 1, gradient);
  Index unobserved = 0, others = 0;
  for (Index i = 0; i < f.table.rows; ++i) {
    for (Index j = 0; j < f.table.layout->dense(); ++j) EXPECT_EQ(gradient(i, j) == 0, std::isnan(f.target(i, j)));
    for (const Category& category : f.table.layout->categories()) {
      const bool observed = !std::isnan(f.target(i, category.encoded));
      EXPECT_EQ((gradient.row(i).segment(category.output, category.outputs()).array() != 0).any(), observed);
      unobserved += !observed;
    }
    others += f.table.codes(i, 0) == 1;
  }
  EXPECT_GT(unobserved, 0);
  EXPECT_GT(others, 0);  // level "other" of a column where it is no target
}

TEST(Reconstruction, StaysFiniteAtExtremeLogits) {
  const Fixture f(4);
  Matrix outputs = 1000 * f.logits, predictions = outputs;
  EXPECT_TRUE(std::isfinite(f.reconstruction.value_and_gradient(f.batch, 1, outputs)));
  EXPECT_TRUE(outputs.allFinite());
  EXPECT_TRUE(std::isfinite(f.reconstruction.value(f.batch, Heads::kTyped, predictions)));
}

TEST(Reconstruction, ADivergedPredictionShowsInTheLoss) {
  const Fixture f(4, 0);
  Matrix outputs = f.logits;
  outputs(0, 1) = std::numeric_limits<Scalar>::quiet_NaN();
  Matrix errors(f.table.rows, f.table.layout->sources());
  EXPECT_TRUE(std::isnan(f.reconstruction.value(f.batch, Heads::kTyped, outputs)));
}

TEST(Reconstruction, PredictionsAreProbabilities) {
  const Fixture f(5);
  Matrix typed = f.logits, linear = f.logits;
  f.reconstruction.predict(Heads::kTyped, typed);
  f.reconstruction.predict(Heads::kLinear, linear);
  EXPECT_EQ(linear, f.logits);
  const Matrix p = explicit_prediction(*f.table.layout, f.logits, Heads::kTyped);
  for (const Category& category : f.table.layout->categories()) {
    const Index first = category.encoded + (category.flag ? 1 : 0);
    expect_close(typed.middleCols(category.output, category.outputs()), p.middleCols(first, category.outputs()),
                 Scalar(1e-14));
  }
}

TEST(Reconstruction, ErrorsAreTheNaiveOnesPerSourceColumn) {
  const Fixture f(6);
  Matrix predictions = f.logits, errors(f.table.rows, f.table.layout->sources());
  f.reconstruction.predict(Heads::kTyped, predictions);
  f.reconstruction.errors(f.batch, predictions, errors);
  const Matrix p = explicit_prediction(*f.table.layout, f.logits, Heads::kTyped);
  for (Index i = 0; i < errors.rows(); ++i)
    for (Index source = 0; source < errors.cols(); ++source) {
      const Scalar naive = naive_error(f.table, f.target, p, i, source);
      if (std::isnan(naive))
        EXPECT_TRUE(std::isnan(errors(i, source)));
      else
        EXPECT_NEAR(errors(i, source), naive, 1e-12 * std::max(Scalar(1), naive));
    }
}

// A PCA prediction may leave [0, 1]: its cross-entropy is bounded by the floor of 1e-7.
TEST(Reconstruction, LinearHeadsAreClampedInTheCrossEntropy) {
  const Fixture f(7, 0);
  Matrix low = Matrix::Constant(f.table.rows, f.table.layout->outputs(), -3), errors(f.table.rows, 9);
  f.reconstruction.errors(f.batch, low, errors);
  const Category& first = f.table.layout->categories()[0];
  for (Index i = 0; i < f.table.rows; ++i)
    EXPECT_NEAR(errors(i, first.source), 9 * first.weight * -std::log(1e-7), 1e-9);
  Matrix high = Matrix::Constant(f.table.rows, f.table.layout->outputs(), 3);
  f.reconstruction.errors(f.batch, high, errors);
  for (Index i = 0; i < f.table.rows; ++i) EXPECT_EQ(errors(i, first.source), 0);
}

TEST(Reconstruction, SquaresAreThoseOfOneHotCells) {
  const Fixture f(8);
  const TableLayout& layout = *f.table.layout;
  const Eigen::VectorXd mean = Draw(9).vector(layout.encoded(), 0.5).cast<double>();
  for (Heads heads : {Heads::kTyped, Heads::kLinear}) {
    Matrix predictions = f.logits;
    f.reconstruction.predict(heads, predictions);
    Eigen::VectorXd error = Eigen::VectorXd::Ones(9), deviation = 2 * error, naive_error = error,
                    naive_deviation = deviation;
    f.reconstruction.add_squares(f.batch, predictions, mean, error, deviation);
    const Matrix p = explicit_prediction(layout, f.logits, heads);
    std::vector<Index> source = layout.columns().dense_source;
    for (const Category& category : layout.categories())
      source.insert(source.end(), static_cast<std::size_t>(category.targets()), category.source);
    for (Index i = 0; i < f.table.rows; ++i)
      for (Index k = 0; k < layout.encoded(); ++k) {
        if (std::isnan(f.target(i, k))) continue;
        naive_error[source[static_cast<std::size_t>(k)]] += f.batch.weight[i] * std::pow(p(i, k) - f.target(i, k), 2);
        naive_deviation[source[static_cast<std::size_t>(k)]] +=
            f.batch.weight[i] * std::pow(mean[k] - f.target(i, k), 2);
      }
    EXPECT_LT((error - naive_error).cwiseAbs().maxCoeff(), 1e-12 * naive_error.maxCoeff());
    EXPECT_LT((deviation - naive_deviation).cwiseAbs().maxCoeff(), 1e-12 * naive_deviation.maxCoeff());
  }
}

}  // namespace entivec::test
