// Which events of its entity a row of facts may see.
#pragma once

#include "entivec/events/facts.h"

namespace entivec {

// Events first … last, some of which may be hidden; the first of them is not.
struct Seen {
  Index first = 0, last = -1;
};

inline bool hidden(const FactLog& log, Index event, std::int64_t cutoff) {
  return log.known && log.known[event] >= cutoff;
}

inline Moment moment_of(const FactLog& log, Index event) {
  const std::int64_t ticks = log.events.times[event];
  return {ticks, log.local ? log.local[event] : ticks};
}

Seen seen_events(const FactLog& log, const Cutoffs& cutoffs, Index row);

// Throws where a row's entity is none of the log's.
void check_cutoffs(const FactLog& log, const Cutoffs& cutoffs);

}  // namespace entivec
