// The line through the totals of regular periods.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// Least squares of the totals of `columns` over the periods 0 (the newest) to P − 1, where a period without events
// has the total 0. The place of period k on the line is −k: the slope is what a period adds, the intercept what the
// line says of the newest period. Sums are of differences to the newest period's total, so that equal periods of large
// totals keep the digits of what differs.
class Trend {
 public:
  explicit Trend(Index columns);

  void reset();
  void move_to(std::int64_t period);  // never back towards 0
  void add(const double* values);     // (columns) NaN = missing, counted as 0

  std::int64_t period() const { return period_; }
  Index active() const;  // periods with events so far

  // Each (columns), over `periods` periods; NaN below two, and where no total differs R² is NaN.
  void line(std::int64_t periods, double* slope, double* intercept, double* r2) const;

 private:
  struct Sums {
    double filled = 0, places = 0;  // periods with events, and the sum of their numbers
  };
  void close();  // adds the period's totals to the sums

  Index columns_;
  std::int64_t period_ = -1;
  bool open_ = false;
  Sums closed_;
  std::vector<double> totals_, newest_, sum_, places_, squares_, raw_squares_;
};

}  // namespace entivec
