#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "entivec/core/run.h"

namespace entivec::test {

namespace {

constexpr Scalar kBeside = 1000;  // any of it in a run's results would be seen

// A run of `size` numbers that begins `before` numbers after whole vectors do.
struct Surrounded {
  std::vector<Scalar> numbers;
  Index before, size;

  Surrounded(Index before, Index size) : before(before), size(size) {
    numbers.assign(static_cast<std::size_t>(before + size + 2 * run::kLanes), kBeside);
    for (Index k = 0; k < size; ++k) data()[k] = number(k);
  }
  static Scalar number(Index k) { return static_cast<Scalar>(std::sin(1.7 * static_cast<double>(k)) - 3); }
  Scalar* data() { return numbers.data() + before; }
  bool leaves_the_rest() {
    return std::count(numbers.begin(), numbers.end(), kBeside) == static_cast<Index>(numbers.size()) - size;
  }
};

template <class Check>
void for_each_run(const Check& check) {
  for (Index before = 0; before <= run::kLanes; ++before)
    for (Index size = 1; size <= 3 * run::kLanes + 1; ++size) check(Surrounded(before, size));
}

}  // namespace

TEST(Run, LargestOfNumbersBelowZero) {
  for_each_run([](Surrounded run) {
    EXPECT_EQ(run::largest(run.data(), run.size), *std::max_element(run.data(), run.data() + run.size));
  });
}

TEST(Run, ExponentialsHaveTheSameBitsWherever) {
  constexpr Scalar kTop = 0.5;
  for_each_run([&](Surrounded run) {
    const Scalar sum = run::exp_below(kTop, run.data(), run.size);
    Scalar expected = 0;
    for (Index k = 0; k < run.size; ++k) {
      Scalar alone = Surrounded::number(k);
      run::exp_below(kTop, &alone, 1);
      EXPECT_EQ(run.data()[k], alone) << k << " of " << run.size << " after " << run.before;
      EXPECT_NEAR(alone, std::exp(Surrounded::number(k) - kTop), 1e-6 * alone);
      expected += alone;
    }
    EXPECT_NEAR(sum, expected, 1e-6 * expected);
    EXPECT_TRUE(run.leaves_the_rest());
  });
}

TEST(Run, MultipliesTwice) {
  constexpr Scalar kBy = Scalar(1) / 3, kThen = Scalar(0.7);
  for_each_run([&](Surrounded run) {
    run::multiply(kBy, kThen, run.data(), run.size);
    for (Index k = 0; k < run.size; ++k) EXPECT_EQ(run.data()[k], kThen * (kBy * Surrounded::number(k)));
    EXPECT_TRUE(run.leaves_the_rest());
  });
}

}  // namespace entivec::test
