#include "entivec/graphs/graph.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr Index kEdges = 1 << 16, kRows = 1 << 10;  // a thread takes at a time
constexpr Index kEdgesTogether = 32;                // edges whose memory is asked for together

using Counters = std::vector<std::atomic<Index>>;

void check_edges(const EdgeList& edges, Index nodes, int threads) {
  std::atomic<bool> in_range = true, positive = true;
  parallel_pieces(edges.count, kEdges, threads, [&](Index, Index first, Index size) {
    for (Index e = first; e < first + size; ++e) {
      const std::int32_t low = std::min(edges.source[e], edges.target[e]);
      if (low < 0 || std::max(edges.source[e], edges.target[e]) >= nodes) in_range = false;
      if (edges.weight && !(edges.weight[e] > 0 && std::isfinite(edges.weight[e]))) positive = false;
    }
  });
  check(in_range, "graph", "nodes from 0 to " + std::to_string(nodes - 1), "others");
  check(positive, "graph", "positive finite weights", "others");
}

// Weights far below the others stay positive where the number type would make them zero.
Scalar weight_of(const EdgeList& edges, Index e) {
  return edges.weight ? std::max(static_cast<Scalar>(edges.weight[e]), std::numeric_limits<Scalar>::min()) : Scalar(1);
}

}  // namespace

Graph::Graph(const EdgeList& edges, Index nodes, bool directed, int threads)
    : offsets_(static_cast<std::size_t>(nodes) + 1) {
  check(nodes >= 1, "graph", "at least one node", nodes);
  check_edges(edges, nodes, threads);
  std::vector<Arc> arcs = scatter(edges, directed, threads);
  add_up(arcs, threads);
}

// Leaves the arcs of a node together, in any order.
std::vector<Graph::Arc> Graph::scatter(const EdgeList& edges, bool directed, int threads) {
  Counters next(offsets_.size());
  const auto counter = [&](std::int32_t node) { return &next[static_cast<std::size_t>(node)]; };
  // visit(begin, end) of some edges, then of the next; their nodes are anywhere in memory, and counting
  // one waits for the one before, so that the counters of all are asked for first.
  const auto each_some = [&](const auto& visit) {
    parallel_pieces(edges.count, kEdges, threads, [&](Index, Index first, Index size) {
      for (Index some = first; some < first + size; some += kEdgesTogether) {
        const Index end = std::min(some + kEdgesTogether, first + size);
        for (Index e = some; e < end; ++e) {
          prefetch(counter(edges.source[e]), sizeof(Index));
          prefetch(counter(edges.target[e]), sizeof(Index));
        }
        visit(some, end);
      }
    });
  };
  const auto both_ways = [&](Index e) { return !directed && edges.source[e] != edges.target[e]; };
  each_some([&](Index some, Index end) {
    for (Index e = some; e < end; ++e) {
      counter(edges.source[e])->fetch_add(1);
      if (both_ways(e)) counter(edges.target[e])->fetch_add(1);
    }
  });
  std::exclusive_scan(next.begin(), next.end(), offsets_.begin(), Index{0});
  std::copy(offsets_.begin(), offsets_.end(), next.begin());
  std::vector<Arc> arcs(static_cast<std::size_t>(offsets_.back()));
  each_some([&](Index some, Index end) {
    std::array<Arc*, kEdgesTogether> there, back;
    for (Index e = some; e < end; ++e) {
      const auto k = static_cast<std::size_t>(e - some);
      there[k] = arcs.data() + counter(edges.source[e])->fetch_add(1);
      back[k] = both_ways(e) ? arcs.data() + counter(edges.target[e])->fetch_add(1) : nullptr;
      prefetch(there[k], sizeof(Arc));
      if (back[k]) prefetch(back[k], sizeof(Arc));
    }
    for (Index e = some; e < end; ++e) {
      const auto k = static_cast<std::size_t>(e - some);
      const Scalar weight = weight_of(edges, e);
      *there[k] = {edges.target[e], weight};
      if (back[k]) *back[k] = {edges.source[e], weight};
    }
  });
  return arcs;
}

void Graph::add_up(std::vector<Arc>& arcs, int threads) {
  std::vector<Index> degree(offsets_.size());
  // By weight too, so that the sum of parallel edges depends neither on their order nor on the direction.
  const auto before = [](const Arc& a, const Arc& b) {
    return a.target != b.target ? a.target < b.target : a.weight < b.weight;
  };
  const auto each_row = [&](const auto& visit) {
    parallel_pieces(nodes(), kRows, threads, [&](Index, Index from, Index size) {
      for (Index v = from; v < from + size; ++v) visit(v, arcs.data() + first(v), arcs.data() + first(v + 1));
    });
  };
  each_row([&](Index v, Arc* begin, Arc* end) {
    std::sort(begin, end, before);
    Arc* out = begin;
    for (Arc* arc = begin; arc != end; ++out) {
      const std::int32_t target = arc->target;
      double sum = 0;
      for (; arc != end && arc->target == target; ++arc) sum += static_cast<double>(arc->weight);
      *out = {target, static_cast<Scalar>(sum)};
    }
    degree[static_cast<std::size_t>(v)] = out - begin;
  });
  std::vector<Index> offsets(offsets_.size());
  std::exclusive_scan(degree.begin(), degree.end(), offsets.begin(), Index{0});
  targets_.resize(static_cast<std::size_t>(offsets.back()));
  weights_.resize(static_cast<std::size_t>(offsets.back()));
  each_row([&](Index v, const Arc* arc, const Arc*) {
    const auto end = static_cast<std::size_t>(offsets[static_cast<std::size_t>(v) + 1]);
    for (auto k = static_cast<std::size_t>(offsets[static_cast<std::size_t>(v)]); k < end; ++k, ++arc) {
      targets_[k] = arc->target;
      weights_[k] = arc->weight;
    }
  });
  offsets_ = std::move(offsets);
}

Index Graph::find(Index node, std::int32_t target) const {
  const std::int32_t *begin = targets(node), *end = begin + degree(node);
  const std::int32_t* at = std::lower_bound(begin, end, target);
  return at != end && *at == target ? at - begin : -1;
}

}  // namespace entivec
