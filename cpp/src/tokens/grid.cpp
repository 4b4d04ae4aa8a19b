#include "entivec/tokens/grid.h"

#include <algorithm>
#include <numeric>

namespace entivec {

Index num_parts(Index words) {
  constexpr Index kMost = 16, kEnough = 1024, kWordsOfPart = 64;
  if (words >= kEnough) return kMost;
  Index parts = 1;
  while (2 * parts <= words / kWordsOfPart) parts *= 2;
  return parts;
}

Deal::Deal(const std::vector<std::int32_t>& ranked, Index parts, std::uint64_t seed, std::uint32_t substream)
    : words_(static_cast<std::size_t>(parts)) {
  parts_.resize(ranked.empty() ? 0 : static_cast<std::size_t>(*std::max_element(ranked.begin(), ranked.end())) + 1);
  const Random random(seed, Stream::kDeal, substream);
  RandomWords bits(random, 0);
  std::vector<std::uint8_t> order(static_cast<std::size_t>(parts));
  for (std::size_t first = 0; first < ranked.size(); first += order.size()) {
    std::iota(order.begin(), order.end(), std::uint8_t{0});
    for (std::size_t i = order.size() - 1; i > 0; --i)
      std::swap(order[i], order[(std::uint64_t{bits()} * (i + 1)) >> 32]);
    for (std::size_t i = 0; i < order.size() && first + i < ranked.size(); ++i) {
      const std::int32_t word = ranked[first + i];
      parts_[static_cast<std::size_t>(word)] = order[i];
      words_[order[i]].push_back(word);
    }
  }
}

}  // namespace entivec
