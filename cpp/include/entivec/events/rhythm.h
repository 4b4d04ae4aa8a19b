// When a window's events happened: the gaps between them, the days of the week and the hours.
#pragma once

#include <array>

#include "entivec/core/types.h"

namespace entivec {

class Rhythm {
 public:
  explicit Rhythm(std::int64_t ticks_per_day = 1) : day_(ticks_per_day) {}

  void reset() { *this = Rhythm(day_); }
  void add(std::int64_t ticks);        // UTC, from the newest to the oldest
  void add_clock(std::int64_t local);  // what the clock showed

  double days_since_newest(std::int64_t moment) const;  // NaN without events, as all below
  double days_since_oldest(std::int64_t moment) const;
  double gap_mean() const;  // days
  double gap_sd() const;

  // Circular mean (Mardia & Jupp 2000, §2.2) in days from Monday or hours, NaN where no direction leads, and the
  // resultant length.
  struct Circle {
    double mean, length;
  };
  Circle weekday() const;
  Circle hour() const;
  double weekend_share() const;

 private:
  std::int64_t day_;
  std::int64_t newest_ = 0, oldest_ = 0;
  double events_ = 0, first_gap_ = 0, gaps_ = 0, gap_squares_ = 0;
  std::array<double, 7> weekdays_{};
  std::array<double, 24> hours_{};
};

}  // namespace entivec
