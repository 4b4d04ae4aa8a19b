// From the order of a log to that of EventView.
#pragma once

#include "entivec/core/types.h"

namespace entivec {

// Where the events of every entity are in the log, by time and, at equal times, by place in the log.
//   entity (n) 0 … entities − 1, or −1 for an event to leave out
//   times (n) ticks, or null: by place alone
//   offsets (entities + 1) overwritten; rows (n) overwritten up to offsets[entities], which is returned
// Throws std::invalid_argument where an entity is out of range. The result does not depend on `threads`.
Index sort_events(Index n, const std::int32_t* entity, Index entities, const std::int64_t* times, int threads,
                  std::int64_t* offsets, std::int32_t* rows);

// to[i · stride] = from[rows[i]] for i in [0, count).
template <class Number>
void gather_events(const std::int32_t* rows, Index count, const Number* from, Number* to, Index stride, int threads);

}  // namespace entivec
