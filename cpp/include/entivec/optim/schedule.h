// What changes over a training of known length: learning rates, and how much of annealed terms is in force.
#pragma once

#include <string_view>

#include "entivec/core/types.h"

namespace entivec {

enum class Schedule { kConstant, kCosine };

Schedule schedule_from_name(std::string_view name);

// The rate of step `step` (from 0) of `total`: constant, or base · ½(1 + cos(π step/total)).
Scalar learning_rate(Schedule schedule, Scalar base, Index step, Index total);

// How much of what is annealed (a capacity, the weight of a divergence) is in force at step `step`: it grows linearly
// from 0 to 1 over the first `steps`.
double annealed(Index step, Index steps);

}  // namespace entivec
