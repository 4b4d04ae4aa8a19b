#include "entivec/graphs/walks.h"

#include <algorithm>
#include <array>
#include <deque>
#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr Index kWalksTogether = 16;  // enough for a core's memory to be always busy

struct Walker {
  Walker(std::uint64_t seed, const Walks::Start& start)
      : random(seed, Stream::kWalk, start.number),
        words(random, static_cast<std::uint64_t>(start.node) << 32),
        current(start.node) {}
  Walker(const Walker&) = delete;  // `words` reads `random`
  Walker& operator=(const Walker&) = delete;

  Random random;
  RandomWords words;
  Index previous = -1, current;
};

}  // namespace

Walks::Walks(const Graph& graph, const WalkBias& bias, Index length, std::uint64_t seed, int threads)
    : graph_(graph), transition_(graph, bias, threads), length_(length), seed_(seed) {
  check(length >= 1, "walk", "at least one node a walk", length);
}

void Walks::walk(const Start* starts, Index count, std::int32_t* out, Index* sizes) const {
  for (Index first = 0; first < count; first += kWalksTogether)
    walk_together(starts + first, std::min(kWalksTogether, count - first), out + first * length_, sizes + first);
}

void Walks::walk_together(const Start* starts, Index count, std::int32_t* out, Index* sizes) const {
  std::deque<Walker> walkers;  // which leaves them where they are made
  std::array<Index, kWalksTogether> left;
  Index walking = count;
  for (Index k = 0; k < count; ++k) {
    walkers.emplace_back(seed_, starts[k]);
    left[static_cast<std::size_t>(k)] = k;
    out[k * length_] = static_cast<std::int32_t>(starts[k].node);
    sizes[k] = 1;
    transition_.ask_for_node(starts[k].node);
  }
  const auto walker = [&](Index k) -> Walker& { return walkers[static_cast<std::size_t>(k)]; };
  const auto go_on = [&] {
    const auto ended = [&](Index k) { return sizes[k] == length_ || graph_.degree(walker(k).current) == 0; };
    walking = std::remove_if(left.begin(), left.begin() + walking, ended) - left.begin();
    return walking > 0;
  };
  while (go_on()) {
    for (Index i = 0; i < walking; ++i) transition_.ask_for_arcs(walker(left[static_cast<std::size_t>(i)]).current);
    for (Index i = 0; i < walking; ++i) {
      const Index k = left[static_cast<std::size_t>(i)];
      Walker& own = walker(k);
      const Index arc = transition_.draw(own.previous, own.current, own.words);
      own.previous = own.current;
      own.current = graph_.targets(own.current)[arc];
      transition_.ask_for_node(own.current);
      out[k * length_ + sizes[k]++] = static_cast<std::int32_t>(own.current);
    }
  }
}

Index Walks::walk(Index node, std::uint32_t number, std::int32_t* out) const {
  const Start start{node, number};
  Index size = 0;
  walk(&start, 1, out, &size);
  return size;
}

// An affine map modulo the number of nodes: neighbours in number start far apart, and nothing is stored.
Index Walks::start_node(Index place, std::uint32_t number) const {
  const Random random(seed_, Stream::kWalkOrder, number);
  const Index n = nodes(), shift = random.below(0, n);
  Index stride = 1 + random.below(1, n);
  while (std::gcd(stride, n) != 1) ++stride;
  return static_cast<Index>((static_cast<__int128_t>(stride) * place + shift) % n);
}

}  // namespace entivec
