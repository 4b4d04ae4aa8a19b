// Softmax and what belongs to it: logits to probabilities, their log-sums, and the sigmoid for two of them.
#pragma once

#include <algorithm>
#include <cmath>

#include "entivec/core/run.h"

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

// The same of rows of a matrix, element by element: latent variables, whose bits are those of a plain exp.
Scalar log_sum_exp(ConstMatrixRef logits, Index i);  // of row i

// logits (n, k) → probabilities (n, k), which may be the logits themselves.
void softmax_rows(ConstMatrixRef logits, MatrixRef probabilities);

}  // namespace entivec
