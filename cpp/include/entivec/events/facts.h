// Facts of entities as of a moment: one pass over an entity's events for all windows and columns.
#pragma once

#include <vector>

#include "entivec/events/calendar.h"
#include "entivec/events/event_view.h"
#include "entivec/events/level_counts.h"

namespace entivec {

// In the order in which a window's facts stand in the output. Those of time need times.
enum class Fact : int {
  kCount,  // one number each
  kRecency,
  kTenure,
  kActivePeriods,
  kGapMean,
  kGapSd,
  kWeekdayMean,
  kWeekdayLength,
  kHourMean,
  kHourLength,
  kWeekendShare,
  kSum,  // one a value column
  kMean,
  kSd,
  kMin,
  kMax,
  kFirst,
  kLast,
  kDifferenceMean,
  kDifferenceSd,
  kDistinct,  // one a category
  kEntropy,
  kLevelShare,  // one a known level, and other
  kLevelSum,    // one a known level, and other, and value column
  kSlope,       // one for the number of events, and one a value column
  kIntercept,
  kR2,
  kChange,  // one a value column, behind all windows
  kFacts
};

// A stretch of an entity's events that ends at the cut-off: the last `events`, or those within `span`, or all.
struct Window {
  Span span;
  Index events = 0;
  bool line = true;  // whether it may hold two whole periods; else the facts of lines are left out
};

struct FactPlan {
  std::vector<Fact> facts;  // in rising order
  std::vector<Window> windows;
  Span period;                     // unused without times
  std::int64_t ticks_per_day = 1;  // unused without times
  Index newest = 0, longest = 0;   // windows whose means kChange compares
};

// A log and what is known of its columns beside it.
struct FactLog {
  EventView events;                     // codes: one column a category, see LevelMap
  const std::int64_t* local = nullptr;  // (events) what the clock showed; null: the times themselves
  const std::int64_t* known = nullptr;  // (events) ticks at which an event was recorded; null: at once
  std::vector<LevelMap> categories;
};

// Rows of the output: an entity (−1: one without events) as of `cutoff`. Events from `end` on (with its clock in
// `end_local`), and those recorded from the cut-off on, are not seen. Without times only `entity` is read.
struct Cutoffs {
  Index rows = 0;
  const std::int64_t* entity = nullptr;
  const std::int64_t* cutoff = nullptr;
  const std::int64_t* end = nullptr;
  const std::int64_t* end_local = nullptr;
};

// Throws std::invalid_argument where a code of an event has no level. Call once, at the boundary.
void check_categories(const FactLog& log);

// Numbers in a row of the output.
Index fact_columns(const FactLog& log, const FactPlan& plan);

// Writes fact_columns numbers into each row of out (rows, stride). No number depends on `threads`, on other rows, or on
// other entities' events. Throws std::invalid_argument where an entity is out of range, or a plan needs what is not
// there.
template <class Number>
void compute_facts(const FactLog& log, const FactPlan& plan, const Cutoffs& cutoffs, int threads, Number* out,
                   Index stride);

}  // namespace entivec
