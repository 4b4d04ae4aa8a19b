// Σ log(1 + eᶻ) and its derivatives for a run of numbers, in whole packets.
#pragma once

#include "entivec/core/run.h"

namespace entivec {

constexpr Scalar kAbsentScore = -1000;  // no loss and no gradient

// Returns the sum over `count` numbers, whole packets; z becomes by · σ(z). The product of 1 + e^−|z| is kept in each
// lane for one logarithm.
EIGEN_ALWAYS_INLINE double differentiate_softplus(Index count, Scalar by, Scalar* z) {
  using namespace Eigen::internal;
  using run::Packet;
  const Packet one = pset1<Packet>(1), zero = pset1<Packet>(0), rate = pset1<Packet>(by);
  Packet product = one, sum = zero;
  for (Index k = 0; k < count; k += run::kLanes) {
    const Packet own = ploadu<Packet>(z + k), e = pexp(pnegate(pabs(own))), factor = padd(one, e);
    product = pmul(product, factor);
    sum = padd(sum, pmax(own, zero));
    pstoreu(z + k, pmul(rate, pdiv(pselect(pcmp_lt(own, zero), e, one), factor)));
  }
  return static_cast<double>(predux(padd(sum, plog(product))));
}

}  // namespace entivec
