// What is measured from predictions: losses, errors by column and explained variance.
#include <cmath>
#include <limits>

#include "entivec/table/reconstruction.h"
#include "target.h"

namespace entivec {

namespace {

constexpr Index kOther = 1;                         // code of a pooled or unseen level
constexpr Scalar kProbabilityFloor = Scalar(1e-7);  // a cross-entropy of at most 16 nats where a level was ruled out

// −Σ share · ln p from predictions; a PCA prediction may leave [0, 1].
Scalar cross_entropy(const Category& category, const Target& target, const Scalar* p) {
  Scalar loss = 0;
  target.for_each([&](Index level, Scalar share) {
    const Scalar q = category.flag ? (level == 1 ? *p : 1 - *p) : p[level];
    loss -= share * std::log(std::min(std::max(q, kProbabilityFloor), Scalar(1)));
  });
  return loss;
}

// Squared distance from the mean of a level that has no column: one for its own, and what the known ones expect.
double squares_of_other(const Category& category, const Eigen::VectorXd& mean) {
  const Index before = std::max<Index>(kOther + 1 - category.first, 0);
  return 1 + mean.segment(category.encoded + before, category.targets() - before).squaredNorm();
}

}  // namespace

Scalar Reconstruction::value(const Batch& batch, Heads heads, MatrixRef outputs) const {
  predict(heads, outputs);
  Scalar loss = 0;
  for (Index i = 0; i < batch.size; ++i) {
    const Scalar* y = outputs.row(i).data();
    Scalar row = 0;
    for (Index j = 0; j < layout_.dense(); ++j) {
      const Scalar t = batch.dense_target(i, j);
      if (std::isnan(t)) continue;  // a prediction that is not a number must show
      row += layout_.dense_weight()[static_cast<std::size_t>(j)] * (y[j] - t) * (y[j] - t);
    }
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      row += static_cast<Scalar>(category.weight) *
             cross_entropy(category, Target(layout_, batch, j, i), y + category.output);
    }
    loss += batch.weight[i] * row;
  }
  return loss;
}

void Reconstruction::errors(const Batch& batch, ConstMatrixRef predictions, MatrixRef errors) const {
  const Scalar missing = std::numeric_limits<Scalar>::quiet_NaN();
  const Scalar sources = static_cast<Scalar>(layout_.sources());
  errors.setConstant(missing);
  for (Index i = 0; i < batch.size; ++i) {
    const Scalar* y = predictions.row(i).data();
    for (Index j = 0; j < layout_.dense(); ++j) {
      if (std::isnan(batch.dense_target(i, j))) continue;
      const Scalar error = y[j] - batch.dense_target(i, j);
      Scalar& cell = errors(i, layout_.columns().dense_source[static_cast<std::size_t>(j)]);
      if (std::isnan(cell)) cell = 0;
      cell += sources * layout_.dense_weight()[static_cast<std::size_t>(j)] * error * error;
    }
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      const Target target(layout_, batch, j, i);
      if (!target.observed()) continue;
      Scalar& cell = errors(i, category.source);  // text has numbers beside its codes
      if (std::isnan(cell)) cell = 0;
      cell += sources * static_cast<Scalar>(category.weight) * cross_entropy(category, target, y + category.output);
    }
  }
}

void Reconstruction::add_squares(const Batch& batch, ConstMatrixRef predictions, const Eigen::VectorXd& mean,
                                 Eigen::VectorXd& error, Eigen::VectorXd& deviation, Squares squares) const {
  for (Index i = 0; i < batch.size; ++i) {
    const double weight = batch.weight[i];
    for (Index j = 0; j < layout_.dense(); ++j) {
      const double t = batch.dense_target(i, j);
      if (std::isnan(t)) continue;
      const Index source = layout_.columns().dense_source[static_cast<std::size_t>(j)];
      error[source] += weight * std::pow(predictions(i, j) - t, 2);
      deviation[source] += weight * std::pow(mean[j] - t, 2);
    }
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      if (squares == Squares::kCells && static_cast<Index>(j) < layout_.codes()) {
        const auto code = batch.codes_target(i, static_cast<Index>(j));
        if (code == kOther && !category.told) {
          const double unexplained = weight * squares_of_other(category, mean);
          error[category.source] += unexplained;
          deviation[category.source] += unexplained;
        }
        if (code <= kOther) continue;
      }
      const Target target(layout_, batch, j, i);
      if (!target.observed()) continue;
      // Σ (q − t)² = Σ q² + Σ_{t > 0} (t² − 2 q t): only levels with mass are visited.
      const Scalar* p = predictions.row(i).data() + category.output;
      double around_p = 0, around_mean = 0;
      for (Index k = 0; k < category.targets(); ++k) {
        const double q = category.flag ? (k == 1 ? *p : 1 - *p) : p[k];
        around_p += q * q;
        around_mean += mean[category.encoded + k] * mean[category.encoded + k];
      }
      target.for_each([&](Index level, double share) {
        const double q = category.flag ? (level == 1 ? *p : 1 - *p) : p[level];
        around_p += share * (share - 2 * q);
        around_mean += share * (share - 2 * mean[category.encoded + level]);
      });
      const double by = weight * category.scale * category.scale;
      error[category.source] += by * around_p;
      deviation[category.source] += by * around_mean;
    }
  }
}

}  // namespace entivec
