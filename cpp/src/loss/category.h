// Cross-entropy of one category in one row.
#pragma once

#include <algorithm>
#include <cmath>

#include "entivec/core/run.h"
#include "target.h"

namespace entivec {

inline Scalar softplus(Scalar a) { return std::max(a, Scalar(0)) + std::log1p(std::exp(-std::abs(a))); }
inline Scalar sigmoid(Scalar a) { return Scalar(0.5) + Scalar(0.5) * std::tanh(Scalar(0.5) * a); }

// logits → probabilities times `by`; returns log Σ exp.
inline Scalar softmax(Scalar by, Scalar* logits, Index levels) {
  const Scalar top = run::largest(logits, levels);
  const Scalar sum = run::exp_below(top, logits, levels);
  run::multiply(1 / sum, by, logits, levels);
  return top + std::log(sum);
}

// Cross-entropy and its gradient (in place of the logits) times `by`; nothing where nothing is observed.
inline Scalar category_gradient(const Category& category, const Target& target, Scalar by, Scalar* logits) {
  if (!target.observed()) {
    std::fill_n(logits, category.outputs(), Scalar(0));
    return 0;
  }
  if (category.flag) {
    const Scalar a = *logits, t = static_cast<Scalar>(target.level());
    *logits = by * (sigmoid(a) - t);
    return by * (softplus(a) - t * a);
  }
  Scalar linear = 0;
  target.for_each([&](Index level, Scalar share) { linear += share * logits[level]; });
  const Scalar log_sum = softmax(by, logits, category.outputs());
  target.for_each([&](Index level, Scalar share) { logits[level] -= by * share; });
  return by * (log_sum - linear);
}

}  // namespace entivec
