#include "entivec/graphs/walks.h"

#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

Walks::Walks(const Graph& graph, const WalkBias& bias, Index length, std::uint64_t seed, int threads)
    : graph_(graph), transition_(graph, bias, threads), length_(length), seed_(seed) {
  check(length >= 1, "walk", "at least one node a walk", length);
}

Index Walks::walk(Index node, std::uint32_t number, std::int32_t* out) const {
  const Random random(seed_, Stream::kWalk, number);
  RandomWords words(random, static_cast<std::uint64_t>(node) << 32);
  Index previous = -1, current = node, size = 0;
  out[size++] = static_cast<std::int32_t>(current);
  while (size < length_ && graph_.degree(current) > 0) {
    const Index next = graph_.targets(current)[transition_.draw(previous, current, words)];
    previous = current;
    current = next;
    out[size++] = static_cast<std::int32_t>(current);
  }
  return size;
}

// An affine map modulo the number of nodes: neighbours in number start far apart, and nothing is stored.
Index Walks::start(Index place, std::uint32_t number) const {
  const Random random(seed_, Stream::kWalkOrder, number);
  const Index n = nodes(), shift = random.below(0, n);
  Index stride = 1 + random.below(1, n);
  while (std::gcd(stride, n) != 1) ++stride;
  return static_cast<Index>((static_cast<__int128_t>(stride) * place + shift) % n);
}

}  // namespace entivec
