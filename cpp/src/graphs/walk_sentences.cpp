#include "entivec/graphs/walk_sentences.h"

#include <algorithm>
#include <atomic>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

WalkSentences::WalkSentences(const Walks& walks, Index num_walks) : walks_(walks), num_walks_(num_walks) {
  check(num_walks >= 1, "walks", "at least one from every node", num_walks);
}

void WalkSentences::fill(Index epoch, Index first, Index last, std::vector<std::int32_t>& tokens,
                         std::vector<Index>& offsets) const {
  const Index length = walks_.length();
  tokens.resize(static_cast<std::size_t>((last - first) * length));
  std::vector<Walks::Start> starts;
  for (Index s = first; s < last; ++s) {
    const auto number = static_cast<std::uint32_t>(epoch * num_walks_ + s / walks_.nodes());
    starts.push_back({walks_.start_node(s % walks_.nodes(), number), number});
  }
  std::vector<Index> sizes(starts.size());
  walks_.walk(starts.data(), last - first, tokens.data(), sizes.data());
  offsets.assign(1, 0);
  auto end = tokens.begin();
  for (Index k = 0; k < last - first; ++k) {
    const Index size = sizes[static_cast<std::size_t>(k)];
    const auto from = tokens.begin() + k * length;
    end = end == from ? from + size : std::copy_n(from, size, end);
    offsets.push_back(offsets.back() + size);
  }
  tokens.erase(end, tokens.end());
}

std::vector<double> WalkSentences::frequencies(int threads) const {
  std::vector<std::atomic<Index>> met(static_cast<std::size_t>(walks_.nodes()));
  parallel_pieces(count(), 256, threads, [&](Index, Index first, Index size) {
    std::vector<std::int32_t> tokens;
    std::vector<Index> offsets;
    fill(0, first, first + size, tokens, offsets);
    for (std::int32_t node : tokens) met[static_cast<std::size_t>(node)].fetch_add(1, std::memory_order_relaxed);
  });
  return {met.begin(), met.end()};
}

}  // namespace entivec
