// Negative sampling on a few pairs at a time: −log σ(u·v) − Σ log σ(−u·n), where all pairs (u, v) of a group have the
// same negatives n (Mikolov et al. 2013, equation 4). A negative that is a pair's own target does not count for it.
#pragma once

#include "entivec/tokens/pairs.h"

namespace entivec {

constexpr Index kGroup = 8;  // pairs

struct Group {
  const Pair* pairs;
  Index size;                     // at most kGroup
  const std::int32_t* negatives;  // rows of the outputs
  Index num_negatives;
};

// A step of gradient descent in place; returns the loss before it. Rows that occur twice in a group take both steps.
double train_group(const Group& group, Scalar rate, const Rows& inputs, const Rows& outputs);

double group_loss(const Group& group, const Rows& inputs, const Rows& outputs);

}  // namespace entivec
