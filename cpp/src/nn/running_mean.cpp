#include "entivec/nn/running_mean.h"

namespace entivec {

void running_mean(const Packing& packing, ConstMatrixRef x, MatrixRef state, MatrixRef y) {
  const Index width = x.cols();
  for (Index t = 0; t < packing.steps(); ++t)
    for (Index s = 0; s < packing.active(t); ++s) {
      const Index row = packing.row(t, s);
      state.row(s).head(width) += x.row(row);
      state(s, width) += 1;
      y.row(row) = state.row(s).head(width) / state(s, width);
    }
}

void running_mean_backward(const Packing& packing, ConstMatrixRef dy, MatrixRef state, MatrixRef dx) {
  const Index width = dy.cols();
  for (Index t = packing.steps() - 1; t >= 0; --t)
    for (Index s = 0; s < packing.active(t); ++s) {
      const Index row = packing.row(t, s);
      dx.row(row) = dy.row(row) / state(s, width);
      if (t + 1 < packing.steps() && s < packing.active(t + 1)) dx.row(row) += dx.row(packing.row(t + 1, s));
      state(s, width) -= 1;
    }
}

}  // namespace entivec
