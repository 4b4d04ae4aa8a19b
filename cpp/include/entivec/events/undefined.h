// What stands where a statistic has no meaning.
#pragma once

#include <limits>

namespace entivec {

inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

}  // namespace entivec
