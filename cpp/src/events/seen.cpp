#include "entivec/events/seen.h"

#include <algorithm>

#include "entivec/core/check.h"

namespace entivec {

Seen seen_events(const FactLog& log, const Cutoffs& cutoffs, Index row) {
  const Index entity = cutoffs.entity[row];
  if (entity < 0) return {};
  Seen seen{log.events.offsets[entity], log.events.offsets[entity + 1] - 1};
  const std::int64_t* times = log.events.times;
  if (!times) return seen;
  seen.last = std::lower_bound(times + seen.first, times + seen.last + 1, cutoffs.end[row]) - times - 1;
  while (seen.first <= seen.last && hidden(log, seen.first, cutoffs.cutoff[row])) ++seen.first;
  return seen;
}

void check_cutoffs(const FactLog& log, const Cutoffs& cutoffs) {
  for (Index row = 0; row < cutoffs.rows; ++row)
    check(cutoffs.entity[row] >= -1 && cutoffs.entity[row] < log.events.entities, "cutoffs", "entities of the log",
          cutoffs.entity[row]);
}

}  // namespace entivec
