// Adam (Kingma & Ba 2015, algorithm 1) as one loop over flat vectors.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

struct Adam {
  Scalar beta1 = Scalar(0.9), beta2 = Scalar(0.999), epsilon = Scalar(1e-8);

  // One update of params[0 … size) with the sum of `shards` gradients, taken in shard order and set to zero for
  // the next step. `step` counts from 1.
  void update(Index size, Index step, Scalar learning_rate, Scalar* const* grads, Index shards, Scalar* first,
              Scalar* second, Scalar* params) const;
};

}  // namespace entivec
