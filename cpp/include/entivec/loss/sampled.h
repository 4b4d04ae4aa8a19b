// Negatives for a softmax over very many classes, which are numbered by falling frequency: rank k is drawn with
// probability log((k + 2) / (k + 1)) / log(classes + 1), about Zipf's law. Logits minus the log of the expected number
// of draws ("logQ") make the sampled softmax consistent (Bengio & Senécal 2008; Jean et al. 2015).
#pragma once

#include <cmath>

#include "entivec/core/types.h"

namespace entivec {

class LogUniform {
 public:
  explicit LogUniform(Index classes) : classes_(classes), span_(std::log1p(static_cast<double>(classes))) {}

  // The rank that a uniform number from [0, 1) stands for.
  Index rank(double uniform) const { return std::min(static_cast<Index>(std::exp(uniform * span_)) - 1, classes_ - 1); }

  // log of how often a rank is expected among so many draws
  Scalar log_expected(Index rank, Index draws) const {
    const double share = std::log1p(1 / static_cast<double>(rank + 1)) / span_;
    return static_cast<Scalar>(std::log(share * static_cast<double>(draws)));
  }

 private:
  Index classes_;
  double span_;
};

}  // namespace entivec
