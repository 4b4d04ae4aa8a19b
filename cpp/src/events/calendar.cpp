#include "entivec/events/calendar.h"

#include <algorithm>

namespace entivec {

namespace {

struct Date {
  std::int64_t month;  // since March of the year 0
  std::int64_t day;    // of the month, from 0
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Howard Hinnant, chrono-Compatible Low-Level Date Algorithms: years begin in March, so that the leap day is last.
constexpr std::int64_t kEpoch = 719468;  // 1970-01-01 counted from 0000-03-01

std::int64_t first_day_of(std::int64_t month) {
  const std::int64_t year = floor_divide(month, 12), era = floor_divide(year, 400), of_era = year - era * 400;
  const std::int64_t into_year = (153 * (month - year * 12) + 2) / 5;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + into_year - kEpoch;
}

Date date_of(std::int64_t days) {
  const std::int64_t since = days + kEpoch, era = floor_divide(since, 146097), of_era = since - era * 146097;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t into_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * into_year + 2) / 153;
  return {(era * 400 + year) * 12 + month, into_year - (153 * month + 2) / 5};
}

}  // namespace

std::int64_t minus_months(std::int64_t local, std::int64_t months, std::int64_t ticks_per_day) {
  const std::int64_t days = floor_divide(local, ticks_per_day), clock = local - days * ticks_per_day;
  const Date date = date_of(days);
  const std::int64_t first = first_day_of(date.month - months), next = first_day_of(date.month - months + 1);
  return std::min(first + date.day, next - 1) * ticks_per_day + clock;
}

int weekday(std::int64_t local, std::int64_t ticks_per_day) {
  const std::int64_t since_monday = floor_divide(local, ticks_per_day) + 3;  // 1970-01-01 was a Thursday
  return static_cast<int>(since_monday - 7 * floor_divide(since_monday, 7));
}

int hour(std::int64_t local, std::int64_t ticks_per_day) {
  const std::int64_t clock = local - ticks_per_day * floor_divide(local, ticks_per_day);
  return static_cast<int>(clock / (ticks_per_day / 24));
}

std::int64_t start_of(Moment end, Span span, std::int64_t times, std::int64_t ticks_per_day) {
  return span.months ? minus_months(end.local, times * span.months, ticks_per_day) : end.ticks - times * span.ticks;
}

std::int64_t Periods::index(Moment moment) const {
  if (length_.months == 0) return (end_.ticks - moment.ticks - 1) / length_.ticks;
  const std::int64_t apart =
      date_of(floor_divide(end_.local, day_)).month - date_of(floor_divide(moment.local, day_)).month;
  std::int64_t period = std::max<std::int64_t>(apart, 0) / length_.months;
  while (period > 0 && start(period - 1) <= moment.local) --period;
  while (start(period) > moment.local) ++period;
  return period;
}

std::int64_t Periods::whole(Span span) const {
  const std::int64_t ticks = span.months ? end_.local - start_of(end_, span, 1, day_) : span.ticks;
  if (length_.months == 0) return ticks / length_.ticks;
  if (span.months) return span.months / length_.months;
  std::int64_t whole = ticks / (28 * day_) / length_.months;
  while (whole > 0 && start(whole - 1) < end_.local - ticks) --whole;
  return whole;
}

}  // namespace entivec
