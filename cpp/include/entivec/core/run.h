// Runs of numbers of any length in whole vectors, the last of which may be part of one: an element's bits do not depend
// on where the run begins, which Eigen's own loops make them do, and most columns have fewer levels than vectors lanes.
#pragma once

#include <algorithm>

#include "entivec/core/types.h"

namespace entivec::run {

using Packet = Eigen::internal::packet_traits<Scalar>::type;
constexpr Index kLanes = Eigen::internal::packet_traits<Scalar>::size;

// The first `count` numbers at a, and zeros: nothing beyond is read.
template <class Packet = run::Packet>
EIGEN_ALWAYS_INLINE Packet load(const Scalar* a, Index count) {
  using Traits = Eigen::internal::unpacket_traits<Packet>;
  if constexpr (Traits::masked_load_available) {
    return Eigen::internal::ploadu<Packet>(a, static_cast<typename Traits::mask_t>((1u << count) - 1));
  } else {
    Scalar own[kLanes] = {};
    std::copy_n(a, count, own);
    return Eigen::internal::ploadu<Packet>(own);
  }
}

// The first `count` lanes to a: nothing beyond is written.
template <class Packet>
EIGEN_ALWAYS_INLINE void store(const Packet& lanes, Index count, Scalar* a) {
  using Traits = Eigen::internal::unpacket_traits<Packet>;
  if constexpr (Traits::masked_store_available) {
    Eigen::internal::pstoreu(a, lanes, static_cast<typename Traits::mask_t>((1u << count) - 1));
  } else {
    Scalar own[kLanes];
    Eigen::internal::pstoreu(own, lanes);
    std::copy_n(own, count, a);
  }
}

// The first `count` lanes, and `other` in those beyond.
EIGEN_ALWAYS_INLINE Packet first(Index count, const Packet& lanes, Scalar other) {
  using namespace Eigen::internal;
  const Packet within = pcmp_lt(plset<Packet>(0), pset1<Packet>(static_cast<Scalar>(count)));
  return pselect(within, lanes, pset1<Packet>(other));
}

inline Scalar largest(const Scalar* a, Index size) {
  using namespace Eigen::internal;
  Packet most = pset1<Packet>(*a);
  Index k = 0;
  for (; k + kLanes <= size; k += kLanes) most = pmax(most, ploadu<Packet>(a + k));
  if (k < size) most = pmax(most, first(size - k, load(a + k, size - k), *a));
  return predux_max(most);
}

// a = exp(a − top); returns the sum.
inline Scalar exp_below(Scalar top, Scalar* a, Index size) {
  using namespace Eigen::internal;
  const Packet tops = pset1<Packet>(top);
  Packet sums = pset1<Packet>(0);
  Index k = 0;
  for (; k + kLanes <= size; k += kLanes) {
    const Packet own = pexp(psub(ploadu<Packet>(a + k), tops));
    pstoreu(a + k, own);
    sums = padd(sums, own);
  }
  if (k < size) {
    const Packet own = pexp(psub(load(a + k, size - k), tops));
    store(own, size - k, a + k);
    sums = padd(sums, first(size - k, own, 0));
  }
  return predux(sums);
}

// a = then · (by · a): in two products, as one by `then · by` would have other bits
inline void multiply(Scalar by, Scalar then, Scalar* a, Index size) {
  using namespace Eigen::internal;
  const auto product = [&, first = pset1<Packet>(by), second = pset1<Packet>(then)](const Packet& own) {
    return pmul(second, pmul(first, own));
  };
  Index k = 0;
  for (; k + kLanes <= size; k += kLanes) pstoreu(a + k, product(ploadu<Packet>(a + k)));
  if (k < size) store(product(load(a + k, size - k)), size - k, a + k);
}

}  // namespace entivec::run
