#include "entivec/events/value_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace entivec {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum Field { kCount, kSum, kNewest, kShifted, kSquares, kMin, kMax, kOldest, kStep, kSteps, kStepSquares, kFields };

// Variance from n, the sum of differences to any one number, and that of their squares.
double sample_sd(double n, double shifted, double squares) {
  if (n < 2) return kNaN;
  return std::sqrt(std::max(squares - shifted * shifted / n, 0.0) / (n - 1));
}

}  // namespace

ValueSums::ValueSums(Index columns) : columns_(columns), sums_(static_cast<std::size_t>(columns * kFields)) {}

void ValueSums::reset() {
  std::fill(sums_.begin(), sums_.end(), 0.0);
  std::fill_n(at(kMin), columns_, kInfinity);
  std::fill_n(at(kMax), columns_, -kInfinity);
}

void ValueSums::add(const double* values) {
  double *count = at(kCount), *oldest = at(kOldest), *newest = at(kNewest);
  double *steps = at(kSteps), *step_squares = at(kStepSquares), *step = at(kStep);
  for (Index j = 0; j < columns_; ++j) {  // before `oldest` and `count` move on
    const double difference = oldest[j] - values[j];
    step[j] = count[j] == 1 ? difference : step[j];
    const double d = count[j] > 0 && values[j] == values[j] ? difference - step[j] : 0.0;
    steps[j] += d;
    step_squares[j] += d * d;
  }
  double *sum = at(kSum), *shifted = at(kShifted), *squares = at(kSquares);
  for (Index j = 0; j < columns_; ++j) {
    const bool seen = values[j] == values[j];
    newest[j] = count[j] == 0 && seen ? values[j] : newest[j];
    const double d = seen ? values[j] - newest[j] : 0.0;
    sum[j] += seen ? values[j] : 0.0;
    shifted[j] += d;
    squares[j] += d * d;
  }
  double *least = at(kMin), *most = at(kMax);
  for (Index j = 0; j < columns_; ++j) {
    const bool seen = values[j] == values[j];
    least[j] = values[j] < least[j] ? values[j] : least[j];
    most[j] = values[j] > most[j] ? values[j] : most[j];
    oldest[j] = seen ? values[j] : oldest[j];
    count[j] += seen ? 1.0 : 0.0;
  }
}

void ValueSums::sum(double* out) const { std::copy_n(at(kSum), columns_, out); }

void ValueSums::mean(double* out) const {
  for (Index j = 0; j < columns_; ++j)
    out[j] = at(kCount)[j] > 0 ? at(kNewest)[j] + at(kShifted)[j] / at(kCount)[j] : kNaN;
}

void ValueSums::sd(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = sample_sd(at(kCount)[j], at(kShifted)[j], at(kSquares)[j]);
}

void ValueSums::min(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kCount)[j] > 0 ? at(kMin)[j] : kNaN;
}

void ValueSums::max(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kCount)[j] > 0 ? at(kMax)[j] : kNaN;
}

void ValueSums::first(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kCount)[j] > 0 ? at(kOldest)[j] : kNaN;
}

void ValueSums::last(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kCount)[j] > 0 ? at(kNewest)[j] : kNaN;
}

void ValueSums::difference_mean(double* out) const {
  for (Index j = 0; j < columns_; ++j) {  // neighbours' differences sum to last − first
    const double n = at(kCount)[j] - 1;
    out[j] = n > 0 ? (at(kNewest)[j] - at(kOldest)[j]) / n : kNaN;
  }
}

void ValueSums::difference_sd(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = sample_sd(at(kCount)[j] - 1, at(kSteps)[j], at(kStepSquares)[j]);
}

}  // namespace entivec
