#include "entivec/events/rfm.h"

#include <cmath>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/events/seen.h"
#include "entivec/events/undefined.h"

namespace entivec {

namespace {

constexpr Index kRfmRows = 64;  // rows that a thread takes at a time

// Neumaier's sum, so that cents add up as they do on paper.
class ExactSum {
 public:
  void add(double x) {
    const double sum = sum_ + x;
    lost_ += std::abs(sum_) >= std::abs(x) ? (sum_ - sum) + x : (x - sum) + sum_;
    sum_ = sum;
  }
  double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0, lost_ = 0;
};

std::int64_t day_of(std::int64_t local, std::int64_t ticks_per_day) {
  return local / ticks_per_day - (local % ticks_per_day < 0 ? 1 : 0);
}

class RfmReader {
 public:
  RfmReader(const FactLog& log, Index value, std::int64_t day, const Cutoffs& cutoffs)
      : log_(log), value_(value), day_(day), cutoffs_(cutoffs) {}

  void marketing(Index row, double* out) const {
    const Seen seen = seen_events(log_, cutoffs_, row);
    double frequency = 0;
    ExactSum money;
    std::int64_t last = 0;
    for (Index i = seen.first; i <= seen.last; ++i) {
      if (hidden(log_, i, cutoffs_.cutoff[row])) continue;
      frequency += 1;
      money.add(money_of(i));
      last = log_.events.times[i];
    }
    out[0] = frequency > 0 ? static_cast<double>(cutoffs_.cutoff[row] - last) / static_cast<double>(day_) : kUndefined;
    out[1] = frequency;
    out[2] = value_ < 0 ? kUndefined : money.value();
  }

  void repeat(Index row, double* out) const {
    const Seen seen = seen_events(log_, cutoffs_, row);
    out[0] = 0;
    out[1] = out[2] = out[3] = kUndefined;
    if (seen.first > seen.last) return;
    const std::int64_t first = local_day(seen.first);
    std::int64_t day = first;
    double days = 0;  // after the first
    ExactSum total, of_day;
    for (Index i = seen.first; i <= seen.last; ++i) {
      if (hidden(log_, i, cutoffs_.cutoff[row])) continue;
      if (local_day(i) != day) {
        if (days > 0) total.add(of_day.value());
        of_day = {};
        day = local_day(i);
        days += 1;
      }
      of_day.add(money_of(i));
    }
    if (days > 0) total.add(of_day.value());
    out[0] = days;
    out[1] = static_cast<double>(day - first);
    out[2] = static_cast<double>(day_of(cutoffs_.end_local[row] - 1, day_) - first);
    if (value_ >= 0) out[3] = days > 0 ? total.value() / days : 0;
  }

 private:
  std::int64_t local_day(Index event) const { return day_of(moment_of(log_, event).local, day_); }

  double money_of(Index event) const {
    if (value_ < 0) return 0;
    const double money = log_.events.values[event * log_.events.value_columns + value_];
    return money == money ? money : 0;
  }

  const FactLog& log_;
  Index value_;
  std::int64_t day_;
  const Cutoffs& cutoffs_;
};

}  // namespace

void compute_rfm(const FactLog& log, Rfm reading, Index value, std::int64_t ticks_per_day, const Cutoffs& cutoffs,
                 int threads, double* out) {
  check(log.events.times != nullptr, "rfm", "times", "none");
  check(value >= -1 && value < log.events.value_columns, "rfm", "a value column", value);
  check_cutoffs(log, cutoffs);
  const RfmReader reader(log, value, ticks_per_day, cutoffs);
  parallel_pieces(cutoffs.rows, kRfmRows, threads, [&](Index, Index first, Index size) {
    for (Index row = first; row < first + size; ++row) {
      double* to = out + row * rfm_columns(reading);
      if (reading == Rfm::kMarketing)
        reader.marketing(row, to);
      else
        reader.repeat(row, to);
    }
  });
}

}  // namespace entivec
