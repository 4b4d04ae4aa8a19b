// A set of sequences on its way through a network, in pieces of at most max_length events: what is in memory at a time
// does not grow with their lengths.
#pragma once

#include "entivec/sequences/sequence_net.h"

namespace entivec {

struct Sequence {
  Index entity, begin, length;  // its first event, and how many
  std::uint64_t position;       // a number of its own, for random numbers
  Index slot;                   // its place in whatever order the caller has
};

class SequencePass {
 public:
  // Room for so many sequences, and rows of one piece of all of them.
  SequencePass(const SequenceNet& net, Index sequences, Index rows);

  // Takes sequences, none empty, and orders them: the longest first.
  void assign(std::vector<Sequence> sequences);
  const std::vector<Sequence>& sequences() const { return sequences_; }
  Index count() const { return static_cast<Index>(sequences_.size()); }
  Index pieces() const { return pieces_; }

  // Before the first piece.
  void begin(ConstVectorRef params);

  // One piece forward: the next, or again one that was.
  void forward(Index piece, const SequenceView& view, ConstVectorRef params, Scalar dropout, std::uint64_t seed);

  // The same piece backward, the last first. `d_states` (rows, state) → adds to `gradient`, but for the gradient of
  // what earlier pieces did: it goes back over this one and no further. `d_inputs`, where given, is added to that of
  // the event vectors.
  void backward(const SequenceView& view, ConstVectorRef params, ConstMatrixRef d_states, Gradient& gradient,
                const Matrix* d_inputs = nullptr);

  // Of the piece last gone forward.
  const Packing& packing() const { return packing_; }
  auto states() const { return states_.topRows(packing_.rows()); }
  Index time(Index t) const { return piece_ * length_ + t; }  // of a step, in the sequences
  Index event(Index t, Index s) const { return sequences_[static_cast<std::size_t>(s)].begin + time(t); }
  bool ends(Index t, Index s) const { return time(t) + 1 == sequences_[static_cast<std::size_t>(s)].length; }

  // Event vectors of the piece before dropout, to `x` (rows, event).
  void look_up(const SequenceView& view, ConstVectorRef params, MatrixRef x) const;

 private:
  PackedDropout dropout(Scalar rate, std::uint64_t seed) const;

  const SequenceNet& net_;
  Index length_, pieces_ = 0, piece_ = 0, reached_ = 0;  // reached: pieces that have gone forward once
  Scalar rate_ = 0;
  std::uint64_t seed_ = 0;
  std::vector<Sequence> sequences_;
  std::vector<std::uint64_t> positions_;
  std::vector<Index> lengths_;
  Packing packing_;
  Stack::Cache cache_;
  Matrix x_, dx_, states_, carry_, d_carry_;
  std::vector<Matrix> carries_;  // with which every piece began
};

// The embedding of sequences, put together from their states piece by piece.
class Pool {
 public:
  explicit Pool(const SequenceSizes& sizes) : mean_(sizes.pooling == Pooling::kMean && sizes.reader != Reader::kNone) {}

  // pooled (sequences, state), zeros before the first piece.
  void add(const SequencePass& pass, MatrixRef pooled) const;

  // Overwrites `d_states` (rows, state) of the piece.
  void backward(const SequencePass& pass, ConstMatrixRef d_pooled, MatrixRef d_states) const;

 private:
  bool mean_;
};

}  // namespace entivec
