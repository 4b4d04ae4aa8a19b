#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "entivec/table/scaling.h"

namespace entivec::test {

// The formulas as they are written, in no order of their own.
double naive(Squash squash, double u) {
  const double g = std::sqrt(u * u * (1 / 9.0) + 1);
  return squash == Squash::kRoot ? u / std::sqrt(g * 0.5 + 0.5) : u / g;
}

TEST(Scaling, SquashesByItsFormula) {
  for (const Squash squash : {Squash::kRoot, Squash::kBounded}) {
    const Scaling scaling{2, 0.5, 0.25F, 1.5F};
    std::vector<double> numbers;
    for (int k = -400; k < 400; ++k) numbers.push_back(0.05 * k);  // more than a piece, and no whole number of them
    std::vector<float> cells(numbers.size());
    EXPECT_TRUE(scale<double>(scaling, squash, 800, numbers.data(), 8, cells.data(), 1));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const double u = (numbers[i] - 2) / 0.5, squashed = naive(squash, u);
      EXPECT_EQ(cells[i], (static_cast<float>(squashed) - 0.25F) / 1.5F) << numbers[i];
    }
  }
}

TEST(Scaling, TheRootIsUndoneGently) {
  for (double u : {0.1, 1.0, 10.0, 1e3, 1e6}) {
    const double v = naive(Squash::kRoot, u);
    EXPECT_NEAR(v * std::sqrt(1 + v * v / 36), u, 1e-9 * u);
  }
}

TEST(Scaling, WithoutSquashClampsToFloat) {
  const double numbers[] = {1, 1e300, -1e300};
  float cells[3];
  EXPECT_TRUE(scale<double>({0, 1, 0, 1}, Squash::kNone, 3, numbers, 8, cells, 1));
  EXPECT_EQ(cells[0], 1);
  EXPECT_EQ(cells[1], std::numeric_limits<float>::max());
  EXPECT_EQ(cells[2], -std::numeric_limits<float>::max());
}

TEST(Scaling, KeepsNaNAndTellsOfInfinity) {
  const double infinity = std::numeric_limits<double>::infinity(), numbers[] = {NAN, 1, infinity, -infinity};
  float cells[4];
  for (const Squash squash : {Squash::kNone, Squash::kRoot, Squash::kBounded}) {
    EXPECT_TRUE(scale<double>({0, 1, 0, 1}, squash, 2, numbers, 8, cells, 1));
    EXPECT_TRUE(std::isnan(cells[0]));
    EXPECT_FALSE(scale<double>({0, 1, 0, 1}, squash, 3, numbers, 8, cells, 1));
    EXPECT_FALSE(scale<double>({0, 1, 0, 1}, squash, 1, numbers + 3, 8, cells, 1));
  }
}

TEST(Scaling, ReadsAndWritesAtStrides) {
#pragma pack(push, 1)
  struct Row {
    char mark;
    double number;
  };
#pragma pack(pop)
  const Row rows[] = {{'a', 1}, {'b', 2}, {'c', 4}};
  float cells[6] = {-1, -1, -1, -1, -1, -1};
  EXPECT_TRUE(scale<double>({1, 2, 0, 1}, Squash::kNone, 3, &rows[0].mark + 1, sizeof(Row), cells, 2));
  const float expected[] = {0, -1, 0.5F, -1, 1.5F, -1};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(cells[i], expected[i]);
}

TEST(Scaling, ReadsFloatsAsTheDoublesTheyAre) {
  const float numbers[] = {0.1F, -3e38F, NAN};
  const double doubles[] = {numbers[0], numbers[1], numbers[2]};
  float cells[3], expected[3];
  EXPECT_TRUE(scale<float>({1, 3, 0.5F, 2}, Squash::kRoot, 3, numbers, 4, cells, 1));
  EXPECT_TRUE(scale<double>({1, 3, 0.5F, 2}, Squash::kRoot, 3, doubles, 8, expected, 1));
  EXPECT_EQ(cells[0], expected[0]);
  EXPECT_EQ(cells[1], expected[1]);
  EXPECT_TRUE(std::isnan(cells[2]));
}

}  // namespace entivec::test
