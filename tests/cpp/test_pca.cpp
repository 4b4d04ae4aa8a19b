#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/SVD>
#include <cmath>

#include "entivec/rows/apply.h"
#include "entivec/rows/moments.h"
#include "entivec/rows/pca.h"
#include "entivec/rows/pca_start.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr double kTight = 1e-12;

// The matrix that CentredTable stands for: x − mean where observed, 0 elsewhere; the mean over observed cells.
struct Centred {
  Centred(const Table& table, const Vector& weights) {
    const MatrixXd target = explicit_target(table).cast<double>();
    s = weights.cast<double>();
    x = MatrixXd::Zero(target.rows(), target.cols());
    mean = VectorXd::Zero(target.cols());
    for (Index j = 0; j < target.cols(); ++j) {
      double sum = 0, observed = 0;
      for (Index i = 0; i < target.rows(); ++i)
        if (!std::isnan(target(i, j))) {
          sum += s[i] * target(i, j);
          observed += s[i];
        }
      mean[j] = observed > 0 ? sum / observed : 0;
      for (Index i = 0; i < target.rows(); ++i)
        if (!std::isnan(target(i, j))) x(i, j) = target(i, j) - mean[j];
    }
  }

  MatrixXd covariance() const { return x.transpose() * s.asDiagonal() * x / s.sum(); }

  MatrixXd x;
  VectorXd mean, s;
};

double worst(const MatrixXd& difference) { return difference.cwiseAbs().maxCoeff(); }

// Sine of the largest angle between the row spaces of a and b, both orthonormal.
double subspace_angle(const MatrixXd& a, const MatrixXd& b) {
  return Eigen::MatrixXd(a - a * b.transpose() * b).jacobiSvd().singularValues()[0];
}

struct Spectrum {
  VectorXd values;      // descending
  MatrixXd components;  // rows
};

Spectrum spectrum(const MatrixXd& covariance, Index count) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  return {solver.eigenvalues().reverse().head(count),
          solver.eigenvectors().rowwise().reverse().leftCols(count).transpose()};
}

void expect_is_pca(const Pca& pca, const Centred& centred, Index count, double tolerance) {
  const Spectrum exact = spectrum(centred.covariance(), count);
  EXPECT_LT(worst(pca.mean - centred.mean), kTight);
  EXPECT_LT(worst(pca.singular_values - exact.values.cwiseMax(0).cwiseSqrt()), tolerance * std::sqrt(exact.values[0]));
  EXPECT_LT(worst(pca.components * pca.components.transpose() - MatrixXd::Identity(count, count)), 1e-10);
  EXPECT_LT(subspace_angle(exact.components, pca.components), std::sqrt(tolerance));
  for (Index k = 0; k < count; ++k) EXPECT_GT(pca.components.row(k).maxCoeff(), -pca.components.row(k).minCoeff());
}

// Numbers that share three strong factors, and one category: a clear gap behind the third component.
Table factor_table(Index numbers, Index levels, Index rows, std::uint64_t seed, double noise = 0.1) {
  TableColumns columns;
  for (Index j = 0; j < numbers; ++j) columns.dense_source.push_back(j);
  columns.dense_gap.assign(static_cast<std::size_t>(numbers), false);
  if (levels > 0) {
    columns.code_source = {numbers};
    columns.levels = {levels + 2};
    columns.first_target = {2};
    columns.share.assign(static_cast<std::size_t>(levels + 2), 1.0 / static_cast<double>(levels));
  }
  Table table = random_table(columns, rows, seed, 0);
  Draw draw(seed + 1);
  const Matrix factors = draw.matrix(rows, 3) * Eigen::Vector3<Scalar>(4, 3, 2).asDiagonal();
  table.dense = factors * draw.matrix(3, numbers, 0.2) + static_cast<Scalar>(noise) * table.dense;
  table.look();
  return table;
}

}  // namespace

class CentredMixed : public testing::TestWithParam<bool> {
 protected:
  Table table = random_table(mixed_columns(), 700, 51);  // more than one chunk, and rows left over
  Vector weights = GetParam() ? Vector((Draw(52).vector(700).array() + 1).max(0)) : Vector(Vector::Ones(700));
  const Scalar* given() const { return GetParam() ? weights.data() : nullptr; }
};

TEST_P(CentredMixed, IsTheExplicitMatrix) {
  const Centred naive(table, weights);
  const MatrixXd q = Draw(53).matrix(table.layout->encoded(), 4).cast<double>();
  for (int threads : {1, 3}) {
    const CentredTable centred(*table.layout, table.view, given(), threads);
    EXPECT_EQ(centred.width(), table.layout->encoded());
    EXPECT_LT(worst(centred.mean() - naive.mean), kTight);
    EXPECT_LT(worst(centred.covariance() - naive.covariance()), kTight);
    EXPECT_LT(worst(centred.multiply_covariance(q) - naive.covariance() * q), kTight);
  }
}

TEST_P(CentredMixed, GivesTheSameBitsForAnyNumberOfThreads) {
  const CentredTable one(*table.layout, table.view, given(), 1), three(*table.layout, table.view, given(), 3);
  const MatrixXd q = Draw(53).matrix(table.layout->encoded(), 4).cast<double>();
  EXPECT_EQ(one.covariance(), three.covariance());
  EXPECT_EQ(one.multiply_covariance(q), three.multiply_covariance(q));
}

TEST_P(CentredMixed, FitsItsComponents) {
  expect_is_pca(fit_pca(CentredTable(*table.layout, table.view, given(), 2), 4, 1), Centred(table, weights), 4, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Weights, CentredMixed, testing::Bool());

TEST(CentredTable, RefusesTablesWithoutWeight) {
  Table table = random_table(mixed_columns(), 5, 54);
  const Vector zero = Vector::Zero(5);
  EXPECT_THROW(CentredTable(*table.layout, table.view, zero.data(), 1), std::invalid_argument);
  table.view.rows = 0;
  EXPECT_THROW(CentredTable(*table.layout, table.view, nullptr, 1), std::invalid_argument);
}

namespace {

// Moments of the rows first … first + count of a table with dense cells and codes.
Moments moments_of_rows(const Table& table, Index first, Index count, const VectorXd& centre, const VectorXd& unit) {
  TableView view = table.view;
  view.rows = count;
  view.dense += first * table.layout->dense();
  view.codes += first * table.layout->codes();
  if (view.bag_offsets) view.bag_offsets += first;
  return table_moments(*table.layout, view, centre, unit, 2);
}

Moments operator+(const Moments& a, const Moments& b) {
  return {a.rows + b.rows, a.observed + b.observed, a.sum + b.sum, a.second + b.second};
}

}  // namespace

TEST(TableMoments, ThoseOfPartsAddUpBitByBit) {
  const Table table = random_table(mixed_columns(), 700, 56);
  const VectorXd centre = VectorXd::Constant(table.layout->dense(), 0.1);
  const VectorXd unit = VectorXd::Constant(table.layout->dense(), 2);
  const Moments whole = moments_of_rows(table, 0, 700, centre, unit);
  const Moments a = moments_of_rows(table, 0, 13, centre, unit), b = moments_of_rows(table, 13, 600, centre, unit),
                c = moments_of_rows(table, 613, 87, centre, unit);
  for (const Moments& sum : {(a + b) + c, c + (b + a)}) {
    EXPECT_EQ(sum.rows, whole.rows);
    EXPECT_EQ(sum.observed, whole.observed);
    EXPECT_EQ(sum.sum, whole.sum);
    EXPECT_EQ(sum.second, whole.second);
  }
}

TEST(TableMoments, GiveThePrincipalComponents) {
  const Table table = factor_table(20, 5, 900, 57);
  const VectorXd centre = VectorXd::Constant(20, 0.3), unit = VectorXd::Constant(20, 4);
  const Pca pca = fit_pca(*table.layout, moments_of_rows(table, 0, 900, centre, unit), centre, unit, 4, 1);
  const Centred naive(table, Vector::Ones(900));
  const Spectrum exact = spectrum(naive.covariance(), 4);
  EXPECT_LT(worst(pca.mean - naive.mean), 1e-4);  // of cells rounded to a grid of 1e-3
  EXPECT_LT(worst(pca.singular_values - exact.values.cwiseSqrt()), 1e-3);
  EXPECT_LT(subspace_angle(exact.components, pca.components), 1e-2);
}

TEST(TableMoments, CellsFarOutCountAsSoFar) {
  Table table = factor_table(3, 0, 50, 58);
  table.dense(7, 1) = 1e30F;
  table.look();
  const VectorXd centre = VectorXd::Zero(3), unit = VectorXd::Ones(3);
  const Moments moments = moments_of_rows(table, 0, 50, centre, unit);
  EXPECT_LE(moments.sum[1], Moments::kMost * 50);
  EXPECT_THROW(table_moments(*table.layout, table.view, VectorXd::Zero(2), unit, 1), std::invalid_argument);
  EXPECT_THROW(table_moments(*table.layout, table.view, centre, VectorXd::Zero(3), 1), std::invalid_argument);
}

// 400 columns: Krylov on the covariance. The sixty rows of the second table span less than the Krylov space.
TEST(FitPca, KrylovOnTheCovariance) {
  for (Index rows : {1500, 60}) {
    const Table table = factor_table(390, 10, rows, 55);
    const CentredTable centred(*table.layout, table.view, nullptr, 2);
    expect_is_pca(fit_pca(centred, 3, 7), Centred(table, Vector::Ones(rows)), 3, 1e-8);
  }
}

// 3,300 columns: Krylov on the table itself, wider than it is long, so that its covariance is never formed.
TEST(FitPca, KrylovOnTheTable) {
  const Table table = factor_table(300, 3000, 200, 56);
  const Pca pca = fit_pca(CentredTable(*table.layout, table.view, nullptr, 2), 3, 7);
  const Centred naive(table, Vector::Ones(200));
  const Eigen::MatrixXd small = naive.x * naive.x.transpose() / 200;  // the same non-zero spectrum
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(small);
  const Eigen::VectorXd values = solver.eigenvalues().reverse().head(3);
  EXPECT_LT(worst(pca.singular_values - values.cwiseSqrt()), 1e-8);
  MatrixXd components = solver.eigenvectors().rowwise().reverse().leftCols(3).transpose() * naive.x;
  components.rowwise().normalize();
  EXPECT_LT(subspace_angle(components, pca.components), 1e-4);
}

// Behind the third component the spectrum is nearly flat, so that one Krylov space is not enough.
TEST(FitPca, RestartsUntilTheResidualsAreSmall) {
  const Table table = factor_table(390, 10, 1500, 59, 1);
  const Pca pca = fit_pca(CentredTable(*table.layout, table.view, nullptr, 2), 8, 7);
  const VectorXd values = pca.singular_values.cwiseAbs2();
  const MatrixXd residual =
      pca.components * Centred(table, Vector::Ones(1500)).covariance() - values.asDiagonal() * pca.components;
  EXPECT_LT(residual.rowwise().norm().maxCoeff(), 1.001e-5 * values[0]);
}

// More components than the table has dimensions: the rest are zero, and the whole stays orthonormal.
TEST(FitPca, RankDeficientTables) {
  for (Index numbers : {20, 400}) {
    const Table table = factor_table(numbers, 0, 500, 57, 0);
    const Pca pca = fit_pca(CentredTable(*table.layout, table.view, nullptr, 1), 5, 7);
    EXPECT_LT(worst(pca.components * pca.components.transpose() - MatrixXd::Identity(5, 5)), 1e-10);
    EXPECT_GT(pca.singular_values[2], 0.1);
    EXPECT_LT(pca.singular_values.tail(2).maxCoeff(), 1e-6);
    const Spectrum exact = spectrum(Centred(table, Vector::Ones(500)).covariance(), 3);
    EXPECT_LT(worst(pca.singular_values.head(3) - exact.values.cwiseSqrt()), 1e-8);
    EXPECT_LT(subspace_angle(exact.components, pca.components), 1e-6);
  }
}

TEST(FitPca, ChecksTheCount) {
  const Table table = random_table(plain_columns(), 20, 58, 0);
  const CentredTable centred(*table.layout, table.view, nullptr, 1);
  EXPECT_THROW(fit_pca(centred, 0, 1), std::invalid_argument);
  EXPECT_THROW(fit_pca(centred, centred.width() + 1, 1), std::invalid_argument);
}

class PcaStart : public testing::Test {
 protected:
  // A model started at the PCA of `table`.
  struct Started {
    Started(const Table& table, Index count, std::vector<Index> hidden, Heads heads)
        : pca(fit_pca(CentredTable(*table.layout, table.view, nullptr, 1), count, 1)),
          model(*table.layout, {std::move(hidden), count, Activation::kGelu, true, 1, 0}),
          params(model.num_params()) {
      model.initialise(1, params);
      start_at_pca(model, pca, heads, params);
    }

    // Predictions of all rows.
    Matrix outputs(const Table& table, Heads heads) const {
      const auto workspace = model.workspace(table.rows);
      Matrix z(table.rows, model.code()), y(table.rows, table.layout->outputs());
      model.encode(whole(table), params, *workspace, z);
      model.decode(z, params, *workspace, y);
      model.reconstruction().predict(heads, y);
      return y;
    }

    Pca pca;
    AutoEncoder model;
    Vector params;
  };

  // PCA's reconstruction as outputs: of a flag only the second level is kept.
  static Matrix reconstruction(const Table& table, const Pca& pca) {
    const Centred centred(table, Vector::Ones(table.rows));
    const MatrixXd full = (centred.x * pca.components.transpose() * pca.components).rowwise() + pca.mean.transpose();
    Matrix y(table.rows, table.layout->outputs());
    y.leftCols(table.layout->dense()) = full.leftCols(table.layout->dense()).cast<Scalar>();
    for (const Category& category : table.layout->categories())
      y.middleCols(category.output, category.outputs()) =
          full.middleCols(category.encoded + (category.flag ? 1 : 0), category.outputs()).cast<Scalar>();
    return y;
  }
};

TEST_F(PcaStart, LinearHeadsReproduceThePcaReconstruction) {
  const Table table = random_table(plain_columns(), 200, 61, 0);
  for (const std::vector<Index>& hidden : {std::vector<Index>{}, {7, 5}}) {
    const Started started(table, 3, hidden, Heads::kLinear);
    EXPECT_LT(worst((started.outputs(table, Heads::kLinear) - reconstruction(table, started.pca)).cast<double>()),
              1e-10);
  }
}

// Missing numbers, dates and levels, and levels that are no target, stand at the mean; an empty bag cannot.
TEST_F(PcaStart, MissingCellsContributeTheMean) {
  TableColumns columns = mixed_columns();
  columns.bag_source = -1;
  columns.bag_width = 0;
  columns.bag_share.clear();
  columns.dense_gap[1] = true;
  const Table table = random_table(columns, 200, 62, 0.3);
  const Started started(table, 4, {6}, Heads::kLinear);
  ASSERT_GT(started.pca.mean.head(5).cwiseAbs().minCoeff(), 1e-3);
  EXPECT_LT(worst((started.outputs(table, Heads::kLinear) - reconstruction(table, started.pca)).cast<double>()), 1e-10);
}

TEST_F(PcaStart, CodesHaveUnitVariance) {
  const Table table = random_table(plain_columns(), 300, 63, 0);
  const Started started(table, 4, {6}, Heads::kTyped);
  Matrix z(300, 4);
  encode({started.model, started.params}, table.view, z);
  EXPECT_LT(worst((z.transpose() * z / 300 - Matrix::Identity(4, 4)).cast<double>()), 1e-10);
  EXPECT_LT(z.colwise().mean().cwiseAbs().maxCoeff(), 1e-10);
}

TEST_F(PcaStart, LinearHeadsExplainWhatPcaExplains) {
  const Table table = random_table(plain_columns(), 300, 64, 0);
  const Started started(table, 3, {6}, Heads::kLinear);
  const Score s = score({started.model, started.params, Heads::kLinear, 2}, table.view, nullptr, started.pca.mean);
  const Centred centred(table, Vector::Ones(300));
  const double explained = started.pca.singular_values.squaredNorm() / centred.covariance().trace();
  EXPECT_NEAR(1 - s.error.sum() / s.deviation.sum(), explained, 1e-10);
}

// With every share at least 0.1 a softmax starts with the same first-order response as PCA's own prediction; the
// logits themselves are ln p + (V S z) / p.
TEST_F(PcaStart, TypedHeadsAreLogitsAroundTheShares) {
  const Table table = random_table(plain_columns(), 200, 65, 0);
  const Started typed(table, 3, {6}, Heads::kTyped), linear(table, 3, {6}, Heads::kLinear);
  const Matrix values = linear.outputs(table, Heads::kLinear), logits = typed.outputs(table, Heads::kLinear);
  const VectorXd& mean = typed.pca.mean;
  for (const Category& category : table.layout->categories())
    for (Index i = 0; i < table.rows; ++i) {
      const auto logit = [&](Index k, double value) {
        const double p = mean[category.encoded + k];
        return std::log(std::max(p, 1e-4)) + (value - p) / std::max(p, 0.1);
      };
      for (Index k = 0; k < category.outputs(); ++k) {
        const double value = values(i, category.output + k);
        const double expected = category.flag ? logit(1, value) - logit(0, 1 - value) : logit(k, value);
        ASSERT_NEAR(logits(i, category.output + k), expected, 1e-10);
      }
    }
}

}  // namespace entivec::test
