// Learning rates over a training of known length.
#pragma once

#include <string_view>

#include "entivec/core/types.h"

namespace entivec {

enum class Schedule { kConstant, kCosine };

Schedule schedule_from_name(std::string_view name);

// The rate of step `step` (from 0) of `total`: constant, or base · ½(1 + cos(π step/total)).
Scalar learning_rate(Schedule schedule, Scalar base, Index step, Index total);

}  // namespace entivec
