// What a recurrent layer does with one sequence's numbers of one time step, element by element. An element's bits do
// not depend on which sequences stand beside it: every row begins a vector of its own.
#pragma once

#include "entivec/core/run.h"

namespace entivec::gates {

using run::kLanes, run::Packet;

// A whole vector of a row, and the part of one at its end.
struct Whole {
  Index at;
  Packet load(const Scalar* a) const { return Eigen::internal::ploadu<Packet>(a + at); }
  void store(const Packet& lanes, Scalar* a) const { Eigen::internal::pstoreu(a + at, lanes); }
};

struct Part {
  Index at, count;
  Packet load(const Scalar* a) const { return run::load(a + at, count); }
  void store(const Packet& lanes, Scalar* a) const { run::store(lanes, count, a + at); }
};

template <class Body>
EIGEN_ALWAYS_INLINE void for_units(Index size, const Body& body) {
  Index j = 0;
  for (; j + kLanes <= size; j += kLanes) body(Whole{j});
  if (j < size) body(Part{j, size - j});
}

EIGEN_ALWAYS_INLINE Packet constant(Scalar a) { return Eigen::internal::pset1<Packet>(a); }
EIGEN_ALWAYS_INLINE Packet plus(const Packet& a, const Packet& b) { return Eigen::internal::padd(a, b); }
EIGEN_ALWAYS_INLINE Packet minus(const Packet& a, const Packet& b) { return Eigen::internal::psub(a, b); }
EIGEN_ALWAYS_INLINE Packet times(const Packet& a, const Packet& b) { return Eigen::internal::pmul(a, b); }

// 1 / (1 + e^−a); e^88 is the largest that Eigen's gives, so that nothing overflows.
EIGEN_ALWAYS_INLINE Packet sigmoid(const Packet& a) {
  using namespace Eigen::internal;
  return pdiv(constant(1), plus(constant(1), pexp(pnegate(a))));
}

EIGEN_ALWAYS_INLINE Packet tanh(const Packet& a) { return minus(times(constant(2), sigmoid(plus(a, a))), constant(1)); }

// y (1 − y) and 1 − y²: slopes by values
EIGEN_ALWAYS_INLINE Packet sigmoid_slope(const Packet& y) { return times(y, minus(constant(1), y)); }
EIGEN_ALWAYS_INLINE Packet tanh_slope(const Packet& y) { return minus(constant(1), times(y, y)); }

// gates (r z n) of inputs → their values; `states` of the product with the state; h is updated.
inline void gru(Index hidden, const Scalar* states, Scalar* gates, Scalar* h) {
  Scalar *r = gates, *z = gates + hidden, *n = gates + 2 * hidden;
  for_units(hidden, [&](const auto& unit) {
    const Packet reset = sigmoid(plus(unit.load(r), unit.load(states)));
    const Packet keep = sigmoid(plus(unit.load(z), unit.load(states + hidden)));
    const Packet fresh = tanh(plus(unit.load(n), times(reset, unit.load(states + 2 * hidden))));
    unit.store(reset, r);
    unit.store(keep, z);
    unit.store(fresh, n);
    unit.store(plus(fresh, times(keep, minus(unit.load(h), fresh))), h);
  });
}

// gates and states become the gradients of their pre-activations; dh that of the state before, but for what comes
// through the product.
inline void gru_backward(Index hidden, const Scalar* before, const Scalar* dy, Scalar* gates, Scalar* states,
                         Scalar* dh) {
  Scalar *r = gates, *z = gates + hidden, *n = gates + 2 * hidden;
  for_units(hidden, [&](const auto& unit) {
    const Packet reset = unit.load(r), keep = unit.load(z), fresh = unit.load(n);
    const Packet d = plus(unit.load(dh), unit.load(dy));
    const Packet d_fresh = times(times(d, minus(constant(1), keep)), tanh_slope(fresh));
    const Packet d_keep = times(times(d, minus(unit.load(before), fresh)), sigmoid_slope(keep));
    const Packet d_reset = times(times(d_fresh, unit.load(states + 2 * hidden)), sigmoid_slope(reset));
    unit.store(d_reset, r);
    unit.store(d_keep, z);
    unit.store(d_fresh, n);
    unit.store(d_reset, states);
    unit.store(d_keep, states + hidden);
    unit.store(times(d_fresh, reset), states + 2 * hidden);
    unit.store(times(d, keep), dh);
  });
}

// gates (i f g o); `state` is h, then m; `memory` becomes tanh(m).
inline void lstm(Index hidden, const Scalar* states, Scalar* gates, Scalar* state, Scalar* memory) {
  Scalar *i = gates, *f = gates + hidden, *g = gates + 2 * hidden, *o = gates + 3 * hidden;
  for_units(hidden, [&](const auto& unit) {
    const Packet in = sigmoid(plus(unit.load(i), unit.load(states)));
    const Packet keep = sigmoid(plus(unit.load(f), unit.load(states + hidden)));
    const Packet fresh = tanh(plus(unit.load(g), unit.load(states + 2 * hidden)));
    const Packet out = sigmoid(plus(unit.load(o), unit.load(states + 3 * hidden)));
    const Packet m = plus(times(keep, unit.load(state + hidden)), times(in, fresh));
    const Packet seen = tanh(m);
    unit.store(in, i);
    unit.store(keep, f);
    unit.store(fresh, g);
    unit.store(out, o);
    unit.store(seen, memory);
    unit.store(m, state + hidden);
    unit.store(times(out, seen), state);
  });
}

// gates become the gradients of their pre-activations. `d_state` is that of h, read and set to 0, and of m, which
// becomes that of m before.
inline void lstm_backward(Index hidden, const Scalar* before, const Scalar* memory, const Scalar* dy, Scalar* gates,
                          Scalar* d_state) {
  Scalar *i = gates, *f = gates + hidden, *g = gates + 2 * hidden, *o = gates + 3 * hidden;
  for_units(hidden, [&](const auto& unit) {
    const Packet in = unit.load(i), keep = unit.load(f), fresh = unit.load(g), out = unit.load(o);
    const Packet seen = unit.load(memory);
    const Packet d = plus(unit.load(d_state), unit.load(dy));
    const Packet dm = plus(unit.load(d_state + hidden), times(times(d, out), tanh_slope(seen)));
    unit.store(times(times(dm, fresh), sigmoid_slope(in)), i);
    unit.store(times(times(dm, unit.load(before + hidden)), sigmoid_slope(keep)), f);
    unit.store(times(times(dm, in), tanh_slope(fresh)), g);
    unit.store(times(times(d, seen), sigmoid_slope(out)), o);
    unit.store(times(dm, keep), d_state + hidden);
    unit.store(constant(0), d_state);
  });
}

}  // namespace entivec::gates
