// Sequences of different lengths as one matrix without padding: the rows of a time step stand together, and those of
// the longest sequences come first, so that the sequences that go on are always the first ones.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

class Packing {
 public:
  // Of sequences by their lengths, which never grow.
  void assign(const std::vector<Index>& lengths);

  Index steps() const { return static_cast<Index>(active_.size()); }
  Index rows() const { return rows_; }
  Index sequences() const { return steps() == 0 ? 0 : active_[0]; }

  // Sequences that have an event at time step t, and the row of the first of them.
  Index active(Index t) const { return active_[static_cast<std::size_t>(t)]; }
  Index first(Index t) const { return first_[static_cast<std::size_t>(t)]; }
  Index row(Index t, Index sequence) const { return first(t) + sequence; }

 private:
  std::vector<Index> active_, first_;
  Index rows_ = 0;
};

}  // namespace entivec
