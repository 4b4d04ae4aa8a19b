#pragma once

#include <algorithm>

#include "entivec/core/types.h"

namespace entivec {

// a = exp(a − top), in whole vectors; returns their sum. Of what is left over of vectors Eigen computes other bits,
// which would depend on where a row lies, and it takes the longest where a column has few levels.
inline Scalar exp_below(Scalar top, Scalar* a, Index size) {
  constexpr Index kLanes = Eigen::internal::packet_traits<Scalar>::size;
  using Vector = Eigen::Array<Scalar, kLanes, 1>;
  const Index rest = size % kLanes, whole = size - rest;
  Vector sums = Vector::Zero();
  for (Index k = 0; k < whole; k += kLanes) {
    Eigen::Map<Vector> own(a + k);
    own = (own - top).exp();
    sums += own;
  }
  if (rest > 0) {
    Vector last = Vector::Zero();
    std::copy_n(a + whole, rest, last.data());
    last = (last - top).exp().eval();
    std::copy_n(last.data(), rest, a + whole);
    std::fill(last.data() + rest, last.data() + kLanes, Scalar(0));
    sums += last;
  }
  return sums.sum();
}

}  // namespace entivec
