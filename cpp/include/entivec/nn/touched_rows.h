// Gradients of the rows of look-up tables that a shard has touched. Memory grows with those rows, however many the
// tables have, and is kept from step to step.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

class TouchedRows {
 public:
  struct Row {
    Index begin, width;  // params[begin … begin + width)
    Index at;            // of its gradient in the numbers below
  };

  // Adds d to the row that begins there, in the order of the calls. A row always has the same width.
  void add(Index begin, const Scalar* d, Index width);

  // In the order in which they were touched first.
  const std::vector<Row>& rows() const { return rows_; }
  const Scalar* gradient(const Row& row) const { return numbers_.data() + row.at; }

  // The gradient of the row that begins there; null where it is untouched.
  const Scalar* find(Index begin) const;

  // Of all rows.
  Scalar squared_norm() const { return all().squaredNorm(); }
  void scale(Scalar by) { Eigen::Map<Vector>(numbers_.data(), all().size()) *= by; }

  void clear();

  // Numbers that are held, in use or not: what the memory is.
  std::size_t capacity() const { return numbers_.capacity(); }

 private:
  // Of the hash table: where a row begins, beside its number, so that a look-up reads nothing else; −1 where free.
  struct Slot {
    Index begin, number;
  };

  std::size_t slot_of(Index begin) const;
  void grow();
  Eigen::Map<const Vector> all() const { return {numbers_.data(), static_cast<Index>(numbers_.size())}; }

  std::vector<Row> rows_;
  std::vector<Scalar> numbers_;
  std::vector<Slot> slots_;  // a power of two, at most half of them in use; rows that collide take the next free one
};

}  // namespace entivec
