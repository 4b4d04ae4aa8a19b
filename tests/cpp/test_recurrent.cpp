#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "entivec/loss/contrastive.h"
#include "entivec/nn/recurrent.h"
#include "entivec/nn/running_mean.h"
#include "entivec/optim/adam.h"
#include "golden.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

const std::vector<Index> kLengths{5, 3, 3, 1};

Packing packed(const std::vector<Index>& lengths) {
  Packing packing;
  packing.assign(lengths);
  return packing;
}

Scalar sigmoid_of(Scalar a) { return 1 / (1 + std::exp(-a)); }

// A step of one sequence by its definition; `state` is h, and m of an LSTM. Parameters as Recurrent has them.
void naive_step(Cell cell, const Vector& x, const Vector& params, Vector& state, Index hidden) {
  const bool lstm = cell == Cell::kLstm;
  const Index gates = (lstm ? 4 : 3) * hidden, in = x.size();
  const Scalar *w = params.data(), *b = w + in * gates, *u = b + gates, *c = u + hidden * gates;
  Vector own(gates), past(gates);
  for (Index k = 0; k < gates; ++k) {
    own[k] = b[k];
    past[k] = c[k];
    for (Index i = 0; i < in; ++i) own[k] += x[i] * w[i * gates + k];
    for (Index i = 0; i < hidden; ++i) past[k] += state[i] * u[i * gates + k];
  }
  for (Index j = 0; j < hidden; ++j) {
    const auto gate = [&](Index number) { return own[number * hidden + j] + past[number * hidden + j]; };
    if (lstm) {
      Scalar& m = state[hidden + j];
      m = sigmoid_of(gate(1)) * m + sigmoid_of(gate(0)) * std::tanh(gate(2));
      state[j] = sigmoid_of(gate(3)) * std::tanh(m);
    } else {
      const Scalar r = sigmoid_of(gate(0)), z = sigmoid_of(gate(1));
      const Scalar n = std::tanh(own[2 * hidden + j] + r * past[2 * hidden + j]);
      state[j] = (1 - z) * n + z * state[j];
    }
  }
}

struct Layer {
  Layer(Cell cell, Index in, Index hidden, const std::vector<Index>& lengths)
      : recurrent(cell, in, hidden),
        packing(packed(lengths)),
        cache(recurrent.cache(packing.rows(), packing.sequences())) {}

  Matrix run(const Matrix& x, const Matrix& start, const Vector& params, Matrix* end = nullptr) {
    Matrix y(packing.rows(), recurrent.hidden()), state = start;
    recurrent.forward(packing, x, params, cache, state, y);
    if (end) *end = state;
    return y;
  }

  Recurrent recurrent;
  Packing packing;
  Recurrent::Cache cache;
};

// Loss: a weighted sum of all outputs and all ends.
void check_recurrent(Cell cell, Index in, Index hidden) {
  Layer layer(cell, in, hidden, kLengths);
  Draw draw(3);
  const Index rows = layer.packing.rows(), carried = layer.recurrent.carried();
  const Matrix x = draw.matrix(rows, in), start = draw.matrix(4, carried), dy = draw.matrix(rows, hidden),
               d_end = draw.matrix(4, carried);
  const Vector params = draw.vector(layer.recurrent.num_params(), 0.5),
               before = draw.vector(layer.recurrent.num_params());
  const auto loss = [&](const Matrix& at, const Matrix& begun, const Vector& p) {
    Matrix end;
    const Matrix y = layer.run(at, begun, p, &end);
    return y.cwiseProduct(dy).sum() + end.cwiseProduct(d_end).sum();
  };
  loss(x, start, params);
  Matrix d_state = d_end, dx(rows, in);
  Vector grads = before;
  layer.recurrent.backward(layer.packing, x, dy, params, layer.cache, d_state, dx, grads);
  check_gradient([&](const Vector& p) { return loss(x, start, p); }, params, grads - before);
  check_gradient([&](const Vector& at) { return loss(ConstMatrixMap(at.data(), rows, in), start, params); },
                 Eigen::Map<const Vector>(x.data(), x.size()), Eigen::Map<const Vector>(dx.data(), dx.size()));
  check_gradient([&](const Vector& at) { return loss(x, ConstMatrixMap(at.data(), 4, carried), params); },
                 Eigen::Map<const Vector>(start.data(), start.size()),
                 Eigen::Map<const Vector>(d_state.data(), d_state.size()));
}

void expect_naive(Cell cell, Index in, Index hidden) {
  Layer layer(cell, in, hidden, kLengths);
  Draw draw(4);
  const Matrix x = draw.matrix(layer.packing.rows(), in), start = draw.matrix(4, layer.recurrent.carried());
  const Vector params = draw.vector(layer.recurrent.num_params());
  const Matrix y = layer.run(x, start, params);
  for (Index s = 0; s < 4; ++s) {
    Vector state = start.row(s);
    for (Index t = 0; t < kLengths[static_cast<std::size_t>(s)]; ++t) {
      const Index row = layer.packing.row(t, s);
      naive_step(cell, x.row(row), params, state, hidden);
      for (Index j = 0; j < hidden; ++j) ASSERT_NEAR(y(row, j), state[j], 1e-12);
    }
  }
}

}  // namespace

TEST(Packing, HoldsEverySequenceWithoutPadding) {
  const Packing packing = packed(kLengths);
  EXPECT_EQ(packing.rows(), 12);
  EXPECT_EQ(packing.steps(), 5);
  EXPECT_EQ(packing.sequences(), 4);
  const std::vector<Index> active{4, 3, 3, 1, 1}, first{0, 4, 7, 10, 11};
  for (Index t = 0; t < 5; ++t) {
    EXPECT_EQ(packing.active(t), active[static_cast<std::size_t>(t)]);
    EXPECT_EQ(packing.first(t), first[static_cast<std::size_t>(t)]);
  }
  EXPECT_EQ(packed({}).rows(), 0);
  EXPECT_THROW(packed({1, 2}), std::invalid_argument);
}

TEST(Recurrent, IsTheNaiveLoop) {
  for (Cell cell : {Cell::kGru, Cell::kLstm})
    for (Index hidden : {1, 3, 8, 13}) expect_naive(cell, 5, hidden);
}

TEST(Recurrent, Gradient) {
  for (Cell cell : {Cell::kGru, Cell::kLstm})
    for (Index hidden : {1, 5, 9}) check_recurrent(cell, 3, hidden);
}

// PyTorch's packed layers: outputs, gradients, and the losses of ten steps of Adam on Σ (y − target)².
TEST(Recurrent, IsPyTorchs) {
  for (Cell cell : {Cell::kGru, Cell::kLstm}) {
    const Golden golden = read_golden(cell == Cell::kGru ? "gru" : "lstm");
    const Matrix &x = golden["x"], &target = golden["target"];
    Layer layer(cell, x.cols(), target.cols(), golden.list<Index>("lengths"));
    Vector params = golden["params"].transpose();
    const Matrix y = layer.run(x, golden["start"], params);
    expect_close(y, golden["y"], Scalar(1e-7));
    Vector m = Vector::Zero(params.size()), v = m;
    for (Index step = 0; step < 10; ++step) {
      const Matrix error = layer.run(x, golden["start"], params) - target;
      EXPECT_NEAR(error.squaredNorm(), golden["losses"](0, step), 1e-6 * golden["losses"](0, step));
      Matrix d_state = Matrix::Zero(golden["start"].rows(), golden["start"].cols()), dx(x.rows(), x.cols());
      Vector grads = Vector::Zero(params.size());
      layer.recurrent.backward(layer.packing, x, 2 * error, params, layer.cache, d_state, dx, grads);
      if (step == 0) {
        expect_close(grads.transpose(), golden["d_params"], Scalar(1e-7));
        expect_close(dx, golden["dx"], Scalar(1e-7));
        expect_close(d_state, golden["d_start"], Scalar(1e-7));
      }
      Adam(step + 1, Scalar(0.01)).update(params.size(), grads.data(), m.data(), v.data(), params.data());
    }
  }
}

// A sequence's states have the same bits whichever others stand beside it.
TEST(Recurrent, SequencesDoNotSeeEachOther) {
  for (Cell cell : {Cell::kGru, Cell::kLstm}) {
    Layer together(cell, 6, 11, kLengths);
    Draw draw(5);
    const Matrix x = draw.matrix(12, 6), start = draw.matrix(4, together.recurrent.carried());
    const Vector params = draw.vector(together.recurrent.num_params());
    const Matrix y = together.run(x, start, params);
    for (Index s = 0; s < 4; ++s) {
      const Index length = kLengths[static_cast<std::size_t>(s)];
      Layer alone(cell, 6, 11, {length});
      Matrix own(length, 6);
      for (Index t = 0; t < length; ++t) own.row(t) = x.row(together.packing.row(t, s));
      const Matrix lone = alone.run(own, start.row(s), params);
      for (Index t = 0; t < length; ++t) EXPECT_EQ(lone.row(t), y.row(together.packing.row(t, s)));
    }
  }
}

TEST(Recurrent, HasNoTroubleWithLargeNumbers) {
  for (Cell cell : {Cell::kGru, Cell::kLstm}) {
    Layer layer(cell, 2, 4, {3});
    Draw draw(6);
    Vector params = draw.vector(layer.recurrent.num_params(), 1e4);
    EXPECT_TRUE(layer.run(draw.matrix(3, 2, 1e4), Matrix::Zero(1, layer.recurrent.carried()), params).allFinite());
  }
}

TEST(RunningMean, IsTheMeanSoFarAndItsGradient) {
  const Packing packing = packed(kLengths);
  Draw draw(7);
  const Matrix x = draw.matrix(12, 3), dy = draw.matrix(12, 3);
  const auto run = [&](const Matrix& at) {
    Matrix state = Matrix::Zero(4, 4), y(12, 3);
    running_mean(packing, at, state, y);
    return std::pair(y, state);
  };
  auto [y, state] = run(x);
  for (Index s = 0; s < 4; ++s) {
    Vector sum = Vector::Zero(3);
    for (Index t = 0; t < kLengths[static_cast<std::size_t>(s)]; ++t) {
      sum += x.row(packing.row(t, s));
      expect_close(y.row(packing.row(t, s)), sum.transpose() / (t + 1), Scalar(1e-14));
    }
  }
  Matrix dx(12, 3);
  running_mean_backward(packing, dy, state, dx);
  check_gradient([&](const Vector& at) { return run(ConstMatrixMap(at.data(), 12, 3)).first.cwiseProduct(dy).sum(); },
                 Eigen::Map<const Vector>(x.data(), x.size()), Eigen::Map<const Vector>(dx.data(), dx.size()));
}

TEST(Contrastive, IsTheSumOverPairsAndItsGradient) {
  Draw draw(8);
  const Matrix e = draw.matrix(7, 3);
  const std::vector<Index> entity{4, 2, 4, 9, 9, 2, 4};
  ContrastivePairs pairs;
  pairs.margin = 1.2;
  pairs.negatives = 2;
  Scalar naive = 0;
  for (Index i = 0; i < 7; ++i) {
    std::vector<Scalar> others;
    for (Index j = 0; j < 7; ++j) {
      const Scalar distance = (e.row(i).normalized() - e.row(j).normalized()).norm();
      if (entity[static_cast<std::size_t>(i)] != entity[static_cast<std::size_t>(j)])
        others.push_back(distance);
      else if (i < j)
        naive += distance * distance;
    }
    std::sort(others.begin(), others.end());
    for (std::size_t k = 0; k < 2; ++k) naive += std::pow(std::max(Scalar(0), pairs.margin - others[k]), 2);
  }
  Matrix de(7, 3);
  const auto loss = [&](const Vector& at) {
    return contrastive_loss(pairs, ConstMatrixMap(at.data(), 7, 3), entity, Scalar(0.5), de);
  };
  const Vector at = Eigen::Map<const Vector>(e.data(), e.size());
  EXPECT_NEAR(loss(at), naive / 2, 1e-12);
  const Vector gradient = Eigen::Map<const Vector>(de.data(), de.size());
  check_gradient(loss, at, gradient);
}

}  // namespace entivec::test
