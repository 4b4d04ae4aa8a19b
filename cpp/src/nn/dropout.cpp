#include "entivec/nn/dropout.h"

namespace entivec {

void drop(const Dropout& dropout, std::uint32_t layer, MatrixRef h, MatrixRef slope, MatrixRef curvature) {
  if (dropout.rate <= 0) return;
  const Random random(dropout.seed, Stream::kDropout, layer);
  const auto threshold = probability_threshold(dropout.rate);
  const Scalar kept = 1 / (1 - dropout.rate);
  for (Index i = 0; i < h.rows(); ++i) {
    RandomWords words(random, (dropout.position + static_cast<std::uint64_t>(i)) << 20);
    for (Index j = 0; j < h.cols(); ++j) {
      const Scalar by = words() < threshold ? Scalar(0) : kept;
      h(i, j) *= by;
      slope(i, j) *= by;
      if (curvature.size() > 0) curvature(i, j) *= by;
    }
  }
}

}  // namespace entivec
