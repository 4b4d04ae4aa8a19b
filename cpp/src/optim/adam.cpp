#include "entivec/optim/adam.h"

#include <cmath>

namespace entivec {

void Adam::update(Index size, Index step, Scalar learning_rate, Scalar* const* grads, Index shards, Scalar* first,
                  Scalar* second, Scalar* params) const {
  using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  using Map = Eigen::Map<Array>;
  constexpr Index kPiece = 512;  // one gradient sum stays in L1
  const double t = static_cast<double>(step);
  const Scalar correct1 = static_cast<Scalar>(1 / (1 - std::pow(static_cast<double>(beta1), t)));
  const Scalar correct2 = static_cast<Scalar>(1 / (1 - std::pow(static_cast<double>(beta2), t)));
  Eigen::Array<Scalar, Eigen::Dynamic, 1, 0, kPiece, 1> sum;
  for (Index begin = 0; begin < size; begin += kPiece) {
    const Index n = std::min(kPiece, size - begin);
    sum.setZero(n);
    for (Index s = 0; s < shards; ++s) {
      Map g(grads[s] + begin, n);
      sum += g;
      g.setZero();
    }
    Map m(first + begin, n), v(second + begin, n), p(params + begin, n);
    m = beta1 * m + (1 - beta1) * sum;
    v = beta2 * v + (1 - beta2) * sum.square();
    p -= learning_rate * (m * correct1) / ((v * correct2).sqrt() + epsilon);
  }
}

}  // namespace entivec
