// One step of a biased random walk: node2vec (Grover & Leskovec 2016, eq. 2) and node2vec+ (Liu, Krishnan & Hirn 2023,
// "Accurately modeling biased random walks on weighted networks using node2vec+", eq. 5).
#pragma once

#include "entivec/core/alias.h"
#include "entivec/core/rng.h"
#include "entivec/graphs/graph.h"

namespace entivec {

struct WalkBias {
  double p = 1;         // > 0: the larger, the rarer a step back
  double q = 1;         // > 0: the larger, the nearer a walk stays to where it came from
  bool extend = false;  // node2vec+: weak edges do not count as edges of the previous node
  double gamma = 0;     // ≥ 0: an edge is weak below mean + gamma · standard deviation of its node's weights
};

// Coming from t, at v, an arc to x is taken with probability ∝ w(v, x) · bias, where bias is 1/p if x = t, 1 if t has
// an arc to x, else 1/q. Drawn by rejection (Yang et al. 2019, "KnightKing") from tables of first-order steps: memory
// is linear in the arcs.
class Transition {
 public:
  // Borrows the graph.
  Transition(const Graph& graph, const WalkBias& bias, int threads);

  // Where the target stands in the row of `current`, which has arcs. `previous` < 0: a first step, by weight alone.
  Index draw(Index previous, Index current, RandomWords& words) const;

  // Ask for the memory that `draw` reads of a node soon: where its arcs stand, and, when that has come, the arcs.
  void ask_for_node(Index node) const;
  void ask_for_arcs(Index node) const;

  // Of every arc of `current`, in their order.
  std::vector<double> probabilities(Index previous, Index current) const;

 private:
  void build_tables(int threads);
  void find_strong(int threads);
  double bias(Index previous, Index current, Index arc) const;
  double extended_bias(Index previous, Index current, Index arc) const;
  Index draw_by_weight(Index node, RandomWords& words) const;
  Index draw_by_row(Index previous, Index current, RandomWords& words) const;

  const Graph& graph_;
  double back_, out_;  // 1/p, 1/q
  bool first_order_, extend_;
  double gamma_;
  std::vector<AliasSlot> slots_;  // (arcs), or none where every node's weights are equal
  std::vector<double> strength_;  // (nodes): sums of weights
  std::vector<double> strong_;    // (nodes), where extend: the least weight of an edge that is not weak
};

}  // namespace entivec
