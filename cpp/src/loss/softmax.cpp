#include "entivec/loss/softmax.h"

namespace entivec {

Scalar log_sum_exp(ConstMatrixRef logits, Index i) {
  const Scalar top = logits.row(i).maxCoeff();
  Scalar sum = 0;
  for (Index k = 0; k < logits.cols(); ++k) sum += std::exp(logits(i, k) - top);
  return top + std::log(sum);
}

void softmax_rows(ConstMatrixRef logits, MatrixRef probabilities) {
  for (Index i = 0; i < logits.rows(); ++i) {
    const Scalar sum = log_sum_exp(logits, i);
    for (Index k = 0; k < logits.cols(); ++k) probabilities(i, k) = std::exp(logits(i, k) - sum);
  }
}

}  // namespace entivec
