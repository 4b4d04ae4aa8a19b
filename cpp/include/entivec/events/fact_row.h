// The accumulators of one entity's facts, and how a window's facts are laid out in a row.
#pragma once

#include <vector>

#include "entivec/events/facts.h"
#include "entivec/events/rhythm.h"
#include "entivec/events/trend.h"
#include "entivec/events/value_sums.h"

namespace entivec {

// Which facts are wanted, and where they begin among those of a window.
class FactLayout {
 public:
  FactLayout(const FactLog& log, const FactPlan& plan);

  bool wants(Fact fact) const { return begin_[static_cast<std::size_t>(fact)] >= 0; }
  bool any(Fact first, Fact last) const;  // of a range of facts
  // Where a fact begins among the numbers of a window (kChange: among those of the row); −1 if it is not wanted.
  Index begin(Fact fact) const { return begin_[static_cast<std::size_t>(fact)]; }
  // Where a category's distinct count, entropy, shares and sums begin in a window.
  Index category(Index category) const { return categories_[static_cast<std::size_t>(category)]; }
  Index window(std::size_t window) const { return windows_[window]; }  // where its facts begin in a row
  Index row_width() const { return row_width_; }
  Index values() const { return values_; }

 private:
  Index place_categories(const FactLog& log, Index at);

  std::vector<Index> begin_, categories_, windows_;
  Index values_, row_width_ = 0;
};

// What the events of an entity from the newest on add up to. `write` and `write_trend` give the facts of a window that
// ends with the event added last.
class FactSums {
 public:
  FactSums(const FactLog& log, const FactPlan& plan, const FactLayout& layout);

  void reset();
  void move_to(std::int64_t period) { trend_.move_to(period); }
  void add(Index event);

  Index events() const { return events_; }
  std::int64_t period() const { return trend_.period(); }
  const ValueSums& values() const { return values_; }

  void write(std::int64_t cutoff, double* window) const;
  void write_trend(std::int64_t periods, double* window) const;

 private:
  void write_times(std::int64_t cutoff, double* window) const;
  void write_values(double* window) const;
  void write_categories(double* window) const;

  const FactLog& log_;
  const FactLayout& layout_;
  bool clock_, with_trend_, with_values_;
  Index events_ = 0;
  ValueSums values_;
  Trend trend_;
  Rhythm rhythm_;
  std::vector<LevelCounts> levels_;
  std::vector<double> one_and_values_;  // what the trend adds of an event
  mutable std::vector<double> line_;
};

}  // namespace entivec
