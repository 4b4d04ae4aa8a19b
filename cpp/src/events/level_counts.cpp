#include "entivec/events/level_counts.h"

#include <algorithm>
#include <cmath>

#include "entivec/events/undefined.h"

namespace entivec {

namespace {

constexpr Index kOther = 1, kFirst = 2;

std::size_t place(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

LevelCounts::LevelCounts(const LevelMap& category, Index value_columns, bool entropy, bool sums)
    : category_(category), columns_(value_columns), distinct_(entropy), with_sums_(sums) {
  if (distinct_) counts_.resize(category.levels.size());
  by_level_.resize(place(category.known + kFirst));
  if (with_sums_) sums_.resize(place((category.known + kFirst) * columns_));
}

void LevelCounts::reset() {
  for (const std::int32_t code : found_) counts_[place(code)] = 0;
  found_.clear();
  events_ = 0;
  std::fill(by_level_.begin(), by_level_.end(), 0.0);
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

void LevelCounts::add(std::int32_t code, const double* values) {
  if (code == 0) return;
  if (distinct_ && counts_[place(code)]++ == 0) found_.push_back(code);
  const Index level = category_.levels[place(code)];
  by_level_[place(level)] += 1;
  events_ += 1;
  if (!with_sums_) return;
  double* sum = sums_.data() + level * columns_;
  for (Index j = 0; j < columns_; ++j) sum[j] += !std::isnan(values[j]) ? values[j] : 0.0;
}

double LevelCounts::entropy() const {
  if (events_ == 0) return kUndefined;
  if (found_.size() == 1) return 0;
  double weighted = 0;
  for (const std::int32_t code : found_) {
    const double count = counts_[place(code)];
    weighted += count * std::log(count);
  }
  return std::log(events_) - weighted / events_;
}

void LevelCounts::shares(double* out) const {
  for (Index level = 0; level < category_.known; ++level)
    out[level] = events_ > 0 ? by_level_[place(kFirst + level)] / events_ : kUndefined;
  out[category_.known] = events_ > 0 ? by_level_[kOther] / events_ : kUndefined;
}

void LevelCounts::sums(double* out) const {
  const auto first = sums_.begin() + kFirst * columns_, other = sums_.begin() + kOther * columns_;
  out = std::copy(first, sums_.end(), out);
  std::copy_n(other, columns_, out);
}

}  // namespace entivec
