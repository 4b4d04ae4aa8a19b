// The one gradient checker: every op and every whole model goes through it.
#pragma once

#include <gtest/gtest.h>

#include "entivec/core/types.h"

namespace entivec::test {

// Fourth-order central differences of loss(x). In double the step loses about as much to rounding as to truncation,
// and is short enough to stay on one side of a ReLU's kink.
template <class Loss>
Vector numeric_gradient(const Loss& loss, Vector x) {
  constexpr Scalar kStep = Scalar(1e-4);
  Vector gradient(x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const Scalar at = x[i];
    const auto value = [&](Scalar offset) {
      x[i] = at + offset;
      return loss(x);
    };
    const Scalar near = value(kStep) - value(-kStep), far = value(2 * kStep) - value(-2 * kStep);
    gradient[i] = (8 * near - far) / (12 * kStep);
    x[i] = at;
  }
  return gradient;
}

// |a − b| ≤ tolerance · the largest entry of b, which must not vanish.
inline void expect_close(const Eigen::Ref<const Matrix, 0, Eigen::Stride<-1, -1>>& a,
                         const Eigen::Ref<const Matrix, 0, Eigen::Stride<-1, -1>>& b, Scalar tolerance) {
  ASSERT_EQ(a.rows(), b.rows());
  ASSERT_EQ(a.cols(), b.cols());
  const Scalar scale = b.cwiseAbs().maxCoeff();
  ASSERT_GT(scale, 0);
  for (Index i = 0; i < a.rows(); ++i)
    for (Index j = 0; j < a.cols(); ++j)
      ASSERT_NEAR(a(i, j), b(i, j), tolerance * scale) << "at (" << i << ", " << j << ")";
}

template <class Loss>
void check_gradient(const Loss& loss, const Vector& x, const Vector& gradient) {
  expect_close(gradient, numeric_gradient(loss, x), Scalar(1e-8));
}

}  // namespace entivec::test
