#include "entivec/optim/adam.h"

#include <cmath>

namespace entivec {

namespace {

constexpr Index kMomentsPart = 512;  // whose moments stay in the nearest cache between the lines below
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

Scalar correction(double beta, Index step) {
  return static_cast<Scalar>(1 / (1 - std::pow(beta, static_cast<double>(step))));
}

}  // namespace

Adam::Adam(Index step, Scalar learning_rate)
    : learning_rate_(learning_rate),
      correct_first_(correction(kBeta1, step)),
      correct_second_(correction(kBeta2, step)) {}

void Adam::update(Index size, const Scalar* gradient, Scalar* first, Scalar* second, Scalar* params) const {
  using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  const Scalar beta1 = static_cast<Scalar>(kBeta1), beta2 = static_cast<Scalar>(kBeta2);
  const Scalar epsilon = static_cast<Scalar>(kEpsilon);
  for (Index begin = 0; begin < size; begin += kMomentsPart) {
    const Index n = std::min(kMomentsPart, size - begin);
    const Eigen::Map<const Array> g(gradient + begin, n);
    Eigen::Map<Array> m(first + begin, n), v(second + begin, n), p(params + begin, n);
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g.square();
    p -= learning_rate_ * (m * correct_first_) / ((v * correct_second_).sqrt() + epsilon);
  }
}

}  // namespace entivec
