// Stretches of time that end at a moment, in whole ticks or in months of the calendar.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

// Either ticks or months.
struct Span {
  std::int64_t ticks = 0;
  std::int64_t months = 0;
};

// What the clock of the log's zone shows at a moment; both are the same where there is no zone.
struct Moment {
  std::int64_t ticks = 0;  // since 1970, UTC
  std::int64_t local = 0;
};

// The same time of day `months` earlier; the last day of a month that is too short. Proleptic Gregorian.
std::int64_t minus_months(std::int64_t local, std::int64_t months, std::int64_t ticks_per_day);

int weekday(std::int64_t local, std::int64_t ticks_per_day);  // Monday is 0
int hour(std::int64_t local, std::int64_t ticks_per_day);

// What a clock on which a span of this kind is measured shows: months pass on the local one.
inline std::int64_t clock_of(Moment moment, Span span) { return span.months ? moment.local : moment.ticks; }

// Where `times` spans that end at `end` begin, on the clock of the span.
std::int64_t start_of(Moment end, Span span, std::int64_t times, std::int64_t ticks_per_day);

// The regular periods before `end`: number k has the moments from end − (k + 1) · length up to, not with, end − k ·
// length.
class Periods {
 public:
  Periods(Moment end, Span length, std::int64_t ticks_per_day) : end_(end), length_(length), day_(ticks_per_day) {}

  std::int64_t index(Moment moment) const;  // of a moment before `end`
  std::int64_t start(std::int64_t period) const { return start_of(end_, length_, period + 1, day_); }
  std::int64_t whole(Span span) const;  // periods that a span before `end` has room for

 private:
  Moment end_;
  Span length_;
  std::int64_t day_;
};

}  // namespace entivec
