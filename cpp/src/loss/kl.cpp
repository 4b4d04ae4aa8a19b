#include "entivec/loss/kl.h"

#include <cmath>

#include "entivec/loss/softmax.h"

namespace entivec {

namespace {

// Σ a ln a of one row, from its logits.
Scalar negative_entropy(ConstMatrixRef logits, Index i, Scalar log_sum) {
  const auto log_a = logits.row(i).array() - log_sum;
  return (log_a.exp() * log_a).sum();
}

}  // namespace

void gaussian_kl(ConstMatrixRef mean, ConstMatrixRef log_variance, MatrixRef kl) {
  for (Index i = 0; i < kl.rows(); ++i) {
    const auto own = log_variance.row(i).array();
    kl.row(i) = log_variance.row(i);
    run::exp_below(0, kl.row(i).data(), kl.cols());
    kl.row(i).array() = Scalar(0.5) * (mean.row(i).array().square() + kl.row(i).array() - Scalar(1) - own);
  }
}

void gaussian_kl_backward(ConstMatrixRef mean, ConstMatrixRef log_variance, ConstVectorRef by, MatrixRef d_mean,
                          MatrixRef d_log_variance) {
  for (Index i = 0; i < mean.rows(); ++i) {
    d_mean.row(i) += by[i] * mean.row(i);
    d_log_variance.row(i).array() += Scalar(0.5) * by[i] * (log_variance.row(i).array().exp() - Scalar(1));
  }
}

void categorical_kl(ConstMatrixRef logits, MatrixRef kl) {
  const Scalar log_k = std::log(static_cast<Scalar>(logits.cols()));
  for (Index i = 0; i < logits.rows(); ++i) kl(i, 0) = log_k + negative_entropy(logits, i, log_sum_exp(logits, i));
}

void categorical_kl_backward(ConstMatrixRef logits, ConstVectorRef by, MatrixRef d_logits) {
  for (Index i = 0; i < logits.rows(); ++i) {
    const Scalar sum = log_sum_exp(logits, i), entropy = negative_entropy(logits, i, sum);
    const auto log_a = logits.row(i).array() - sum;
    d_logits.row(i).array() += by[i] * log_a.exp() * (log_a - entropy);
  }
}

}  // namespace entivec
