#include "entivec/tokens/target.h"

#include <algorithm>

#include "softplus.h"

namespace entivec {

namespace {

using run::kLanes;
using run::Packet;

constexpr Index kSummed = 6;     // rows whose products are summed at a time
constexpr Index kMostRows = 48;  // the target, the negatives, and up to whole packets
static_assert(kMostRows >= 1 + kMostNegatives + 16);

// The target's row, then the negatives', with their scores and steps.
struct Sampled {
  Index size;
  const std::int32_t* negatives;
  Scalar* rows[kMostRows];
  alignas(64) Scalar z[kMostRows];
};

template <Index K>
void score(const Scalar* h, Index stride, Scalar* const* rows, Scalar* z) {
  using namespace Eigen::internal;
  Packet sums[K];
  for (Index k = 0; k < K; ++k) sums[k] = pset1<Packet>(0);
  for (Index d = 0; d < stride; d += kLanes) {
    const Packet hd = ploadu<Packet>(h + d);
    for (Index k = 0; k < K; ++k) sums[k] = pmadd(hd, ploadu<Packet>(rows[k] + d), sums[k]);
  }
  for (Index k = 0; k < K; ++k) z[k] = predux(sums[k]);
}

// Scores become rate · dL/dscore; returns the loss.
double differentiate(const TokenTarget& target, Scalar rate, const Scalar* h, const Rows& outputs, Sampled& sampled) {
  Index& size = sampled.size;
  size = 0;
  sampled.rows[size++] = outputs[target.word];
  for (Index k = 0; k < target.num_negatives; ++k)
    if (target.negatives[k] != target.word) sampled.rows[size++] = outputs[target.negatives[k]];
  Index k = 0;
  for (; k + kSummed <= size; k += kSummed) score<kSummed>(h, outputs.stride, sampled.rows + k, sampled.z + k);
  for (; k < size; ++k) score<1>(h, outputs.stride, sampled.rows + k, sampled.z + k);
  const Index whole = (size + kLanes - 1) / kLanes * kLanes;
  std::fill(sampled.z + size, sampled.z + whole, kAbsentScore);
  sampled.z[0] = -sampled.z[0];
  const double loss = differentiate_softplus(whole, rate, sampled.z);
  sampled.z[0] = -sampled.z[0];
  return loss;
}

template <bool kFrozen>
double step(const TokenTarget& target, Scalar rate, Scalar* h, const Rows& outputs) {
  using namespace Eigen::internal;
  Sampled sampled;
  const double loss = differentiate(target, rate, h, outputs, sampled);
  for (Index d = 0; d < outputs.stride; d += kLanes) {
    const Packet hd = ploadu<Packet>(h + d);
    Packet next = pset1<Packet>(0);
    for (Index k = 0; k < sampled.size; ++k) {
      Scalar* row = sampled.rows[k] + d;
      const Packet own = ploadu<Packet>(row), by = pset1<Packet>(sampled.z[k]);
      next = psub(next, pmul(by, own));
      if constexpr (!kFrozen) pstoreu(row, psub(own, pmul(by, hd)));
    }
    pstoreu(h + d, next);
  }
  return loss;
}

}  // namespace

double train_target(const TokenTarget& target, Scalar rate, Scalar* h, const Rows& outputs) {
  return step<false>(target, rate, h, outputs);
}

double step_of_target(const TokenTarget& target, Scalar rate, Scalar* h, const Rows& outputs) {
  return step<true>(target, rate, h, outputs);
}

double target_loss(const TokenTarget& target, const Scalar* h, const Rows& outputs) {
  Sampled sampled;
  return differentiate(target, 1, h, outputs, sampled);
}

}  // namespace entivec
