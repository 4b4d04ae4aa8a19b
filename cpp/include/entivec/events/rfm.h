// Recency, frequency and monetary value of an entity's events, in the two readings of the field.
#pragma once

#include "entivec/events/facts.h"

namespace entivec {

// Marketing (Hughes 1994): days from the last event to the cut-off, number of events, total.
// Repeat (Fader, Hardie & Lee 2005; "lifetimes"): days with events after the first of them, days between the first and
// the last, days between the first and the day before the cut-off, mean of the totals of the days after the first.
enum class Rfm { kMarketing, kRepeat };

constexpr Index rfm_columns(Rfm reading) { return reading == Rfm::kMarketing ? 3 : 4; }

// Writes out (rows, rfm_columns): recency, frequency, monetary value, or frequency, recency, T, monetary value.
//   value: the column of money among the log's values, or −1 for none
// Entities without events have NaN, and frequency 0. Throws std::invalid_argument as compute_facts does.
void compute_rfm(const FactLog& log, Rfm reading, Index value, std::int64_t ticks_per_day, const Cutoffs& cutoffs,
                 int threads, double* out);

}  // namespace entivec
