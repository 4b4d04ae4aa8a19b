#include "entivec/events/trend.h"

#include <algorithm>
#include <cmath>

#include "entivec/events/undefined.h"

namespace entivec {

namespace {

constexpr double kRounding = 1e-24;  // of squares: totals that differ by no more are equal

}  // namespace

Trend::Trend(Index columns) : columns_(columns) {
  for (auto* sums : {&totals_, &newest_, &sum_, &places_, &squares_, &raw_squares_})
    sums->resize(static_cast<std::size_t>(columns));
}

void Trend::reset() {
  period_ = -1;
  open_ = false;
  closed_ = {};
  for (auto* sums : {&totals_, &newest_, &sum_, &places_, &squares_, &raw_squares_})
    std::fill(sums->begin(), sums->end(), 0.0);
}

void Trend::move_to(std::int64_t period) {
  if (open_ && period == period_) return;
  if (open_) close();
  period_ = period;
  open_ = true;
}

void Trend::add(const double* values) {
  double* total = totals_.data();
  for (Index j = 0; j < columns_; ++j) total[j] += !std::isnan(values[j]) ? values[j] : 0.0;
}

Index Trend::active() const { return static_cast<Index>(closed_.filled) + (open_ ? 1 : 0); }

void Trend::close() {
  if (closed_.filled == 0) newest_ = totals_;
  const auto k = static_cast<double>(period_);
  double *total = totals_.data(), *sum = sum_.data(), *places = places_.data(), *squares = squares_.data();
  double* raw = raw_squares_.data();
  const double* newest = newest_.data();
  for (Index j = 0; j < columns_; ++j) {
    const double d = total[j] - newest[j];
    sum[j] += d;
    places[j] += k * d;
    squares[j] += d * d;
    raw[j] += total[j] * total[j];
    total[j] = 0;
  }
  closed_.filled += 1;
  closed_.places += k;
}

void Trend::line(std::int64_t periods, double* slope, double* intercept, double* r2) const {
  const auto n = static_cast<double>(periods);
  const double middle = (n - 1) / 2, spread = n * (n * n - 1) / 12;
  const auto k = static_cast<double>(period_);
  const double open = open_ ? 1 : 0;
  const double empty = n - closed_.filled - open;
  const double empty_places = n * middle - closed_.places - open * k;
  for (Index j = 0; j < columns_; ++j) {
    if (periods < 2) {
      slope[j] = intercept[j] = r2[j] = kUndefined;
      continue;
    }
    const auto at = static_cast<std::size_t>(j);
    const double newest = closed_.filled > 0 ? newest_[at] : totals_[at];
    const double d = open * (totals_[at] - newest);  // the period not closed yet
    const double sum = sum_[at] + d - empty * newest;
    const double places = places_[at] + k * d - empty_places * newest;
    const double squares = squares_[at] + d * d + empty * newest * newest;
    const double raw = raw_squares_[at] + open * totals_[at] * totals_[at];
    const double together = middle * sum - places, vertical = squares - sum * sum / n;
    const bool equal = vertical <= kRounding * raw;
    slope[j] = equal ? 0 : together / spread;
    intercept[j] = newest + sum / n + slope[j] * middle;
    r2[j] = equal ? kUndefined : together * together / (spread * vertical);
  }
}

}  // namespace entivec
