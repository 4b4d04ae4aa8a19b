#include "entivec/tokens/group.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "softplus.h"

namespace entivec {

namespace {

using run::kLanes;
using run::Packet;

constexpr Index kSlice = 5;  // negatives whose rows and changes stay in registers together

// One row of kGroup numbers for the targets, one for each negative.
struct Scores {
  alignas(64) Scalar rows[1 + kMostNegatives][kGroup];

  Scalar* operator[](Index row) { return rows[row]; }
};

// Scores of pairs i and j with their targets and K negatives.
template <Index K>
EIGEN_ALWAYS_INLINE void score_two(const Group& group, Index i, Index j, Index first, const Rows& inputs,
                                   const Rows& outputs, Scores& z) {
  using namespace Eigen::internal;
  const Scalar *u = inputs[group.pairs[i].input], *w = inputs[group.pairs[j].input];
  const Scalar *v = outputs[group.pairs[i].output], *x = outputs[group.pairs[j].output];
  const Scalar* negative[K];
  for (Index k = 0; k < K; ++k) negative[k] = outputs[group.negatives[first + k]];
  Packet own = pset1<Packet>(0), other = own, us[K], ws[K];
  for (Index k = 0; k < K; ++k) us[k] = ws[k] = own;
  for (Index d = 0; d < inputs.stride; d += kLanes) {
    const Packet ud = ploadu<Packet>(u + d), wd = ploadu<Packet>(w + d);
    own = pmadd(ud, ploadu<Packet>(v + d), own);
    other = pmadd(wd, ploadu<Packet>(x + d), other);
    for (Index k = 0; k < K; ++k) {
      const Packet n = ploadu<Packet>(negative[k] + d);
      us[k] = pmadd(ud, n, us[k]);
      ws[k] = pmadd(wd, n, ws[k]);
    }
  }
  z[0][i] = -predux(own);
  z[0][j] = -predux(other);
  for (Index k = 0; k < K; ++k) {
    z[1 + first + k][i] = predux(us[k]);
    z[1 + first + k][j] = predux(ws[k]);
  }
}

template <Index K>
void score(const Group& group, Index first, const Rows& inputs, const Rows& outputs, Scores& z) {
  for (Index i = 0; i < group.size; i += 2)
    score_two<K>(group, i, std::min(i + 1, group.size - 1), first, inputs, outputs, z);
}

void mask(const Group& group, Scores& z) {
  for (Index i = group.size; i < kGroup; ++i)
    for (Index row = 0; row <= group.num_negatives; ++row) z[row][i] = kAbsentScore;
  for (Index k = 0; k < group.num_negatives; ++k)
    for (Index i = 0; i < group.size; ++i)
      if (group.negatives[k] == group.pairs[i].output) z[1 + k][i] = kAbsentScore;
}

// z becomes by · its derivative, the targets' with the other sign; returns the loss.
double differentiate(Index num_negatives, Scalar by, Scores& scores) {
  const double loss = differentiate_softplus((1 + num_negatives) * kGroup, by, scores[0]);
  for (Index k = 0; k < kGroup; ++k) scores[0][k] = -scores[0][k];
  return loss;
}

// Rows of inputs and targets are read and written once for K negatives, which stay in registers with their changes.
template <Index K, bool kTargets>
void update(const Group& group, Index first, Scores& step, const Rows& inputs, const Rows& outputs) {
  using namespace Eigen::internal;
  Scalar* negative[K];
  for (Index k = 0; k < K; ++k) negative[k] = outputs[group.negatives[first + k]];
  Scalar *u[kGroup], *v[kGroup];
  for (Index i = 0; i < group.size; ++i) {
    u[i] = inputs[group.pairs[i].input];
    v[i] = outputs[group.pairs[i].output];
  }
  for (Index d = 0; d < inputs.stride; d += kLanes) {
    Packet n[K], change[K];
    for (Index k = 0; k < K; ++k) {
      n[k] = ploadu<Packet>(negative[k] + d);
      change[k] = pset1<Packet>(0);
    }
    for (Index i = 0; i < group.size; ++i) {
      const Packet ud = ploadu<Packet>(u[i] + d);
      Packet next = ud;
      if constexpr (kTargets) {
        const Packet vd = ploadu<Packet>(v[i] + d), by = pset1<Packet>(step[0][i]);
        next = psub(next, pmul(by, vd));
        pstoreu(v[i] + d, psub(vd, pmul(by, ud)));
      }
      for (Index k = 0; k < K; ++k) {
        const Packet by = pset1<Packet>(step[1 + first + k][i]);
        next = psub(next, pmul(by, n[k]));
        change[k] = pmadd(by, ud, change[k]);
      }
      pstoreu(u[i] + d, next);
    }
    // Read anew: a negative may be the target of another pair, or drawn twice.
    for (Index k = 0; k < K; ++k) pstoreu(negative[k] + d, psub(ploadu<Packet>(negative[k] + d), change[k]));
  }
}

// Calls body with the number of negatives of each slice as a constant, and where it begins.
template <class Body>
EIGEN_ALWAYS_INLINE void for_slices(Index count, const Body& body) {
  for (Index first = 0; first < count; first += kSlice) {
    switch (std::min(kSlice, count - first)) {
      case 1:
        body(std::integral_constant<Index, 1>(), first);
        break;
      case 2:
        body(std::integral_constant<Index, 2>(), first);
        break;
      case 3:
        body(std::integral_constant<Index, 3>(), first);
        break;
      case 4:
        body(std::integral_constant<Index, 4>(), first);
        break;
      default:
        body(std::integral_constant<Index, 5>(), first);
    }
  }
}

double score_and_differentiate(const Group& group, Scalar rate, const Rows& inputs, const Rows& outputs, Scores& z) {
  for_slices(group.num_negatives, [&](auto size, Index first) { score<size()>(group, first, inputs, outputs, z); });
  mask(group, z);
  return differentiate(group.num_negatives, rate, z);
}

}  // namespace

double train_group(const Group& group, Scalar rate, const Rows& inputs, const Rows& outputs) {
  Scores z;
  const double loss = score_and_differentiate(group, rate, inputs, outputs, z);
  for_slices(group.num_negatives, [&](auto size, Index first) {
    if (first == 0)
      update<size(), true>(group, first, z, inputs, outputs);
    else
      update<size(), false>(group, first, z, inputs, outputs);
  });
  return loss;
}

double group_loss(const Group& group, const Rows& inputs, const Rows& outputs) {
  Scores z;
  return score_and_differentiate(group, 1, inputs, outputs, z);
}

}  // namespace entivec
