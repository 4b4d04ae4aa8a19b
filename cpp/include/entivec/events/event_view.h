// The events of many entities as borrowed blocks, sorted by entity, then time, then place in the log.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

struct EventView {
  Index entities = 0;
  Index events = 0;
  const std::int64_t* offsets = nullptr;  // (entities + 1) CSR: where an entity's events begin
  const std::int64_t* times = nullptr;    // (events) ticks that never fall within an entity; null: the order is all
  const std::int32_t* codes = nullptr;    // (events, k) levels of k columns, 0 = missing
  Index code_columns = 0;
  const double* values = nullptr;  // (events, m), NaN = missing
  Index value_columns = 0;
};

// Throws std::invalid_argument where offsets fall, do not end at the events, or times fall within an entity. Call
// once, at the boundary.
void check_events(const EventView& log);

}  // namespace entivec
