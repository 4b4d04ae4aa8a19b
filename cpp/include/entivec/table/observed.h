// Which input rows hold a value: not the marks of missing cells, nor the cells that are missing.
#pragma once

#include <vector>

#include "entivec/table/table.h"

namespace entivec {

class Observed {
 public:
  explicit Observed(const TableLayout& layout);

  // Gap flags and code 0 of every categorical column: they hold a value in no row.
  const std::vector<Index>& marks() const { return marks_; }

  // Writes the input rows, marks left out, of the cells that are missing at the input of the batch's row i.
  void missing(const Batch& batch, Index i, std::vector<Index>& rows) const;

 private:
  const TableLayout& layout_;
  std::vector<Index> marks_;
  std::vector<Index> flag_;  // (c) column of batch.dense with the gap flag of a dense column; −1 without one
};

}  // namespace entivec
