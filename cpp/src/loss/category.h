// Cross-entropy of one category in one row.
#pragma once

#include <algorithm>
#include <cmath>

#include "entivec/core/exponential.h"
#include "target.h"

namespace entivec {

using Segment = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

inline Scalar softplus(Scalar a) { return std::max(a, Scalar(0)) + std::log1p(std::exp(-std::abs(a))); }
inline Scalar sigmoid(Scalar a) { return Scalar(0.5) + Scalar(0.5) * std::tanh(Scalar(0.5) * a); }

// logits → probabilities; returns log Σ exp.
inline Scalar softmax(Segment logits) {
  const Scalar top = logits.maxCoeff();
  const Scalar sum = exp_below(top, logits.data(), logits.size());
  logits *= 1 / sum;
  return top + std::log(sum);
}

// Cross-entropy and its gradient (in place of the logits) times `by`; nothing where nothing is observed.
inline Scalar category_gradient(const Category& category, const Target& target, Scalar by, Scalar* logits) {
  if (!target.observed()) {
    Segment(logits, category.outputs()).setZero();
    return 0;
  }
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

}  // namespace entivec
