#include "entivec/events/fact_row.h"

#include <algorithm>

namespace entivec {

namespace {

bool between(Fact fact, Fact first, Fact last) { return first <= fact && fact <= last; }

}  // namespace

FactLayout::FactLayout(const FactLog& log, const FactPlan& plan)
    : begin_(static_cast<std::size_t>(Fact::kFacts), -1), values_(log.events.value_columns) {
  for (const Fact fact : plan.facts) begin_[static_cast<std::size_t>(fact)] = 0;
  Index width = 0;
  const auto place = [&](Fact first, Fact last, Index size) {
    for (const Fact fact : plan.facts)
      if (between(fact, first, last)) begin_[static_cast<std::size_t>(fact)] = width, width += size;
  };
  place(Fact::kCount, Fact::kWeekendShare, 1);
  place(Fact::kSum, Fact::kDifferenceSd, values_);
  width = place_categories(log, width);
  const Index without_lines = width;
  place(Fact::kSlope, Fact::kR2, values_ + 1);
  for (const Window& window : plan.windows) {
    windows_.push_back(row_width_);
    row_width_ += window.line ? width : without_lines;
  }
  if (!wants(Fact::kChange)) return;
  begin_[static_cast<std::size_t>(Fact::kChange)] = row_width_;
  row_width_ += values_;
}

// Where each category's facts begin, the first at `at`; returns where the last ends.
Index FactLayout::place_categories(const FactLog& log, Index at) {
  for (const LevelMap& category : log.categories) {
    categories_.push_back(at);
    at += (wants(Fact::kDistinct) ? 1 : 0) + (wants(Fact::kEntropy) ? 1 : 0);
    at += wants(Fact::kLevelShare) ? category.known + 1 : 0;
    at += wants(Fact::kLevelSum) ? (category.known + 1) * values_ : 0;
  }
  return at;
}

bool FactLayout::any(Fact first, Fact last) const {
  for (int fact = static_cast<int>(first); fact <= static_cast<int>(last); ++fact)
    if (wants(static_cast<Fact>(fact))) return true;
  return false;
}

FactSums::FactSums(const FactLog& log, const FactPlan& plan, const FactLayout& layout)
    : log_(log),
      layout_(layout),
      clock_(layout.any(Fact::kWeekdayMean, Fact::kWeekendShare)),
      with_trend_(layout.any(Fact::kSlope, Fact::kR2)),
      with_values_(layout.any(Fact::kSum, Fact::kDifferenceSd) || layout.wants(Fact::kChange)),
      values_(with_values_ ? layout.values() : 0),
      trend_(with_trend_ ? layout.values() + 1 : 0),
      rhythm_(plan.ticks_per_day),
      one_and_values_(static_cast<std::size_t>(layout.values() + 1), 1.0),
      line_(3 * one_and_values_.size()) {
  const bool entropy = layout.any(Fact::kDistinct, Fact::kEntropy);
  const bool shares = layout.any(Fact::kLevelShare, Fact::kLevelSum);
  if (!entropy && !shares) return;
  for (const LevelMap& category : log.categories)
    levels_.emplace_back(category, layout.values(), entropy, layout.wants(Fact::kLevelSum));
}

void FactSums::reset() {
  events_ = 0;
  values_.reset();
  trend_.reset();
  rhythm_.reset();
  for (LevelCounts& counts : levels_) counts.reset();
}

void FactSums::add(Index event) {
  const EventView& events = log_.events;
  const double* values = events.values + event * events.value_columns;
  ++events_;
  if (with_values_) values_.add(values);
  if (with_trend_) {
    std::copy_n(values, events.value_columns, one_and_values_.begin() + 1);
    trend_.add(one_and_values_.data());
  }
  if (events.times) {
    rhythm_.add(events.times[event]);
    if (clock_) rhythm_.add_clock(log_.local ? log_.local[event] : events.times[event]);
  }
  const std::int32_t* codes = events.codes + event * events.code_columns;
  for (LevelCounts& counts : levels_) counts.add(*codes++, values);
}

void FactSums::write(std::int64_t cutoff, double* window) const {
  if (layout_.wants(Fact::kCount)) window[layout_.begin(Fact::kCount)] = static_cast<double>(events_);
  write_times(cutoff, window);
  write_values(window);
  write_categories(window);
}

void FactSums::write_times(std::int64_t cutoff, double* window) const {
  const auto put = [&](Fact fact, double number) {
    if (layout_.wants(fact)) window[layout_.begin(fact)] = number;
  };
  if (!layout_.any(Fact::kRecency, Fact::kWeekendShare)) return;
  put(Fact::kRecency, rhythm_.days_since_newest(cutoff));
  put(Fact::kTenure, rhythm_.days_since_oldest(cutoff));
  put(Fact::kActivePeriods, static_cast<double>(trend_.active()));
  put(Fact::kGapMean, rhythm_.gap_mean());
  put(Fact::kGapSd, rhythm_.gap_sd());
  if (!clock_) return;
  const Rhythm::Circle weekday = rhythm_.weekday(), hour = rhythm_.hour();
  put(Fact::kWeekdayMean, weekday.mean);
  put(Fact::kWeekdayLength, weekday.length);
  put(Fact::kHourMean, hour.mean);
  put(Fact::kHourLength, hour.length);
  put(Fact::kWeekendShare, rhythm_.weekend_share());
}

void FactSums::write_values(double* window) const {
  using Write = void (ValueSums::*)(double*) const;
  static constexpr Write kWrites[] = {
      &ValueSums::sum,          &ValueSums::mean,  &ValueSums::sd,   &ValueSums::min,
      &ValueSums::max,          &ValueSums::first, &ValueSums::last, &ValueSums::difference_mean,
      &ValueSums::difference_sd};
  for (int k = 0; k < static_cast<int>(std::size(kWrites)); ++k) {
    const auto fact = static_cast<Fact>(static_cast<int>(Fact::kSum) + k);
    if (layout_.wants(fact)) (values_.*kWrites[k])(window + layout_.begin(fact));
  }
}

void FactSums::write_categories(double* window) const {
  for (std::size_t c = 0; c < levels_.size(); ++c) {
    const LevelCounts& counts = levels_[c];
    double* to = window + layout_.category(static_cast<Index>(c));
    const Index levels = log_.categories[c].known + 1;
    if (layout_.wants(Fact::kDistinct)) *to++ = counts.distinct();
    if (layout_.wants(Fact::kEntropy)) *to++ = counts.entropy();
    if (layout_.wants(Fact::kLevelShare)) counts.shares(to), to += levels;
    if (layout_.wants(Fact::kLevelSum)) counts.sums(to);
  }
}

void FactSums::write_trend(std::int64_t periods, double* window) const {
  if (!with_trend_) return;
  const Index columns = layout_.values() + 1;
  double *slope = line_.data(), *intercept = slope + columns, *r2 = intercept + columns;
  trend_.line(periods, slope, intercept, r2);
  if (layout_.wants(Fact::kSlope)) std::copy_n(slope, columns, window + layout_.begin(Fact::kSlope));
  if (layout_.wants(Fact::kIntercept)) std::copy_n(intercept, columns, window + layout_.begin(Fact::kIntercept));
  if (layout_.wants(Fact::kR2)) std::copy_n(r2, columns, window + layout_.begin(Fact::kR2));
}

}  // namespace entivec
