#include "entivec/optim/schedule.h"

#include <cmath>

#include "entivec/core/check.h"

namespace entivec {

Schedule schedule_from_name(std::string_view name) {
  if (name == "constant") return Schedule::kConstant;
  if (name == "cosine") return Schedule::kCosine;
  fail("schedule", "constant or cosine", name);
}

Scalar learning_rate(Schedule schedule, Scalar base, Index step, Index total) {
  if (schedule == Schedule::kConstant || total <= 0) return base;
  const double share = std::min(1.0, static_cast<double>(step) / static_cast<double>(total));
  return base * static_cast<Scalar>(0.5 * (1 + std::cos(3.141592653589793 * share)));
}

double annealed(Index step, Index steps) {
  return step >= steps ? 1 : static_cast<double>(step) / static_cast<double>(steps);
}

}  // namespace entivec
