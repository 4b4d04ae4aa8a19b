#include "entivec/events/event_view.h"

#include "entivec/core/check.h"

namespace entivec {

void check_events(const EventView& log) {
  check(log.offsets[0] == 0, "events", "offsets from 0", log.offsets[0]);
  check(log.offsets[log.entities] == log.events, "events", log.events, log.offsets[log.entities]);
  for (Index entity = 0; entity < log.entities; ++entity)
    check(log.offsets[entity] <= log.offsets[entity + 1], "events", "offsets that never fall", entity);
  if (!log.times) return;
  for (Index entity = 0; entity < log.entities; ++entity)
    for (Index i = log.offsets[entity] + 1; i < log.offsets[entity + 1]; ++i)
      check(log.times[i - 1] <= log.times[i], "events", "times that never fall within an entity", i);
}

}  // namespace entivec
