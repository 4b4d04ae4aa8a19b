#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "entivec/nn/l2.h"
#include "entivec/nn/mlp.h"
#include "entivec/table/table_linear.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Scalar kNothing = std::numeric_limits<Scalar>::quiet_NaN();
const std::vector<Activation> kActivations{Activation::kIdentity, Activation::kTanh, Activation::kSigmoid,
                                           Activation::kRelu,     Activation::kGelu, Activation::kSilu};

Scalar naive_activation(Activation activation, Scalar a) {
  switch (activation) {
    case Activation::kIdentity:
      return a;
    case Activation::kTanh:
      return std::tanh(a);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-a));
    case Activation::kRelu:
      return a > 0 ? a : 0;
    case Activation::kGelu:
      return a / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(Scalar(-1))) * (a + Scalar(0.044715) * a * a * a)));
    case Activation::kSilu:
      return a / (1 + std::exp(-a));
  }
  return kNothing;
}

// x W + b by its definition, the parameters as W row-major, then b.
Matrix naive_affine(const Matrix& x, const Vector& params, Index out) {
  Matrix y(x.rows(), out);
  for (Index i = 0; i < x.rows(); ++i)
    for (Index k = 0; k < out; ++k) {
      y(i, k) = params[x.cols() * out + k];
      for (Index j = 0; j < x.cols(); ++j) y(i, k) += x(i, j) * params[j * out + k];
    }
  return y;
}

// What `grads` gained beyond `before`: backward adds.
Vector gained(const Vector& grads, const Vector& before) { return grads - before; }

}  // namespace

TEST(Linear, IsTheNaiveLoop) {
  const Linear linear(7, 5);
  Draw draw(1);
  const Matrix x = draw.matrix(4, 7);
  const Vector params = draw.vector(linear.num_params());
  Matrix y = Matrix::Constant(4, 5, kNothing);
  linear.forward(x, params, y);
  expect_close(y, naive_affine(x, params, 5), Scalar(1e-14));
}

TEST(Linear, Gradient) {
  const Linear linear(4, 3);
  Draw draw(2);
  const Matrix x = draw.matrix(6, 4), dy = draw.matrix(6, 3);
  const Vector params = draw.vector(linear.num_params()), before = draw.vector(linear.num_params());
  Matrix y(6, 3), dx = Matrix::Constant(6, 4, kNothing);
  Vector grads = before, params_only = before;
  linear.backward(x, dy, params, dx, grads);
  linear.backward_params(x, dy, params_only);
  EXPECT_EQ(grads, params_only);
  const auto loss = [&](const Matrix& at, const Vector& p) {
    linear.forward(at, p, y);
    return y.cwiseProduct(dy).sum();
  };
  check_gradient([&](const Vector& p) { return loss(x, p); }, params, gained(grads, before));
  check_gradient([&](const Vector& at) { return loss(ConstMatrixMap(at.data(), 6, 4), params); },
                 Eigen::Map<const Vector>(x.data(), x.size()), Eigen::Map<const Vector>(dx.data(), dx.size()));
}

TEST(Linear, InitialisesWithinTheBound) {
  const Linear linear(16, 200);
  Vector params(linear.num_params());
  std::uint64_t index = 3;
  linear.initialise(Random(1, Stream::kInitial), index, params);
  EXPECT_EQ(index, 3u + static_cast<std::uint64_t>(params.size()));
  EXPECT_LE(params.cwiseAbs().maxCoeff(), 0.25);
  EXPECT_NEAR(params.squaredNorm() / static_cast<double>(params.size()), 0.0625 / 3, 0.001);
  EXPECT_NEAR(params.mean(), 0, 0.01);
}

TEST(TableLinear, IsTheExplicitProduct) {
  const Table table = random_table(mixed_columns(), 60, 3);
  const TableLinear linear(*table.layout, 4);
  ASSERT_EQ(linear.num_params(), linear.num_weights() + 4);
  const Vector params = Draw(4).vector(linear.num_params());
  Matrix y = Matrix::Constant(60, 4, kNothing);
  linear.forward(whole(table), params, y);
  expect_close(y, naive_affine(explicit_input(table), params, 4), Scalar(1e-14));
}

TEST(TableLinear, Gradient) {
  const Table table = random_table(mixed_columns(), 30, 5);
  const TableLinear linear(*table.layout, 3);
  const Batch batch = whole(table);
  Draw draw(6);
  const Vector params = draw.vector(linear.num_params()), before = draw.vector(linear.num_params());
  const Matrix dy = draw.matrix(30, 3);
  Vector grads = before;
  linear.backward(batch, dy, grads);
  Matrix y(30, 3);
  const auto loss = [&](const Vector& p) {
    linear.forward(batch, p, y);
    return y.cwiseProduct(dy).sum();
  };
  check_gradient(loss, params, gained(grads, before));
}

TEST(TableLinear, WorksWithoutAnyOneKindOfColumn) {
  TableColumns numbers, categories, bag;
  numbers.dense_source = {0, 1};
  numbers.dense_gap = {true, false};
  categories.code_source = {0, 1};
  categories.levels = {3, 4};
  categories.first_target = {2, 2};
  categories.share = {0, 0, 1, 0, 0, .5, .5};
  bag.bag_source = 0;
  bag.bag_width = 3;
  bag.bag_share = {.5, .3, .2};
  for (const TableColumns& columns : {numbers, categories, bag}) {
    const Table table = random_table(columns, 20, 7);
    const TableLinear linear(*table.layout, 2);
    const Vector params = Draw(8).vector(linear.num_params());
    Matrix y(20, 2);
    linear.forward(whole(table), params, y);
    expect_close(y, naive_affine(explicit_input(table), params, 2), Scalar(1e-14));
  }
}

TEST(Activation, ValuesAndSlopes) {
  Vector a(11);
  a << -30, -4, -1.5, -0.7, -0.1, 1e-3, 0.2, 0.9, 2, 5, 40;
  const ConstMatrixMap row(a.data(), 1, a.size());
  for (Activation activation : kActivations) {
    Matrix h(1, a.size()), slope(1, a.size()), value_only(1, a.size());
    activate(activation, row, h, slope);
    activate(activation, row, value_only);
    EXPECT_EQ(h, value_only);
    for (Index i = 0; i < a.size(); ++i) {
      EXPECT_NEAR(h(0, i), naive_activation(activation, a[i]), 1e-14 * std::max(Scalar(1), std::abs(a[i])));
      const auto value = [&](const Vector& x) { return naive_activation(activation, x[0]); };
      EXPECT_NEAR(slope(0, i), numeric_gradient(value, a.segment(i, 1))[0], 1e-9);
    }
  }
}

// Blocks of wider matrices, in place, and rows longer than one piece of the loop.
TEST(Activation, WorksOnBlocksInPlace) {
  const Matrix a = Draw(9).matrix(3, 700);
  for (Activation activation : kActivations) {
    Matrix wide = Matrix::Constant(3, 710, 7), slopes = Matrix::Constant(3, 705, 8);
    wide.middleCols(4, 700) = a;
    activate(activation, wide.middleCols(4, 700), wide.middleCols(4, 700), slopes.leftCols(700));
    Matrix h(3, 700), slope(3, 700);
    activate(activation, a, h, slope);
    EXPECT_EQ(wide.middleCols(4, 700), h);
    EXPECT_EQ(slopes.leftCols(700), slope);
    EXPECT_TRUE((wide.leftCols(4).array() == 7).all() && (wide.rightCols(6).array() == 7).all());
    EXPECT_TRUE((slopes.rightCols(5).array() == 8).all());
    expect_close(h, a.unaryExpr([&](Scalar x) { return naive_activation(activation, x); }), Scalar(1e-14));
  }
}

TEST(Activation, NamesAreThoseOfTheEstimator) {
  const std::vector<std::string_view> names{"identity", "tanh", "sigmoid", "relu", "gelu", "silu"};
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(activation_from_name(names[i]), kActivations[i]);
  EXPECT_THROW(activation_from_name("softsign"), std::invalid_argument);
}

TEST(Dropout, KeepsTheRateAndScalesValueAndSlopeAlike) {
  const Matrix ones = Matrix::Ones(200, 50);
  Matrix h = ones, slope = 3 * ones, curvature = 5 * ones;
  Matrix again = ones, other_layer = ones, later = ones, ignored = ones, none;
  const Dropout dropout{Scalar(0.3), 4, 1000};
  drop(dropout, 2, h, slope, curvature);
  drop(dropout, 2, again, ignored, none);
  drop(dropout, 3, other_layer, ignored, none);
  drop({Scalar(0.3), 4, 1001}, 2, later, ignored, none);
  EXPECT_EQ(slope, 3 * h);
  EXPECT_EQ(curvature, 5 * h);
  EXPECT_EQ(h, again);
  EXPECT_NE(h, other_layer);
  EXPECT_EQ(h.bottomRows(199), later.topRows(199));  // the mask belongs to a row's position, not to its batch
  const Scalar kept = 1 / (1 - Scalar(0.3));
  double dropped = 0;
  for (Scalar value : h.reshaped()) {
    ASSERT_TRUE(value == 0 || value == kept);
    dropped += value == 0;
  }
  EXPECT_NEAR(dropped / 1e4, 0.3, 4 * std::sqrt(0.3 * 0.7 / 1e4));
}

TEST(Dropout, OfRateZeroDoesNothing) {
  Matrix h = Draw(1).matrix(5, 5), slope = h, curvature = h;
  const Matrix clean = h;
  drop({}, 0, h, slope, curvature);
  EXPECT_EQ(h, clean);
  EXPECT_EQ(slope, clean);
}

TEST(L2, AddsItsGradient) {
  Draw draw(1);
  const Matrix w = draw.matrix(4, 3);
  Matrix grads = Matrix::Ones(4, 3);
  EXPECT_NEAR(add_l2(Scalar(0.1), w, grads), 0.1 * w.squaredNorm(), 1e-14);
  EXPECT_EQ(grads, Matrix((Matrix::Ones(4, 3) + 2 * Scalar(0.1) * w)));
}

struct Chain {
  std::vector<Index> widths;
  bool activate_input, activate_output;
};

class MlpOf : public testing::TestWithParam<Chain> {
 protected:
  static constexpr Index kRows = 8;
  Mlp make(Activation activation) const {
    return {GetParam().widths, activation, GetParam().activate_input, GetParam().activate_output};
  }
};

TEST_P(MlpOf, IsTheNaiveChain) {
  const auto& [widths, activate_input, activate_output] = GetParam();
  for (Activation activation : kActivations) {
    const Mlp mlp = make(activation);
    Draw draw(10);
    const Vector params = draw.vector(mlp.num_params());
    const Matrix x = draw.matrix(kRows, widths.front());
    Matrix naive = x;
    Index offset = 0;
    for (std::size_t l = 0; l < widths.size(); ++l) {
      if (l > 0) {
        const Index size = (widths[l - 1] + 1) * widths[l];
        naive = naive_affine(naive, params.segment(offset, size), widths[l]);
        offset += size;
      }
      const bool activated = l == 0 ? activate_input : l + 1 < widths.size() || activate_output;
      if (activated) naive = naive.unaryExpr([&](Scalar a) { return naive_activation(activation, a); }).eval();
    }
    ASSERT_EQ(offset, mlp.num_params());
    Mlp::Cache cache = mlp.cache(kRows + 3);
    Matrix y = Matrix::Constant(kRows, widths.back(), kNothing);
    mlp.forward(x, params, {}, 0, cache, y);
    expect_close(y, naive, Scalar(1e-13));
  }
}

TEST_P(MlpOf, GradientWithDropoutHeldFixed) {
  const auto& widths = GetParam().widths;
  for (Activation activation : kActivations) {
    const Mlp mlp = make(activation);
    Draw draw(11);
    const Vector params = draw.vector(mlp.num_params()), before = draw.vector(mlp.num_params());
    const Matrix x = draw.matrix(kRows, widths.front()), dy = draw.matrix(kRows, widths.back());
    Mlp::Cache cache = mlp.cache(kRows + 3);
    Matrix y(kRows, widths.back()), dx = Matrix::Constant(kRows, widths.front(), kNothing);
    const Dropout dropout{Scalar(0.2), 9, 4};
    const auto loss = [&](const Matrix& at, const Vector& p) {
      mlp.forward(at, p, dropout, 2, cache, y);
      return y.cwiseProduct(dy).sum();
    };
    Vector grads = before;
    loss(x, params);
    mlp.backward(x, dy, params, cache, dx, grads);
    check_gradient([&](const Vector& p) { return loss(x, p); }, params, gained(grads, before));
    check_gradient([&](const Vector& at) { return loss(ConstMatrixMap(at.data(), kRows, widths.front()), params); },
                   Eigen::Map<const Vector>(x.data(), x.size()), Eigen::Map<const Vector>(dx.data(), dx.size()));
  }
}

// With unit kernels and identity activations an output is the product of its unit's masks.
TEST(Mlp, DrawsAMaskOfItsOwnForEveryLayer) {
  const Mlp mlp({4, 4, 4}, Activation::kIdentity, true, true);
  Vector params = Vector::Zero(mlp.num_params());
  for (Index l = 0; l < 2; ++l) MatrixMap(params.data() + mlp.offset(l), 4, 4).setIdentity();
  const Matrix ones = Matrix::Ones(1000, 4);
  Mlp::Cache cache = mlp.cache(1000);
  Matrix y(1000, 4);
  mlp.forward(ones, params, {Scalar(0.3), 1, 0}, 0, cache, y);
  EXPECT_NEAR((y.array() != 0).cast<double>().mean(), std::pow(0.7, 3), 4 * std::sqrt(0.343 * 0.657 / 4000));
}

TEST_P(MlpOf, L2CountsTheKernelsAskedFor) {
  const auto& widths = GetParam().widths;
  const Mlp mlp = make(Activation::kTanh);
  const Vector params = Draw(12).vector(mlp.num_params());
  for (Index maps = 0; maps <= mlp.depth(); ++maps) {
    Scalar naive = 0;
    Vector expected = Vector::Ones(mlp.num_params()), grads = expected;
    for (Index l = 0; l < maps; ++l)
      for (Index w = 0; w < widths[static_cast<std::size_t>(l)] * widths[static_cast<std::size_t>(l + 1)]; ++w) {
        naive += Scalar(0.3) * params[mlp.offset(l) + w] * params[mlp.offset(l) + w];
        expected[mlp.offset(l) + w] += Scalar(0.6) * params[mlp.offset(l) + w];
      }
    EXPECT_NEAR(mlp.l2(Scalar(0.3), maps, params, grads), naive, 1e-12);
    expect_close(grads, expected, Scalar(1e-14));
  }
}

INSTANTIATE_TEST_SUITE_P(Depths, MlpOf,
                         testing::Values(Chain{{3, 4}, true, false}, Chain{{3, 4}, false, true},
                                         Chain{{4, 3, 2}, true, false}, Chain{{2, 3, 4}, false, true},
                                         Chain{{5, 4, 6, 2}, true, false}, Chain{{1, 5, 3, 4}, true, true},
                                         Chain{{3, 4, 2}, false, false}));

}  // namespace entivec::test
