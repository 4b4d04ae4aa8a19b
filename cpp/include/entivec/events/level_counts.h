// How a window's events are spread over the levels of one category.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// One categorical column of a log: every distinct value has its own code, which `levels` maps to what it counts as.
struct LevelMap {
  std::vector<std::int32_t> levels;  // by code; code 0 is a missing cell; 0 missing, 1 other, 2 … the known levels
  Index known = 0;                   // levels from 2 on
};

class LevelCounts {
 public:
  LevelCounts(const LevelMap& category, Index value_columns, bool entropy, bool sums);

  void reset();
  void add(std::int32_t code, const double* values);  // (m) NaN counts as 0

  double distinct() const { return static_cast<double>(found_.size()); }
  double entropy() const;          // nats; NaN without events
  void shares(double* out) const;  // (known + 1) of the known levels, then other; NaN without events
  void sums(double* out) const;    // (known + 1, m)

 private:
  const LevelMap& category_;
  Index columns_;
  bool distinct_, with_sums_;
  double events_ = 0;                         // with a level
  std::vector<std::int32_t> counts_, found_;  // by code; the codes met
  std::vector<double> by_level_, sums_;       // (known + 2), (known + 2, m)
};

}  // namespace entivec
