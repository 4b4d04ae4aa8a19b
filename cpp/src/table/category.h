// Cross-entropy of one category in one row.
#pragma once

#include <algorithm>

#include "entivec/loss/softmax.h"
#include "target.h"

namespace entivec {

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
