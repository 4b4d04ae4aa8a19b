// Adam (Kingma & Ba 2015, algorithm 1) over flat vectors.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

class Adam {
 public:
  // The update number `step`, which counts from 1.
  Adam(Index step, Scalar learning_rate);

  // One update of params[0 … size), with their moments.
  void update(Index size, const Scalar* gradient, Scalar* first, Scalar* second, Scalar* params) const;

 private:
  Scalar learning_rate_, correct_first_, correct_second_;
};

}  // namespace entivec
