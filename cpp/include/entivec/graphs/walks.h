// Random walks as a function of (seed, node, number): any of them can be walked again, by any thread, without the
// others.
#pragma once

#include "entivec/graphs/transition.h"

namespace entivec {

class Walks {
 public:
  // Walks of at most `length` nodes. Borrows the graph.
  Walks(const Graph& graph, const WalkBias& bias, Index length, std::uint64_t seed, int threads);

  Index nodes() const { return graph_.nodes(); }
  Index length() const { return length_; }

  struct Start {
    Index node;
    std::uint32_t number;
  };

  // Walk k is written from out[k · length()] on, sizes[k] nodes of it: fewer than `length` where an arc is missing
  // (directed graphs). Several together, as each step waits for memory that the steps of others can be asked for
  // meanwhile.
  void walk(const Start* starts, Index count, std::int32_t* out, Index* sizes) const;

  // One alone: returns how many nodes were written.
  Index walk(Index node, std::uint32_t number, std::int32_t* out) const;

  // The node that stands at `place` in the round of walks of this number, an order of its own for every round.
  Index start_node(Index place, std::uint32_t number) const;

 private:
  void walk_together(const Start* starts, Index count, std::int32_t* out, Index* sizes) const;

  const Graph& graph_;
  Transition transition_;
  Index length_;
  std::uint64_t seed_;
};

}  // namespace entivec
