#include "entivec/events/rhythm.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "entivec/events/calendar.h"
#include "entivec/events/undefined.h"

namespace entivec {

namespace {

constexpr double kNoDirection = 1e-9;  // a resultant that is rounding

template <std::size_t Steps>
Rhythm::Circle circle(const std::array<double, Steps>& counts) {
  double cosine = 0, sine = 0, total = 0;
  for (std::size_t k = 0; k < Steps; ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / Steps;
    cosine += counts[k] * std::cos(angle);
    sine += counts[k] * std::sin(angle);
    total += counts[k];
  }
  if (total == 0) return {kUndefined, kUndefined};
  const double length = std::hypot(cosine, sine) / total;
  if (length < kNoDirection) return {kUndefined, 0};
  const double turns = std::atan2(sine, cosine) / (2 * std::numbers::pi);
  // Rounding below zero is no full turn.
  const double mean = turns < -kNoDirection ? turns + 1 : std::max(turns, 0.0);
  return {mean * Steps, std::min(length, 1.0)};
}

}  // namespace

void Rhythm::add(std::int64_t ticks) {
  if (events_ == 0) newest_ = ticks;
  if (events_ > 0) {
    const double gap = static_cast<double>(oldest_ - ticks) / static_cast<double>(day_);
    if (events_ == 1) first_gap_ = gap;
    gaps_ += gap - first_gap_;
    gap_squares_ += (gap - first_gap_) * (gap - first_gap_);
  }
  oldest_ = ticks;
  events_ += 1;
}

void Rhythm::add_clock(std::int64_t local) {
  weekdays_[static_cast<std::size_t>(entivec::weekday(local, day_))] += 1;
  hours_[static_cast<std::size_t>(entivec::hour(local, day_))] += 1;
}

double Rhythm::days_since_newest(std::int64_t moment) const {
  return events_ > 0 ? static_cast<double>(moment - newest_) / static_cast<double>(day_) : kUndefined;
}

double Rhythm::days_since_oldest(std::int64_t moment) const {
  return events_ > 0 ? static_cast<double>(moment - oldest_) / static_cast<double>(day_) : kUndefined;
}

double Rhythm::gap_mean() const {
  return events_ > 1 ? static_cast<double>(newest_ - oldest_) / static_cast<double>(day_) / (events_ - 1) : kUndefined;
}

double Rhythm::gap_sd() const {
  const double n = events_ - 1;
  return n > 1 ? std::sqrt(std::max(gap_squares_ - gaps_ * gaps_ / n, 0.0) / (n - 1)) : kUndefined;
}

Rhythm::Circle Rhythm::weekday() const { return circle(weekdays_); }

Rhythm::Circle Rhythm::hour() const { return circle(hours_); }

double Rhythm::weekend_share() const { return events_ > 0 ? (weekdays_[5] + weekdays_[6]) / events_ : kUndefined; }

}  // namespace entivec
