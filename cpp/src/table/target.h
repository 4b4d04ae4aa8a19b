// The target of one category in one row, hard (one level) or soft (a bag), behind one face.
#pragma once

#include "entivec/table/table.h"

namespace entivec {

class Target {
 public:
  Target(const TableLayout& layout, const Batch& batch, std::size_t category, Index row) {
    if (static_cast<Index>(category) < layout.codes()) {
      level_ = batch.codes_target(row, static_cast<Index>(category)) - layout.categories()[category].first;
    } else {
      bag_ = bag_row(*batch.table, batch.bag_target[static_cast<std::size_t>(row)]);
    }
  }

  bool observed() const { return level_ >= 0 || bag_.size > 0; }
  Index level() const { return level_; }  // of a hard target, counted from the first target level

  // Calls visit(level, share) for every level with mass; shares sum to one.
  template <class Visit>
  void for_each(const Visit& visit) const {
    if (level_ >= 0) visit(level_, Scalar(1));
    for (Index e = 0; e < bag_.size; ++e) visit(static_cast<Index>(bag_.items[e]), bag_.counts[e] / bag_.total);
  }

 private:
  Index level_ = -1;
  BagRow bag_{nullptr, nullptr, 0, 0};
};

}  // namespace entivec
