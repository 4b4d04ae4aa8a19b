// What states say of an event: the levels of its categories by a softmax, its numbers by their means.
#pragma once

#include "entivec/loss/row_softmax.h"
#include "entivec/nn/linear.h"
#include "entivec/sequences/event_vectors.h"

namespace entivec {

class EventHeads {
 public:
  // Of states of so many numbers; `begin` of their maps in the parameters.
  EventHeads(const EventVectors& vectors, Index state, Index begin, Index sampled);

  // One map of the numbers, then one a category, from states to its embeddings.
  Index num_params() const { return end_ - begin_; }

  struct Scratch {
    Matrix states, d_states, numbers, query, d_query, map_d;
    std::vector<Index> events;
    MeantRows meant;
    Vector losses;
    RowSoftmax::Scratch softmax;
  };
  Scratch scratch() const;
  Index block() const { return block_; }  // states at a time

  // states (n, state), n ≤ block(), of which state i is to say event `events[i]`. Returns the loss times `scale`, adds
  // to `parts` (layout.parts()); overwrites `d_states` and adds to `gradient` unless that is null, when every level is
  // in the softmax. `draw` numbers the negatives.
  Scalar loss(const SequenceView& view, ConstMatrixRef states, const std::vector<Index>& events, ConstVectorRef params,
              Scalar scale, const Random& random, std::uint64_t draw, Scratch& scratch, LossPart* parts,
              MatrixRef d_states, Gradient* gradient) const;

  // numbers (n, predicted): their means.
  void numbers(ConstMatrixRef states, ConstVectorRef params, MatrixRef numbers) const;
  // logits (n, levels − 2) of a category, from kFirstToken on.
  void logits(Index category, ConstMatrixRef states, ConstVectorRef params, MatrixRef logits) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  static constexpr Index kMostStates = 512;
  struct Call;  // what loss was given

  const Linear& map(Index category) const { return maps_[static_cast<std::size_t>(category)]; }
  Index offset(Index category) const { return offsets_[static_cast<std::size_t>(category)]; }
  void query(Index category, ConstMatrixRef states, ConstVectorRef params, MatrixRef query) const;
  Scalar numbers_loss(const Call& call) const;
  Scalar category_loss(Index category, const Call& call) const;

  const EventVectors& vectors_;
  Index begin_, end_, block_;
  Linear numbers_;
  std::vector<Linear> maps_;
  std::vector<RowSoftmax> softmaxes_;
  std::vector<Index> offsets_;
};

}  // namespace entivec
