// A fitted network over whole logs of events.
#pragma once

#include "entivec/sequences/pass.h"

namespace entivec {

struct FittedSequences {
  const SequenceNet& net;
  ConstVectorRef params;
  int threads = 1;
};

// Embeddings e (entities, state), and `last` (entities, state), the states after the last events. Those of an entity
// depend on its own events alone, bit by bit; without events both are the state that sequences begin with.
void embed_sequences(const FittedSequences& fitted, const SequenceView& view, MatrixRef e, MatrixRef last);

// The state after every event: states (events, state).
void trace_sequences(const FittedSequences& fitted, const SequenceView& view, MatrixRef states);

// What states (n, state) say of the next event: its numbers (n, predicted), and the probabilities (n, levels − 2) of
// the levels of a category from kFirstToken on.
void next_numbers(const FittedSequences& fitted, ConstMatrixRef states, MatrixRef numbers);
void next_probabilities(const FittedSequences& fitted, Index category, ConstMatrixRef states, MatrixRef probabilities);

// What embeddings (n, state) say of their entities: GuideHead::predict.
void guess_entities(const FittedSequences& fitted, ConstMatrixRef e, MatrixRef outputs);

}  // namespace entivec
