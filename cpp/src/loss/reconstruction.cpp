#include "entivec/loss/reconstruction.h"

#include <cmath>

#include "target.h"

namespace entivec {

namespace {

using Segment = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

Scalar softplus(Scalar a) { return std::max(a, Scalar(0)) + std::log1p(std::exp(-std::abs(a))); }
Scalar sigmoid(Scalar a) { return Scalar(0.5) + Scalar(0.5) * std::tanh(Scalar(0.5) * a); }

// logits → probabilities; returns log Σ exp.
Scalar softmax(Segment logits) {
  const Scalar top = logits.maxCoeff();
  logits = (logits - top).exp();
  const Scalar sum = logits.sum();
  logits *= 1 / sum;
  return top + std::log(sum);
}

// Cross-entropy and its gradient (in place of the logits) times `by`.
Scalar category_gradient(const Category& category, const Target& target, Scalar by, Scalar* logits) {
  if (category.flag) {
    const Scalar a = *logits, t = static_cast<Scalar>(target.level());
    *logits = by * (sigmoid(a) - t);
    return by * (softplus(a) - t * a);
  }
  Segment p(logits, category.outputs());
  Scalar linear = 0;
  target.for_each([&](Index level, Scalar share) { linear += share * logits[level]; });
  const Scalar log_sum = softmax(p);
  p *= by;
  target.for_each([&](Index level, Scalar share) { logits[level] -= by * share; });
  return by * (log_sum - linear);
}

Scalar dense_gradient(const TableLayout& layout, const Batch& batch, Index i, Scalar by, Scalar* y) {
  Scalar loss = 0;
  for (Index j = 0; j < layout.dense(); ++j) {
    const Scalar t = batch.dense_target(i, j);
    const Scalar w = by * static_cast<Scalar>(layout.dense_weight()[static_cast<std::size_t>(j)]);
    const Scalar error = std::isnan(t) ? Scalar(0) : y[j] - t;
    loss += w * error * error;
    y[j] = 2 * w * error;
  }
  return loss;
}

}  // namespace

Scalar Reconstruction::value_and_gradient(const Batch& batch, Scalar scale, MatrixRef outputs) const {
  Scalar loss = 0;
  for (Index i = 0; i < batch.size; ++i) {
    Scalar* y = outputs.row(i).data();
    const Scalar by = scale * batch.weight[i];
    loss += dense_gradient(layout_, batch, i, by, y);
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      const Target target(layout_, batch, j, i);
      if (target.observed())
        loss += category_gradient(category, target, by * static_cast<Scalar>(category.weight), y + category.output);
      else
        Segment(y + category.output, category.outputs()).setZero();
    }
  }
  return loss;
}

void Reconstruction::predict(Heads heads, MatrixRef outputs) const {
  if (heads == Heads::kLinear) return;
  for (Index i = 0; i < outputs.rows(); ++i)
    for (const Category& category : layout_.categories()) {
      Scalar* y = outputs.row(i).data() + category.output;
      if (category.flag)
        *y = sigmoid(*y);
      else
        softmax(Segment(y, category.outputs()));
    }
}

}  // namespace entivec
