// Negative sampling on one target: −log σ(h·v) − Σ log σ(−h·n) for the mean h of its contexts (Mikolov et al. 2013,
// "Efficient estimation of word representations in vector space", CBOW). A negative that is the target does not count.
#pragma once

#include "entivec/tokens/training.h"

namespace entivec {

struct TokenTarget {
  std::int32_t word;              // row of the outputs
  const std::int32_t* negatives;  // rows of the outputs
  Index num_negatives;
};

// A step of gradient descent on the outputs in place; h becomes −rate · dL/dh. Returns the loss before it.
double train_target(const TokenTarget& target, Scalar rate, Scalar* h, const Rows& outputs);

// The same with the outputs frozen.
double step_of_target(const TokenTarget& target, Scalar rate, Scalar* h, const Rows& outputs);

double target_loss(const TokenTarget& target, const Scalar* h, const Rows& outputs);

}  // namespace entivec
