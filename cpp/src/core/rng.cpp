#include "entivec/core/rng.h"

#include <algorithm>
#include <cmath>

namespace entivec {

Random::Bits Random::bits(std::uint64_t index) const {
  std::uint32_t c0 = static_cast<std::uint32_t>(index), c1 = static_cast<std::uint32_t>(index >> 32);
  std::uint32_t c2 = stream_, c3 = substream_;
  std::uint32_t k0 = static_cast<std::uint32_t>(seed_), k1 = static_cast<std::uint32_t>(seed_ >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = 0xD2511F53ull * c0, product1 = 0xCD9E8D57ull * c2;
    const std::uint32_t high0 = static_cast<std::uint32_t>(product0 >> 32);
    const std::uint32_t high1 = static_cast<std::uint32_t>(product1 >> 32);
    c0 = high1 ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = high0 ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(product0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

double Random::uniform(std::uint64_t index) const {
  const Bits b = bits(index);
  const std::uint64_t wide = (static_cast<std::uint64_t>(b[0]) << 32) | b[1];
  return static_cast<double>(wide >> 11) * 0x1.0p-53;
}

double Random::normal(std::uint64_t index) const {
  const Bits b = bits(index);
  // Box–Muller; the half step keeps the logarithm away from zero.
  const double radius = std::sqrt(-2.0 * std::log((b[0] + 0.5) * 0x1.0p-32));
  return radius * std::cos(6.283185307179586 * (b[1] * 0x1.0p-32));
}

Index Random::below(std::uint64_t index, Index bound) const {
  const Bits b = bits(index);
  const std::uint64_t wide = (static_cast<std::uint64_t>(b[0]) << 32) | b[1];
  return static_cast<Index>(
      static_cast<std::uint64_t>((static_cast<__uint128_t>(wide) * static_cast<std::uint64_t>(bound)) >> 64));
}

std::uint32_t RandomWords::operator()() {
  if (used_ == 4) {
    words_ = random_.bits(next_++);
    used_ = 0;
  }
  return words_[used_++];
}

void fill_normal(const Random& random, std::uint64_t first, Index size, Scalar* out) {
  constexpr Index kCalls = 32;  // words of so many calls stay in L1 while they become normal
  using Half = Eigen::Array<Scalar, Eigen::Dynamic, 1, 0, 2 * kCalls, 1>;
  for (Index done = 0; done < size; done += 4 * kCalls) {
    const Index calls = std::min(kCalls, (size - done + 3) / 4);
    Half radius(2 * calls), angle(2 * calls);
    for (Index call = 0; call < calls; ++call) {
      const Random::Bits words = random.bits(first++);
      for (Index pair = 0; pair < 2; ++pair) {
        // The half step keeps the logarithm away from zero.
        radius[2 * call + pair] = (static_cast<Scalar>(words[static_cast<std::size_t>(pair)]) + Scalar(0.5));
        angle[2 * call + pair] = static_cast<Scalar>(words[static_cast<std::size_t>(pair) + 2]);
      }
    }
    radius = (Scalar(-2) * (radius * Scalar(0x1.0p-32)).log()).sqrt();
    angle *= Scalar(6.283185307179586 * 0x1.0p-32);
    const Index cosines = std::min(2 * calls, size - done), sines = std::min(2 * calls, size - done - cosines);
    // Not straight into `out`: what is left over of its vectors has other bits, by where it lies.
    const Half cosine = radius * angle.cos(), sine = radius * angle.sin();
    std::copy_n(cosine.data(), cosines, out + done);
    std::copy_n(sine.data(), sines, out + done + cosines);
  }
}

std::uint64_t probability_threshold(Scalar probability) {
  return static_cast<std::uint64_t>(static_cast<double>(probability) * 0x1.0p32);
}

}  // namespace entivec
