// The contractive penalty against Jacobians by finite differences, closed forms and its own probes.
#include <gtest/gtest.h>

#include <cmath>

#include "entivec/rows/diagnose.h"
#include "entivec/rows/table_penalty.h"
#include "gradient.h"
#include "one_step.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kRows = 10;
constexpr auto kLayers = Contraction::Kind::kLayers;
constexpr auto kWhole = Contraction::Kind::kWhole;

Scalar naive_activation(Activation activation, Scalar a) {
  switch (activation) {
    case Activation::kTanh:
      return std::tanh(a);
    case Activation::kSigmoid:
      return 1 / (1 + std::exp(-a));
    case Activation::kGelu:
      return a / 2 * (1 + std::tanh(std::sqrt(2 / std::acos(Scalar(-1))) * (a + Scalar(0.044715) * a * a * a)));
    case Activation::kSilu:
      return a / (1 + std::exp(-a));
    default:
      return a;
  }
}

struct Case {
  const char* name;
  std::vector<Index> hidden;
  Activation activation;
  bool code_activation, linear_path;
};

// Depths of one to four maps, every smooth activation, first layers narrower and wider than the 38 inputs.
const std::vector<Case> kCases{
    {"one_tanh", {}, Activation::kTanh, true, false},
    {"one_sigmoid", {}, Activation::kSigmoid, true, false},
    {"one_with_path", {}, Activation::kTanh, true, true},
    {"two_gelu", {7}, Activation::kGelu, true, false},
    {"two_wide_silu", {50}, Activation::kSilu, true, false},
    {"three_sigmoid", {7, 5}, Activation::kSigmoid, true, false},
    {"three_wide_tanh", {50, 5}, Activation::kTanh, true, false},
    {"three_with_path", {7, 5}, Activation::kGelu, false, true},
    {"four_silu", {7, 6, 5}, Activation::kSilu, false, false},
    {"four_tanh", {7, 6, 5}, Activation::kTanh, true, false},
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

AutoEncoderSizes sizes_of(const Case& c, const Contraction& contraction) {
  return {c.hidden, 4, c.activation, c.linear_path, 1, 0, c.code_activation, {}, contraction};
}

// Codes of explicit inputs, written out.
struct Written {
  const Case& c;
  const Vector& params;
  Index inputs;

  Vector code(const Vector& x) const {
    const Index linear = c.linear_path ? 4 : 0;
    std::vector<Index> widths = c.hidden;
    widths.push_back(4);
    const Index joint = linear + widths[0];
    Vector first = ConstMatrixMap(params.data(), inputs, joint).transpose() * x + params.segment(inputs * joint, joint);
    Vector h = first.tail(widths[0]);
    Index at = (inputs + 1) * joint;
    for (std::size_t l = 0; l < widths.size(); ++l) {
      if (l > 0) {
        const Vector below = h;
        h = ConstMatrixMap(params.data() + at, widths[l - 1], widths[l]).transpose() * below;
        h += params.segment(at + widths[l - 1] * widths[l], widths[l]);
        at += (widths[l - 1] + 1) * widths[l];
      }
      if (l + 1 < widths.size() || c.code_activation)
        h = h.unaryExpr([&](Scalar a) { return naive_activation(c.activation, a); });
    }
    return c.linear_path ? Vector(h + first.head(4)) : h;
  }

  // (4, inputs) by central differences of fourth order.
  Matrix jacobian(const Vector& x) const {
    Matrix j(4, inputs);
    const Scalar step = Scalar(1e-3);
    for (Index k = 0; k < inputs; ++k) {
      const auto at = [&](Scalar by) {
        Vector moved = x;
        moved[k] += by * step;
        return code(moved);
      };
      j.col(k) = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
    }
    return j;
  }
};

// Whether an explicit input of a row holds a value, told from the table alone.
bool holds_value(const Table& table, Index i, Index input) {
  const TableLayout& layout = *table.layout;
  const auto& columns = layout.columns();
  if (input < layout.dense()) return !std::isnan(table.dense(i, input));
  if (input < layout.dense() + layout.flags()) return false;
  Index at = layout.dense() + layout.flags();
  for (Index j = 0; j < layout.codes(); ++j) {
    const Index levels = columns.levels[static_cast<std::size_t>(j)];
    if (input < at + levels) return input > at && table.codes(i, j) != 0;
    at += levels;
  }
  Scalar total = 0;
  for (auto e = table.offsets[static_cast<std::size_t>(i)]; e < table.offsets[static_cast<std::size_t>(i) + 1]; ++e)
    total += table.counts[static_cast<std::size_t>(e)];
  return total > 0;
}

// (rows · 4, inputs)
Matrix written_jacobians(const Case& c, const Table& table, const Vector& params) {
  const Index inputs = table.layout->inputs();
  const Written written{c, params, inputs};
  const Matrix x = explicit_input(table);
  Matrix all(table.rows * 4, inputs);
  for (Index i = 0; i < table.rows; ++i) {
    auto j = all.middleRows(4 * i, 4);
    j = written.jacobian(x.row(i).transpose());
    for (Index k = 0; k < inputs; ++k)
      if (!holds_value(table, i, k)) j.col(k).setZero();
  }
  return all;
}

struct Problem {
  explicit Problem(const Case& c, const Contraction& contraction = {kWhole, 1})
      : table(random_table(mixed_columns(), kRows, 51, 0.3)),
        model(*table.layout, sizes_of(c, contraction)),
        params(Draw(52).vector(model.num_params(), 0.4)) {}

  Fitted fitted() const { return {model, params, Heads::kTyped, 2}; }
  double penalty(Vector& grads) const {
    return TablePenalty(model, table.view, 2).value_and_gradient(params, 3, grads);
  }
  double penalty() const {
    Vector ignored = Vector::Zero(params.size());
    return penalty(ignored);
  }

  Table table;
  AutoEncoder model;
  Vector params;
};

class WholePenalty : public testing::TestWithParam<Case> {};

bool agrees(double a, double b) { return std::abs(a - b) <= 1e-7 * std::abs(b); }

}  // namespace

TEST_P(WholePenalty, JacobianIsThatOfFiniteDifferences) {
  const Problem problem(GetParam());
  Matrix j(kRows * 4, problem.table.layout->inputs());
  jacobians(problem.fitted(), problem.table.view, j);
  expect_close(j, written_jacobians(GetParam(), problem.table, problem.params), Scalar(1e-7));
}

TEST_P(WholePenalty, ValueIsTheMeanSquaredNormHoweverItIsClosed) {
  const Matrix j = written_jacobians(GetParam(), Problem(GetParam()).table, Problem(GetParam()).params);
  for (bool gram : {true, false})
    EXPECT_TRUE(agrees(Problem(GetParam(), {kWhole, 1, 0, gram}).penalty(), j.squaredNorm() / kRows)) << gram;
  Vector norms(kRows);
  const Problem problem(GetParam());
  jacobian_norms(problem.fitted(), problem.table.view, 0, 1, norms);
  for (Index i = 0; i < kRows; ++i) EXPECT_TRUE(agrees(norms[i], j.middleRows(4 * i, 4).squaredNorm())) << "row " << i;
}

TEST_P(WholePenalty, GradientIsThatOfFiniteDifferences) {
  for (const Contraction& contraction :
       {Contraction{kWhole, 1, 0, true}, Contraction{kWhole, 1, 0, false}, Contraction{kWhole, 1, 2, true},
        Contraction{kWhole, 1, 2, false}, Contraction{kLayers, 1}}) {
    Problem problem(GetParam(), contraction);
    Vector grads = Vector::Zero(problem.params.size());
    problem.penalty(grads);
    const Index encoder = problem.model.encoder().num_params();
    EXPECT_TRUE((grads.tail(grads.size() - encoder).array() == 0).all());
    // Along directions that move every parameter at once.
    const Vector start = problem.params;
    Matrix along(1, 6), expected(1, 6);
    for (Index k = 0; k < 6; ++k) {
      Vector direction = Vector::Zero(start.size());
      direction.head(encoder) = Draw(60 + static_cast<std::uint64_t>(k)).vector(encoder);
      along(0, k) = grads.dot(direction);
      const auto value = [&](const Vector& step) {
        problem.params = start + step[0] * direction;
        return static_cast<Scalar>(problem.penalty());
      };
      expected(0, k) = numeric_gradient(value, Vector::Zero(1))[0];
      problem.params = start;
    }
    expect_close(along, expected, Scalar(1e-7));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, WholePenalty, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// Hoffman et al. 2019: unbiased, value and gradient.
TEST(Probes, MeanOfManyIsTheExactPenalty) {
  for (const Case& c : {kCases[5], kCases[7]}) {
    const Problem exact(c);
    Vector gradient = Vector::Zero(exact.params.size());
    const double value = exact.penalty(gradient);
    constexpr int kProbes = 20000, kAtOnce = 20;
    const Problem probes(c, {kWhole, 1, kAtOnce, true});
    const Index shown = exact.params.size() / 7;
    double sum = 0, squares = 0;
    Vector sums = Vector::Zero(gradient.size()), gradient_squares = sums;
    TablePenalty penalty(probes.model, probes.table.view, 2);
    for (int draw = 0; draw < kProbes / kAtOnce; ++draw) {
      Vector g = Vector::Zero(gradient.size());
      const double v = penalty.value_and_gradient(probes.params, 100 + draw, g);
      sum += v;
      squares += v * v;
      sums += g;
      gradient_squares += g.cwiseAbs2();
    }
    const double n = kProbes / kAtOnce;
    const auto error = [&](double total, double square) {
      return std::sqrt((square / n - (total / n) * (total / n)) / n);
    };
    EXPECT_NEAR(sum / n, value, 4 * error(sum, squares));
    for (Index k = 0; k < exact.model.encoder().num_params(); k += std::max<Index>(1, shown / 10))
      EXPECT_NEAR(sums[k] / n, gradient[k], 4 * error(sums[k], gradient_squares[k]) + 1e-12) << k;
  }
}

// ALGORITHMS: the contractive autoencoder's penalty and gradient of one layer in closed form.
TEST(OneLayer, ClosedForms) {
  TableColumns columns;
  columns.dense_source = {0, 1, 2, 3, 4};
  columns.dense_gap.assign(5, false);
  const Table table = random_table(columns, 1, 53, 0);
  const Vector x = table.dense.row(0).transpose();
  for (const Case& c : {kCases[0], kCases[1]}) {
    for (auto kind : {kLayers, kWhole}) {
      const AutoEncoder model(*table.layout, sizes_of(c, {kind, 1}));
      const Vector params = Draw(54).vector(model.num_params(), 0.5);
      const Matrix w = ConstMatrixMap(params.data(), 5, 4).transpose();  // (4, 5), rows w_i
      const Vector a = w * x + params.segment(20, 4);
      Vector grads = Vector::Zero(params.size());
      const double value = TablePenalty(model, table.view, 1).value_and_gradient(params, 0, grads);
      double expected = 0;
      Matrix dw(4, 5);
      Vector db(4);
      for (Index i = 0; i < 4; ++i) {
        const Scalar h = naive_activation(c.activation, a[i]), norm = w.row(i).squaredNorm();
        const bool tanh = c.activation == Activation::kTanh;
        const Scalar slope = tanh ? 1 - h * h : h * (1 - h), bend = tanh ? -2 * h : 1 - 2 * h;
        expected += slope * slope * norm;
        dw.row(i) = 2 * slope * slope * (w.row(i) + bend * norm * x.transpose());
        db[i] = 2 * slope * slope * bend * norm;
      }
      EXPECT_NEAR(value, expected, 1e-13);
      expect_close(ConstMatrixMap(grads.data(), 5, 4).transpose(), dw, Scalar(1e-12));
      expect_close(grads.segment(20, 4), db, Scalar(1e-12));
    }
  }
}

TEST(LayerPenalty, IsTheSumOfTheLayersAtTheirOwnInputs) {
  const Case c{"", {7, 5}, Activation::kTanh, true, false};
  const Problem problem(c, {kLayers, 1});
  const Index inputs = problem.table.layout->inputs();
  const Matrix x = explicit_input(problem.table);
  const Vector& p = problem.params;
  double expected = 0;
  for (Index i = 0; i < kRows; ++i) {
    Matrix w = ConstMatrixMap(p.data(), inputs, 7);
    Vector h = (w.transpose() * x.row(i).transpose() + p.segment(inputs * 7, 7)).array().tanh();
    for (Index k = 0; k < inputs; ++k)
      if (!holds_value(problem.table, i, k)) w.row(k).setZero();
    expected += (w * (1 - h.array().square()).matrix().asDiagonal()).squaredNorm();
    Index at = (inputs + 1) * 7, in = 7;
    for (Index out : {5, 4}) {
      const ConstMatrixMap map(p.data() + at, in, out);
      h = (map.transpose() * h + p.segment(at + in * out, out)).array().tanh().matrix().eval();
      expected += (map * (1 - h.array().square()).matrix().asDiagonal()).squaredNorm();
      at += (in + 1) * out;
      in = out;
    }
  }
  EXPECT_TRUE(agrees(problem.penalty(), expected / kRows));
}

// The three ways in which this penalty is usually got wrong, each told apart by the checks above.
TEST(WrongPenalties, AreSeen) {
  const Case c = kCases[9];
  Problem problem(c);
  const Matrix j = written_jacobians(c, problem.table, problem.params);
  EXPECT_TRUE(agrees(problem.penalty(), j.squaredNorm() / kRows));
  EXPECT_FALSE(agrees(problem.penalty(), j.array().square().mean()));  // the mean in place of the norm

  // Eq. (5) without the square on the slope.
  const Problem one(kCases[0]);
  const Matrix j_one = written_jacobians(kCases[0], one.table, one.params);
  const Matrix x = explicit_input(one.table);
  const Index inputs = one.table.layout->inputs();
  double without_square = 0;
  for (Index i = 0; i < kRows; ++i) {
    const Vector h = Written{kCases[0], one.params, inputs}.code(x.row(i).transpose());
    for (Index unit = 0; unit < 4; ++unit)
      without_square += j_one.row(4 * i + unit).squaredNorm() / (1 - h[unit] * h[unit]);
  }
  EXPECT_TRUE(agrees(one.penalty(), j_one.squaredNorm() / kRows));
  EXPECT_FALSE(agrees(one.penalty(), without_square / kRows));

  // Weights copied at initialisation: the penalty of the old parameters after they have moved.
  const double before = problem.penalty();
  problem.params.head(problem.model.encoder().num_params()) *= Scalar(1.1);
  EXPECT_TRUE(agrees(problem.penalty(), written_jacobians(c, problem.table, problem.params).squaredNorm() / kRows));
  EXPECT_FALSE(agrees(problem.penalty(), before));
}

TEST(WholePenalty, SameBitsForAnyNumberOfThreads) {
  const Problem problem(kCases[5]);
  Vector one = Vector::Zero(problem.params.size()), three = one;
  TablePenalty alone(problem.model, problem.table.view, 1), together(problem.model, problem.table.view, 3);
  EXPECT_EQ(alone.value_and_gradient(problem.params, 0, one), together.value_and_gradient(problem.params, 0, three));
  EXPECT_EQ(one, three);
}

TEST(TablePenalty, LeavesNothingOfACallToTheNext) {
  for (const Contraction& contraction : {Contraction{kWhole, 1}, {kWhole, 1, 3, false}, {kLayers, 1}}) {
    const Problem problem(kCases[5], contraction);
    TablePenalty penalty(problem.model, problem.table.view, 2);
    Vector first = Vector::Zero(problem.params.size()), again = first, other = first;
    const double value = penalty.value_and_gradient(problem.params, 0, first);
    penalty.value_and_gradient(2 * problem.params, 1, other);
    EXPECT_EQ(penalty.value_and_gradient(problem.params, 0, again), value);
    EXPECT_EQ(again, first);
  }
}

TEST(Saturation, CountsUnitsWhoseSlopeIsSmall) {
  const Case c{"", {7}, Activation::kTanh, true, false};
  const Problem problem(c);
  const DoubleVector none = saturation(problem.fitted(), problem.table.view, 0);
  const DoubleVector all = saturation(problem.fitted(), problem.table.view, Scalar(1.01));
  ASSERT_EQ(none.size(), 2);
  EXPECT_EQ(none, DoubleVector::Zero(2));
  EXPECT_EQ(all, DoubleVector::Ones(2));
  const Matrix x = explicit_input(problem.table);
  const Index inputs = problem.table.layout->inputs();
  double saturated = 0;
  for (Index i = 0; i < kRows; ++i)
    for (Scalar h : Written{c, problem.params, inputs}.code(x.row(i).transpose())) saturated += 1 - h * h < 0.19;
  EXPECT_EQ(saturation(problem.fitted(), problem.table.view, Scalar(0.19))[1], saturated / (4 * kRows));
}

TEST(Guides, AddTheirTypedLossAndLeaveTheRestAlone) {
  const Table table = random_table(mixed_columns(), kRows, 55);
  TableColumns targets = plain_columns();
  targets.source_weight = {2, 0, 1, 0.5, 1, 3};
  const Table guide = random_table(targets, kRows, 56, 0.3);
  const AutoEncoderSizes sizes{{6, 5}, 3, Activation::kGelu, true, 1, 0};
  const AutoEncoder guided(*table.layout, sizes, guide.layout.get()), alone(*table.layout, sizes);
  const Index head = 4 * guide.layout->outputs();
  ASSERT_EQ(guided.num_params(), alone.num_params() + head);
  const Vector params = Draw(57).vector(guided.num_params(), 0.5);
  const auto workspace = guided.workspace(kRows), alone_workspace = alone.workspace(kRows);
  Batch batch = whole(table), target = whole(guide);
  batch.weight = target.weight = Draw(58).vector(kRows).cwiseAbs();
  const auto loss = [&](const Vector& p, Vector& grads) {
    return one_step(guided, batch, Scalar(0.1), {}, p, *workspace, grads);
  };
  Vector grads = Vector::Zero(params.size()), ignored = grads, alone_grads = Vector::Zero(alone.num_params());
  const Scalar without =
      one_step(alone, batch, Scalar(0.1), {}, params.head(alone.num_params()), *alone_workspace, alone_grads);
  EXPECT_EQ(loss(params, grads), without);  // a batch without targets
  EXPECT_EQ(grads.head(alone.num_params()), alone_grads);

  batch.guide = &target;
  grads.setZero();
  const Scalar with = loss(params, grads);
  Matrix z(kRows, 3);
  guided.encode(batch, params, *workspace, z);
  EXPECT_NEAR(with - without, 0.1 * guided.guide_loss(target, z, params, *workspace), 1e-12);
  check_gradient([&](const Vector& p) { return loss(p, ignored); }, params, grads);

  Matrix guesses(kRows, guide.layout->outputs());
  guess({guided, params, Heads::kTyped, 2}, table.view, guesses);
  const Vector w = params.tail(head);
  Matrix expected = (z * ConstMatrixMap(w.data(), 3, guide.layout->outputs())).rowwise() +
                    w.tail(guide.layout->outputs()).transpose();
  Reconstruction(*guide.layout).predict(Heads::kTyped, expected);
  expect_close(guesses, expected, Scalar(1e-13));
}

}  // namespace entivec::test
