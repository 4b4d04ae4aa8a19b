#include <gtest/gtest.h>

#include <cmath>

#include "entivec/rows/apply.h"
#include "entivec/table/corrupt.h"
#include "gradient.h"
#include "one_step.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kRows = 12;

constexpr auto kLayers = Contraction::Kind::kLayers;
constexpr auto kWhole = Contraction::Kind::kWhole;

// Sizes under which a whole-model check runs, with a name for the report.
struct Case {
  const char* name;
  AutoEncoderSizes sizes;
  Scalar dropout = 0;
  Corruption corruption{};
};

const std::vector<Case> kCases{
    {"recipe", {{6, 4}, 3, Activation::kGelu, true, 1, 0}, 0, {NoiseKind::kSwap, Scalar(0.3), Scalar(0.1)}},
    {"penalties", {{5, 4}, 3, Activation::kSilu, true, Scalar(2.5), Scalar(0.3)}},
    {"dropout", {{6, 5, 4}, 2, Activation::kTanh, true, Scalar(0.5), 0}, Scalar(0.3)},
    {"chain", {{6, 4}, 3, Activation::kSigmoid, false, 1, Scalar(0.1)}, Scalar(0.2), {NoiseKind::kMask, Scalar(0.3)}},
    {"relu_chain", {{6}, 3, Activation::kRelu, false, 1, Scalar(0.2)}, 0, {NoiseKind::kGaussian, Scalar(0.2)}},
    {"identity", {{4}, 3, Activation::kIdentity, true, 1, 0}},
    {"linear", {{}, 3, Activation::kGelu, true, 1, Scalar(0.5)}},
    {"linear_without_path", {{}, 2, Activation::kGelu, false, 1, 0}},
    {"cae_tanh", {{}, 3, Activation::kTanh, false, 1, Scalar(0.1), true, {}, {kLayers, Scalar(0.7)}}},
    {"cae_sigmoid", {{}, 3, Activation::kSigmoid, false, 1, 0, true, {}, {kLayers, Scalar(0.7)}}},
    {"cae_chain", {{}, 3, Activation::kTanh, false, 1, 0, true, {}, {kWhole, Scalar(0.7)}}},
    {"cae_path", {{}, 3, Activation::kTanh, true, 1, 0, true, {}, {kWhole, Scalar(0.7)}}},
    {"stacked",
     {{6, 5}, 3, Activation::kSilu, false, 1, 0, true, {}, {kLayers, Scalar(0.7)}},
     Scalar(0.2),
     {NoiseKind::kSwap, Scalar(0.3), Scalar(0.1)}},
    {"stacked_path", {{6}, 3, Activation::kGelu, true, 1, 0, false, {}, {kLayers, Scalar(0.7)}}},
    {"deep_two", {{5}, 3, Activation::kTanh, false, 1, 0, true, {}, {kWhole, Scalar(0.7)}}},
    {"deep_three", {{6, 5}, 3, Activation::kSigmoid, false, 1, 0, true, {}, {kWhole, Scalar(0.7)}}},
    {"deep_four", {{6, 5, 4}, 3, Activation::kSilu, false, 1, 0, false, {}, {kWhole, Scalar(0.7)}}},
    {"deep_kernel", {{6, 5}, 3, Activation::kGelu, false, 1, 0, true, {}, {kWhole, Scalar(0.7), 0, false}}},
    {"deep_path",
     {{6, 5}, 3, Activation::kGelu, true, Scalar(0.5), Scalar(0.1), false, {}, {kWhole, Scalar(0.7)}},
     Scalar(0.2),
     {NoiseKind::kSwap, Scalar(0.3), Scalar(0.1)}},
    {"deep_path_kernel", {{6}, 3, Activation::kTanh, true, 1, 0, true, {}, {kWhole, Scalar(0.7), 0, false}}},
    {"deep_wide", {{40, 4}, 3, Activation::kTanh, false, 1, 0, true, {}, {kWhole, Scalar(0.7)}}},
    {"deep_wide_kernel", {{40}, 3, Activation::kGelu, false, 1, 0, false, {}, {kWhole, Scalar(0.7), 0, false}}},
    {"probes", {{6, 5}, 3, Activation::kTanh, false, 1, 0, true, {}, {kWhole, Scalar(0.7), 2, true}}},
    {"tied_tanh", {{}, 3, Activation::kTanh, false, 1, Scalar(0.1), true, {}, {kLayers, Scalar(0.7)}, {}, false, true}},
    {"tied_bernoulli",
     {{}, 3, Activation::kSigmoid, false, 1, 0, true, {}, {kLayers, Scalar(0.7)}, {}, true, true},
     Scalar(0.2),
     {NoiseKind::kMask, Scalar(0.3)}},
    {"chain_bernoulli", {{6, 4}, 3, Activation::kTanh, false, 1, 0, false, {}, {}, {}, true}},
    {"vae", {{6, 4}, 3, Activation::kGelu, false, 0, 0, false, {}, {}, {true, {}, 1, Scalar(0.7)}}},
    {"vae_bernoulli", {{5}, 3, Activation::kTanh, false, 0, 0, false, {}, {}, {true, {}, 1, 4, -1, 0}, true}},
    {"vae_above_capacity",
     {{6, 5}, 3, Activation::kTanh, false, 0, Scalar(0.1), false, {}, {}, {true, {}, 1, 3, Scalar(0.2)}},
     Scalar(0.2),
     {NoiseKind::kSwap, Scalar(0.3), Scalar(0.1)}},
    {"joint_below_capacity",
     {{6}, 2, Activation::kSilu, false, 0, 0, false, {}, {}, {true, {3, 2}, Scalar(0.67), 3, 90, 90}}},
    {"joint_path", {{6}, 3, Activation::kGelu, true, 0, 0, false, {}, {}, {true, {4}, Scalar(0.5), 3, 0, 0}}},
    {"joint_conv", {{}, 2, Activation::kTanh, false, 0, 0, false, {2, 3}, {}, {true, {3}, Scalar(0.67), 1}}},
    {"probes_kernel", {{6, 5}, 3, Activation::kGelu, true, 1, 0, false, {}, {kWhole, Scalar(0.7), 3, false}}},
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

// Loss and gradient of a whole training batch, row weights, noise and dropout held fixed.
struct Problem {
  explicit Problem(const Case& c)
      : table(random_table(mixed_columns(), kRows, 21)), model(*table.layout, c.sizes), batch(whole(table)) {
    Draw draw(22);
    for (Index i = 0; i < kRows; ++i) batch.weight[i] = static_cast<Scalar>(2 * draw.uniform());
    corrupt(*table.layout, c.corruption, Random(1, Stream::kNoise), 0, all_rows(kRows), batch);
    dropout = {c.dropout, 5, 7};
    params = draw.vector(model.num_params(), 0.5);
    // Within the bounds of σ, where the loss is smooth.
    if (c.sizes.variational.on && !c.sizes.bernoulli)
      params.tail(table.layout->dense()) = -params.tail(table.layout->dense()).cwiseAbs();
    workspace = model.workspace(kRows + 4);
  }

  Scalar loss(const Vector& p, Vector& grads) const {
    return one_step(model, batch, Scalar(1) / kRows, dropout, p, *workspace, grads);
  }

  Table table;
  AutoEncoder model;
  Batch batch;
  Dropout dropout;
  Vector params;
  std::unique_ptr<Workspace> workspace;
};

class WholeModel : public testing::TestWithParam<Case> {};

Matrix rows_affine(const Matrix& x, const Vector& params, Index from, Index in, Index out) {
  const ConstMatrixMap w(params.data() + from, in, out);
  return (x * w).rowwise() + params.segment(from + in * out, out).transpose();
}

Matrix tanh_of(const Matrix& x) { return x.array().tanh(); }

}  // namespace

TEST_P(WholeModel, Gradient) {
  const Problem problem(GetParam());
  const Vector before = Draw(23).vector(problem.params.size());
  Vector grads = before, ignored = before;
  problem.loss(problem.params, grads);
  check_gradient([&](const Vector& p) { return problem.loss(p, ignored); }, problem.params, grads - before);
}

// Workspaces carry nothing from one batch to the next.
TEST_P(WholeModel, IsAFunctionOfItsArguments) {
  const Problem problem(GetParam());
  Vector first = Vector::Zero(problem.params.size()), second = first, ignored = first;
  const Scalar loss = problem.loss(problem.params, first);
  problem.loss(2 * problem.params, ignored);
  EXPECT_EQ(problem.loss(problem.params, second), loss);
  EXPECT_EQ(first, second);
}

INSTANTIATE_TEST_SUITE_P(Cases, WholeModel, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(AutoEncoder, RowsOfWeightZeroDoNotCount) {
  Problem problem(kCases[1]);
  problem.batch.weight.head(4).setZero();
  Vector with = Vector::Zero(problem.params.size()), without = with;
  const Scalar scale = Scalar(0.25);
  const Scalar loss =
      loss_and_gradient(problem.model, problem.batch, scale, {}, problem.params, *problem.workspace, with);
  Batch rest(*problem.table.layout, kRows - 4);
  gather(*problem.table.layout, problem.table.view, 4, kRows - 4, rest);
  rest.weight = problem.batch.weight.tail(kRows - 4);
  EXPECT_NEAR(loss_and_gradient(problem.model, rest, scale, {}, problem.params, *problem.workspace, without), loss,
              1e-13 * loss);
  expect_close(with, without, Scalar(1e-13));
}

TEST(AutoEncoder, EncodesAndDecodesAsWrittenOut) {
  const Table table = random_table(mixed_columns(), kRows, 24);
  const Index p = table.layout->inputs(), q = table.layout->outputs();
  const Matrix x = explicit_input(table);
  for (bool path : {true, false}) {
    const Index d = 3, linear = path ? d : 0;
    const AutoEncoder model(*table.layout, {{5, 4}, d, Activation::kTanh, path, 1, 0});
    ASSERT_EQ(model.num_params(), (p + 1) * (linear + 5) + 6 * 4 + 5 * 3 + 4 * 4 + 5 * 5 + (linear + 5 + 1) * q);
    const Vector params = Draw(25).vector(model.num_params(), 0.5);
    const auto workspace = model.workspace(kRows);

    Index at = 0;
    const auto affine = [&](const Matrix& input, Index out) {
      const Matrix y = rows_affine(input, params, at, input.cols(), out);
      at += (input.cols() + 1) * out;
      return y;
    };
    const Matrix first = affine(x, linear + 5);
    Matrix z = affine(tanh_of(affine(tanh_of(first.rightCols(5)), 4)), d);
    if (path) z += first.leftCols(d);
    const Matrix last_hidden = tanh_of(affine(tanh_of(affine(z, 4)), 5));
    Matrix joint(kRows, linear + 5);
    if (path)
      joint << z, last_hidden;
    else
      joint = last_hidden;
    const Matrix outputs = affine(joint, q);
    ASSERT_EQ(at, params.size());

    Matrix codes(kRows, d), decoded(kRows, q);
    model.encode(whole(table), params, *workspace, codes);
    model.decode(codes, params, *workspace, decoded);
    expect_close(codes, z, Scalar(1e-13));
    expect_close(decoded, outputs, Scalar(1e-13));
  }
}

// With unit kernels and targets of zero the loss counts the units that no mask of the encoder or
// the decoder dropped.
TEST(AutoEncoder, EncoderAndDecoderDrawDifferentMasks) {
  TableColumns columns;
  columns.dense_source = {0, 1, 2, 3};
  columns.dense_gap.assign(4, false);
  Table table = random_table(columns, 1000, 35, 0);
  table.dense.setZero();
  const AutoEncoder model(*table.layout, {{4, 4}, 4, Activation::kIdentity, false, 0, 0});
  Vector params = Vector::Zero(model.num_params()), grads = params;
  params.segment(4 * 4, 4).setOnes();  // the bias of the first layer
  for (Index map : {1, 2, 3, 4, 5}) MatrixMap(params.data() + 20 * map, 4, 4).setIdentity();
  const auto workspace = model.workspace(1000);
  const Dropout dropout{Scalar(0.3), 1, 0};
  const Scalar loss = loss_and_gradient(model, whole(table), Scalar(1e-3), dropout, params, *workspace, grads);
  const double kept = std::pow(0.7, 4);  // by two masks in the encoder and two in the decoder
  EXPECT_NEAR(loss * kept * kept, kept, 4 * std::sqrt(kept * (1 - kept) / 4000));
}

TEST(AutoEncoder, TheNonlinearPenaltyIsTheMeanSquareOfTheBentPart) {
  const Table table = random_table(mixed_columns(), kRows, 26);
  AutoEncoderSizes sizes{{5}, 3, Activation::kGelu, true, 0, 0};
  const AutoEncoder free(*table.layout, sizes);
  sizes.nonlinear_penalty = 4;
  const AutoEncoder held(*table.layout, sizes);
  const Vector params = Draw(27).vector(free.num_params(), 0.5);
  const auto workspace = free.workspace(kRows);
  Vector grads = Vector::Zero(params.size());
  const auto loss = [&](const AutoEncoder& model) {
    return loss_and_gradient(model, whole(table), Scalar(1) / kRows, {}, params, *workspace, grads);
  };
  Matrix z(kRows, 3), linear(kRows, 3);
  free.encode(whole(table), params, *workspace, z);
  const Index p = table.layout->inputs();
  linear = rows_affine(explicit_input(table), params, 0, p, 8).leftCols(3);
  EXPECT_NEAR(loss(held) - loss(free), 4 * (z - linear).squaredNorm() / (3 * kRows), 1e-12);
}

TEST(AutoEncoder, L2IsOverHiddenKernelsAlone) {
  const Table table = random_table(mixed_columns(), 2, 28);
  const Index p = table.layout->inputs(), q = table.layout->outputs();
  for (bool path : {true, false}) {
    const Index d = 3, linear = path ? d : 0;
    const AutoEncoder model(*table.layout, {{5, 4}, d, Activation::kTanh, path, 1, Scalar(0.1)});
    Vector counts = Vector::Zero(model.num_params()), grads = counts;
    for (Index row = 0; row < p; ++row) counts.segment(row * (linear + 5) + linear, 5).setOnes();
    Index at = (p + 1) * (linear + 5);
    counts.segment(at, 5 * 4).setOnes();
    at += 6 * 4 + 5 * 3;
    counts.segment(at, 3 * 4).setOnes();
    counts.segment(at + 4 * 4, 4 * 5).setOnes();
    at += 4 * 4 + 5 * 5;
    ASSERT_EQ(at + (linear + 6) * q, model.num_params());
    const Vector params = Draw(29).vector(model.num_params());
    EXPECT_NEAR(model.end_step(params, {}, 1, grads), 0.1 * counts.cwiseProduct(params).dot(params), 1e-12);
    expect_close(grads, Scalar(0.2) * counts.cwiseProduct(params), Scalar(1e-14));
  }
}

TEST(AutoEncoder, StartsWithoutItsBentParts) {
  const Table table = random_table(mixed_columns(), kRows, 30);
  const AutoEncoder model(*table.layout, {{5, 4}, 3, Activation::kGelu, true, 1, 0});
  Vector params(model.num_params()), again(model.num_params()), other(model.num_params());
  model.initialise(3, params);
  model.initialise(3, again);
  model.initialise(4, other);
  EXPECT_EQ(params, again);
  EXPECT_NE(params, other);
  const auto workspace = model.workspace(kRows);
  Matrix z(kRows, 3), outputs(kRows, table.layout->outputs());
  model.encode(whole(table), params, *workspace, z);
  model.decode(z, params, *workspace, outputs);
  const Matrix first = rows_affine(explicit_input(table), params, 0, table.layout->inputs(), 8);
  expect_close(z, first.leftCols(3), Scalar(1e-14));
  const Index q = table.layout->outputs();
  const Vector last = params.tail(9 * q);
  const Matrix linear = (z * ConstMatrixMap(last.data(), 3, q)).rowwise() + last.tail(q).transpose();
  expect_close(outputs, linear, Scalar(1e-14));
}

// apply.h against one batch of everything; 600 rows are three pieces.
class Apply : public testing::TestWithParam<int> {
 protected:
  static constexpr Index kMany = 600;
  Apply()
      : table(random_table(mixed_columns(), kMany, 31)),
        model(*table.layout, {{6}, 3, Activation::kGelu, true, 1, 0}),
        params(Draw(32).vector(model.num_params(), 0.5)),
        z(kMany, 3),
        predictions(kMany, table.layout->outputs()) {
    const auto workspace = model.workspace(kMany);
    model.encode(whole(table), params, *workspace, z);
    model.decode(z, params, *workspace, predictions);
  }
  Fitted fitted(Heads heads = Heads::kTyped) const { return {model, params, heads, GetParam()}; }

  Table table;
  AutoEncoder model;
  Vector params;
  Matrix z, predictions;
};

TEST_P(Apply, Encodes) {
  Matrix codes(kMany, 3);
  encode(fitted(), table.view, codes);
  expect_close(codes, z, Scalar(1e-13));
  EXPECT_THROW(encode(fitted(), table.view, codes.topRows(5)), std::invalid_argument);
}

TEST_P(Apply, DecodesToTheMostProbableLevels) {
  const TableLayout& layout = *table.layout;
  for (Heads heads : {Heads::kTyped, Heads::kLinear}) {
    Matrix dense(kMany, layout.dense()), bag(kMany, layout.bag()), p = predictions;
    Codes levels(kMany, layout.codes());
    decode(fitted(heads), z, dense, levels, bag);
    model.reconstruction().predict(heads, p);
    expect_close(dense, p.leftCols(layout.dense()), Scalar(1e-13));
    expect_close(bag, p.rightCols(layout.bag()), Scalar(1e-13));
    for (Index j = 0; j < layout.codes(); ++j) {
      const Category& category = layout.categories()[static_cast<std::size_t>(j)];
      for (Index i = 0; i < kMany; ++i) {
        Index best = p(i, category.output) > Scalar(0.5);
        if (!category.flag) p.row(i).segment(category.output, category.outputs()).maxCoeff(&best);
        ASSERT_EQ(levels(i, j), category.first + best);
      }
    }
  }
}

TEST_P(Apply, ErrorsAreThoseOfOneBatch) {
  Matrix errors(kMany, 9), expected(kMany, 9), p = predictions;
  reconstruction_errors(fitted(), table.view, errors);
  model.reconstruction().predict(Heads::kTyped, p);
  model.reconstruction().errors(whole(table), p, expected);
  ASSERT_TRUE((errors.array().isNaN() == expected.array().isNaN()).all());
  const auto known = [](const Matrix& m) -> Matrix { return m.array().isNaN().select(0, m); };
  expect_close(known(errors), known(expected), Scalar(1e-12));
}

TEST_P(Apply, ScoresAreThoseOfOneBatch) {
  const Vector weights = (Draw(33).vector(kMany).array() + 2).max(0);
  const DoubleVector mean = Draw(34).vector(table.layout->encoded(), 0.5).cast<double>();
  for (Heads heads : {Heads::kTyped, Heads::kLinear}) {
    const Score s = score(fitted(heads), table.view, weights.data(), mean);
    Batch batch = whole(table);
    batch.weight = weights;
    Matrix p = predictions;
    EXPECT_NEAR(s.loss, model.reconstruction().value(batch, heads, p) / kMany, 1e-12 * s.loss);
    DoubleVector error = DoubleVector::Zero(9), deviation = error;
    model.reconstruction().add_squares(batch, p, mean, error, deviation);
    EXPECT_LT((s.error - error).cwiseAbs().maxCoeff(), 1e-12 * error.maxCoeff());
    EXPECT_LT((s.deviation - deviation).cwiseAbs().maxCoeff(), 1e-12 * deviation.maxCoeff());
  }
}

// Validation loss and training loss are the same number where there is no noise and no penalty.
TEST_P(Apply, TheLossIsThatOfTraining) {
  for (bool bernoulli : {false, true}) {
    const AutoEncoder free(*table.layout, {{6}, 3, Activation::kGelu, true, 0, 0, false, {}, {}, {}, bernoulli});
    const auto workspace = free.workspace(kMany);
    Vector grads = Vector::Zero(params.size());
    const Scalar loss = loss_and_gradient(free, whole(table), Scalar(1) / kMany, {}, params, *workspace, grads);
    const Fitted own{free, params, Heads::kTyped, GetParam()};
    EXPECT_NEAR(score(own, table.view, nullptr, DoubleVector::Zero(table.layout->encoded())).loss, loss, 1e-12);
  }
}

TEST_P(Apply, GivesTheBitsOfOneThread) {
  const Fitted one{model, params, Heads::kTyped, 1};
  Matrix codes(kMany, 3), codes_of_one(kMany, 3);
  encode(fitted(), table.view, codes);
  encode(one, table.view, codes_of_one);
  EXPECT_EQ(codes, codes_of_one);
  const DoubleVector mean = DoubleVector::Zero(table.layout->encoded());
  const Score s = score(fitted(), table.view, nullptr, mean), of_one = score(one, table.view, nullptr, mean);
  EXPECT_EQ(s.loss, of_one.loss);
  EXPECT_EQ(s.error, of_one.error);
  EXPECT_EQ(s.deviation, of_one.deviation);
}

TEST_P(Apply, AcceptsNoRows) {
  TableView none = table.view;
  none.rows = 0;
  Matrix codes(0, 3);
  encode(fitted(), none, codes);
  EXPECT_EQ(score(fitted(), none, nullptr, DoubleVector::Zero(table.layout->encoded())).loss, 0);
}

INSTANTIATE_TEST_SUITE_P(Threads, Apply, testing::Values(1, 2, 3));

}  // namespace entivec::test
