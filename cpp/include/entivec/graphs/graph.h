// A weighted graph in compressed rows: the arcs of a node lie together, sorted by target.
#pragma once

#include <vector>

#include "entivec/core/prefetch.h"
#include "entivec/core/types.h"

namespace entivec {

// Borrowed: edge e goes from source[e] to target[e].
struct EdgeList {
  Index count = 0;
  const std::int32_t* source = nullptr;
  const std::int32_t* target = nullptr;
  const double* weight = nullptr;  // positive; null: all 1
};

class Graph {
 public:
  // Edges between the same nodes add up; undirected ones give an arc each way, a self-loop one. The same bits for any
  // number of threads and any order of the edges.
  Graph(const EdgeList& edges, Index nodes, bool directed, int threads);

  Index nodes() const { return static_cast<Index>(offsets_.size()) - 1; }
  Index arcs() const { return offsets_.back(); }

  Index first(Index node) const { return offsets_[static_cast<std::size_t>(node)]; }
  Index degree(Index node) const { return first(node + 1) - first(node); }
  const std::int32_t* targets(Index node) const { return targets_.data() + first(node); }  // (degree), ascending
  const Scalar* weights(Index node) const { return weights_.data() + first(node); }        // (degree), positive

  // Asks for the memory of first(node) and degree(node).
  void ask_for_node(Index node) const { prefetch(&offsets_[static_cast<std::size_t>(node)], 2 * sizeof(Index)); }

  // Where `target` stands among the targets of `node`, or −1.
  Index find(Index node, std::int32_t target) const;

 private:
  struct Arc {
    std::int32_t target;
    Scalar weight;
  };
  std::vector<Arc> scatter(const EdgeList& edges, bool directed, int threads);
  void add_up(std::vector<Arc>& arcs, int threads);

  std::vector<Index> offsets_;  // (nodes + 1)
  std::vector<std::int32_t> targets_;
  std::vector<Scalar> weights_;
};

}  // namespace entivec
