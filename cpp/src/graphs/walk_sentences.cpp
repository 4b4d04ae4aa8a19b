#include "entivec/graphs/walk_sentences.h"

#include <atomic>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

WalkSentences::WalkSentences(const Walks& walks, Index num_walks) : walks_(walks), num_walks_(num_walks) {
  check(num_walks >= 1, "walks", "at least one from every node", num_walks);
}

void WalkSentences::fill(Index epoch, Index first, Index last, std::vector<std::int32_t>& tokens,
                         std::vector<Index>& offsets) const {
  tokens.resize(static_cast<std::size_t>((last - first) * walks_.length()));
  offsets.assign(1, 0);
  Index size = 0;
  for (Index s = first; s < last; ++s) {
    const auto number = static_cast<std::uint32_t>(epoch * num_walks_ + s / walks_.nodes());
    size += walks_.walk(walks_.start(s % walks_.nodes(), number), number, tokens.data() + size);
    offsets.push_back(size);
  }
  tokens.resize(static_cast<std::size_t>(size));
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
