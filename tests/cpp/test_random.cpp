#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "entivec/core/rng.h"

namespace entivec::test {

namespace {

constexpr std::uint32_t kOnes = 0xffffffffu;

Random::Bits philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const auto wide = [](std::uint32_t high, std::uint32_t low) { return (std::uint64_t{high} << 32) | low; };
  return Random(wide(key[1], key[0]), static_cast<Stream>(counter[2]), counter[3]).bits(wide(counter[1], counter[0]));
}

}  // namespace

// kat_vectors of Random123, philox4x32 10.
TEST(Random, GivesThePublishedPhiloxAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Random::Bits{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Random::Bits{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Random::Bits{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, SeedsStreamsAndSubstreamsDiffer) {
  std::set<Random::Bits> seen;
  for (std::uint64_t seed : {0, 1, 2})
    for (Stream stream : {Stream::kInitial, Stream::kShuffle, Stream::kNoise, Stream::kDropout, Stream::kPca})
      for (std::uint32_t substream : {0u, 1u, 7u}) seen.insert(Random(seed, stream, substream).bits(5));
  EXPECT_EQ(seen.size(), 45u);
}

TEST(Random, UniformAndNormalHaveTheirMoments) {
  const Random random(7, Stream::kNoise);
  constexpr int kCount = 100000;
  double sum = 0, squares = 0, normal = 0, normal2 = 0, normal4 = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double u = random.uniform(i), z = random.normal(i + kCount);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
    normal += z;
    normal2 += z * z;
    normal4 += z * z * z * z;
  }
  // Five standard errors each.
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  EXPECT_NEAR(squares / kCount, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kCount));
  EXPECT_NEAR(normal / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(normal2 / kCount, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_NEAR(normal4 / kCount, 3, 5 * std::sqrt(96.0 / kCount));
}

TEST(Random, BelowIsUniformOverItsRange) {
  const Random random(3, Stream::kShuffle);
  constexpr int kCount = 70000, kBound = 7;
  std::array<int, kBound> seen{};
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const Index k = random.below(i, kBound);
    ASSERT_GE(k, 0);
    ASSERT_LT(k, kBound);
    ++seen[static_cast<std::size_t>(k)];
  }
  double chi2 = 0;
  for (int count : seen) chi2 += std::pow(count - kCount / kBound, 2) / (kCount / kBound);
  EXPECT_LT(chi2, 22.5);  // 0.999 quantile at 6 degrees of freedom
  EXPECT_EQ(random.below(0, 1), 0);
}

TEST(Random, WordsAreTheBitsOfConsecutiveIndices) {
  const Random random(11, Stream::kDropout, 2);
  RandomWords words(random, 40);
  for (std::uint64_t index = 40; index < 43; ++index)
    for (std::uint32_t word : random.bits(index)) EXPECT_EQ(words(), word);
}

TEST(Random, ThresholdsAreExactAtTheEnds) {
  EXPECT_EQ(probability_threshold(0), 0u);
  EXPECT_EQ(probability_threshold(Scalar(0.25)), std::uint64_t{1} << 30);
  EXPECT_EQ(probability_threshold(1), std::uint64_t{1} << 32);  // above every word
}

}  // namespace entivec::test
