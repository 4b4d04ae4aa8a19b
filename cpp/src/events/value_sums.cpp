#include "entivec/events/value_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "entivec/events/undefined.h"

namespace entivec {

namespace {

constexpr double kUnbounded = std::numeric_limits<double>::infinity();

enum ValueField {
  kValueCount,
  kValueSum,
  kValueNewest,
  kValueShifted,
  kValueSquares,
  kValueMin,
  kValueMax,
  kValueOldest,
  kValueStep,
  kValueSteps,
  kValueStepSquares,
  kValueFields
};

// Variance from n, the sum of differences to any one number, and that of their squares.
double sample_sd(double n, double shifted, double squares) {
  if (n < 2) return kUndefined;
  return std::sqrt(std::max(squares - shifted * shifted / n, 0.0) / (n - 1));
}

}  // namespace

ValueSums::ValueSums(Index columns) : columns_(columns), sums_(static_cast<std::size_t>(columns * kValueFields)) {}

void ValueSums::reset() {
  std::fill(sums_.begin(), sums_.end(), 0.0);
  std::fill_n(at(kValueMin), columns_, kUnbounded);
  std::fill_n(at(kValueMax), columns_, -kUnbounded);
}

void ValueSums::add(const double* values) {
  double *count = at(kValueCount), *oldest = at(kValueOldest), *newest = at(kValueNewest);
  double *steps = at(kValueSteps), *step_squares = at(kValueStepSquares), *step = at(kValueStep);
  for (Index j = 0; j < columns_; ++j) {  // before `oldest` and `count` move on
    const double difference = oldest[j] - values[j];
    step[j] = count[j] == 1 ? difference : step[j];
    const double d = count[j] > 0 && !std::isnan(values[j]) ? difference - step[j] : 0.0;
    steps[j] += d;
    step_squares[j] += d * d;
  }
  double *sum = at(kValueSum), *shifted = at(kValueShifted), *squares = at(kValueSquares);
  for (Index j = 0; j < columns_; ++j) {
    const bool seen = !std::isnan(values[j]);
    newest[j] = count[j] == 0 && seen ? values[j] : newest[j];
    const double d = seen ? values[j] - newest[j] : 0.0;
    sum[j] += seen ? values[j] : 0.0;
    shifted[j] += d;
    squares[j] += d * d;
  }
  double *least = at(kValueMin), *most = at(kValueMax);
  for (Index j = 0; j < columns_; ++j) {
    const bool seen = !std::isnan(values[j]);
    least[j] = values[j] < least[j] ? values[j] : least[j];
    most[j] = values[j] > most[j] ? values[j] : most[j];
    oldest[j] = seen ? values[j] : oldest[j];
    count[j] += seen ? 1.0 : 0.0;
  }
}

void ValueSums::sum(double* out) const { std::copy_n(at(kValueSum), columns_, out); }

void ValueSums::mean(double* out) const {
  mean_minus_newest(out);
  for (Index j = 0; j < columns_; ++j) out[j] += at(kValueNewest)[j];
}

void ValueSums::mean_minus_newest(double* out) const {
  for (Index j = 0; j < columns_; ++j)
    out[j] = at(kValueCount)[j] > 0 ? at(kValueShifted)[j] / at(kValueCount)[j] : kUndefined;
}

void ValueSums::sd(double* out) const {
  for (Index j = 0; j < columns_; ++j)
    out[j] = sample_sd(at(kValueCount)[j], at(kValueShifted)[j], at(kValueSquares)[j]);
}

void ValueSums::min(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kValueCount)[j] > 0 ? at(kValueMin)[j] : kUndefined;
}

void ValueSums::max(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kValueCount)[j] > 0 ? at(kValueMax)[j] : kUndefined;
}

void ValueSums::first(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kValueCount)[j] > 0 ? at(kValueOldest)[j] : kUndefined;
}

void ValueSums::last(double* out) const {
  for (Index j = 0; j < columns_; ++j) out[j] = at(kValueCount)[j] > 0 ? at(kValueNewest)[j] : kUndefined;
}

void ValueSums::difference_mean(double* out) const {
  for (Index j = 0; j < columns_; ++j) {  // neighbours' differences sum to last − first
    const double n = at(kValueCount)[j] - 1;
    out[j] = n > 0 ? (at(kValueNewest)[j] - at(kValueOldest)[j]) / n : kUndefined;
  }
}

void ValueSums::difference_sd(double* out) const {
  for (Index j = 0; j < columns_; ++j)
    out[j] = sample_sd(at(kValueCount)[j] - 1, at(kValueSteps)[j], at(kValueStepSquares)[j]);
}

}  // namespace entivec
