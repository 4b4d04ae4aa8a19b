// What the values of a window's events have in common, column by column.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// The events come from the newest to the oldest, so that windows that end at one moment share their sums. Sums are of
// differences to the newest value (of differences of neighbours: to the newest difference), so that a variance far
// below the squared mean keeps its digits. Missing values (NaN) are left out, column by column.
class ValueSums {
 public:
  explicit ValueSums(Index columns);

  void reset();
  void add(const double* values);  // (m)

  // Each writes m numbers; NaN where the statistic has no meaning.
  void sum(double* out) const;
  void mean(double* out) const;
  void mean_minus_newest(double* out) const;  // with the digits that a mean far from zero loses
  void sd(double* out) const;                 // sample standard deviation
  void min(double* out) const;
  void max(double* out) const;
  void first(double* out) const;  // the oldest value
  void last(double* out) const;
  void difference_mean(double* out) const;  // of each value minus the one before it
  void difference_sd(double* out) const;

 private:
  double* at(int field) { return sums_.data() + field * columns_; }
  const double* at(int field) const { return sums_.data() + field * columns_; }

  Index columns_;
  std::vector<double> sums_;  // (fields, m)
};

}  // namespace entivec
