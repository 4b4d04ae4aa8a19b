#include <gtest/gtest.h>

#include <cmath>

#include "entivec/optim/adam.h"
#include "entivec/optim/schedule.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

TEST(Adam, IsTheNaiveAlgorithm) {
  constexpr Index kSize = 1300;  // more than two pieces of its loop
  Draw draw(1);
  Vector params = draw.vector(kSize), first = Vector::Zero(kSize), second = first;
  Vector expected = params, m = first, v = first;
  for (Index step = 1; step <= 20; ++step) {
    const Vector gradient = draw.vector(kSize);
    for (Index i = 0; i < kSize; ++i) {
      const Scalar g = gradient[i];
      m[i] = Scalar(0.9) * m[i] + Scalar(0.1) * g;
      v[i] = Scalar(0.999) * v[i] + Scalar(0.001) * g * g;
      const Scalar unbiased_m = m[i] / (1 - std::pow(Scalar(0.9), step));
      const Scalar unbiased_v = v[i] / (1 - std::pow(Scalar(0.999), step));
      expected[i] -= Scalar(0.01) * unbiased_m / (std::sqrt(unbiased_v) + Scalar(1e-8));
    }
    Adam(step, Scalar(0.01)).update(kSize, gradient.data(), first.data(), second.data(), params.data());
    expect_close(params, expected, Scalar(1e-13));
    expect_close(second, v, Scalar(1e-13));
  }
}

TEST(Schedule, Values) {
  for (Index step : {0, 5, 10, 99}) EXPECT_EQ(learning_rate(Schedule::kConstant, Scalar(0.1), step, 10), Scalar(0.1));
  const std::vector<double> cosine{1, 0.5 * (1 + std::sqrt(0.5)), 0.5, 0.5 * (1 - std::sqrt(0.5)), 0, 0};
  for (std::size_t i = 0; i < cosine.size(); ++i)
    EXPECT_NEAR(learning_rate(Schedule::kCosine, 2, static_cast<Index>(5 * i), 20), 2 * cosine[i], 1e-15);
}

TEST(Schedule, AnnealedTermsGrowLinearly) {
  EXPECT_EQ(annealed(0, 4), 0);
  EXPECT_EQ(annealed(3, 4), 0.75);
  for (Index step : {4, 5, 100}) EXPECT_EQ(annealed(step, 4), 1);
  EXPECT_EQ(annealed(0, 0), 1);
}

TEST(Schedule, Names) {
  EXPECT_EQ(schedule_from_name("constant"), Schedule::kConstant);
  EXPECT_EQ(schedule_from_name("cosine"), Schedule::kCosine);
  EXPECT_THROW(schedule_from_name("linear"), std::invalid_argument);
}

}  // namespace entivec::test
