// Random numbers as a function of (seed, stream, index), so that nothing depends on thread count or on the
// standard library. Philox4x32-10: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
#pragma once

#include <array>
#include <cstdint>

#include "entivec/core/types.h"

namespace entivec {

// One stream a purpose: two purposes never share numbers.
enum class Stream : std::uint32_t {
  kInitial,
  kShuffle,
  kNoise,
  kDropout,
  kPca,
  kProbe,
  kLatent,
  kEvidence,
  kDeal,
  kTokens,
  kNegatives,
  kWalk,
  kWalkOrder,
  kSlice
};

class Random {
 public:
  using Bits = std::array<std::uint32_t, 4>;

  Random(std::uint64_t seed, Stream stream, std::uint32_t substream = 0)
      : seed_(seed), stream_(static_cast<std::uint32_t>(stream)), substream_(substream) {}

  Bits bits(std::uint64_t index) const;
  double uniform(std::uint64_t index) const;            // [0, 1)
  double normal(std::uint64_t index) const;             // N(0, 1)
  Index below(std::uint64_t index, Index bound) const;  // {0, …, bound − 1}

 private:
  std::uint64_t seed_;
  std::uint32_t stream_, substream_;
};

// Reads a Random word by word, four words a Philox call: for loops that draw many numbers in a row.
class RandomWords {
 public:
  RandomWords(const Random& random, std::uint64_t first) : random_(random), next_(first) {}
  std::uint32_t operator()();

 private:
  const Random& random_;
  std::uint64_t next_;
  Random::Bits words_{};
  unsigned used_ = 4;
};

// out[0 … size): standard normal numbers, four a Philox call (Box & Muller 1958) from index `first` on.
void fill_normal(const Random& random, std::uint64_t first, Index size, Scalar* out);

// A probability as a threshold on 32 random bits: P(word < threshold) = p.
std::uint64_t probability_threshold(Scalar probability);

}  // namespace entivec
