#include "entivec/sequences/event_vectors.h"

#include <algorithm>
#include <cmath>

namespace entivec {

namespace {

constexpr Scalar kLeastShare = Scalar(1e-6);

}  // namespace

EventVectors::EventVectors(const SequenceLayout& layout, Index begin, bool scored, Index full_softmax)
    : layout_(layout), begin_(begin), dense_end_(begin), end_(begin), tables_(layout.levels.size()) {
  const auto place = [&](bool dense) {
    for (Index c = 0; c < layout_.categories(); ++c) {
      const bool own = scored && levels(c) <= full_softmax;
      if (own != dense) continue;
      tables_[static_cast<std::size_t>(c)] = {end_, dense};
      end_ += levels(c) * row_width(c);
    }
  };
  place(true);
  dense_end_ = end_;
  place(false);
}

Index EventVectors::row(Index category, Index code) const {
  return tables_[static_cast<std::size_t>(category)].begin + code * row_width(category);
}

void EventVectors::look_up(const SequenceView& view, Index event, ConstVectorRef params, Scalar* x) const {
  const std::int32_t* codes = view.codes + event * layout_.categories();
  for (Index c = 0; c < layout_.categories(); ++c) x = std::copy_n(params.data() + row(c, codes[c]), width(c), x);
  const Scalar* numbers = view.numbers + event * layout_.numbers;
  for (Index j = 0; j < layout_.numbers; ++j) *x++ = std::isnan(numbers[j]) ? Scalar(0) : numbers[j];
  for (Index j = 0; j < layout_.predicted; ++j) *x++ = std::isnan(numbers[j]) ? Scalar(1) : Scalar(0);
}

void EventVectors::add_row(Index category, Index code, const Scalar* d, Gradient& gradient) const {
  const Index at = row(category, code), wide = row_width(category);
  if (dense(category))
    gradient.dense(at, wide) += Eigen::Map<const Vector>(d, wide);
  else
    gradient.row(at, d, wide);
}

void EventVectors::add_gradient(const SequenceView& view, Index event, const Scalar* dx, Gradient& gradient) const {
  const std::int32_t* codes = view.codes + event * layout_.categories();
  thread_local Vector own;
  for (Index c = 0; c < layout_.categories(); dx += width(c++)) {
    if (own.size() < row_width(c)) own.resize(row_width(c));
    own.head(width(c)) = Eigen::Map<const Vector>(dx, width(c));
    own[width(c)] = 0;
    add_row(c, codes[c], own.data(), gradient);
  }
}

void EventVectors::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  for (Index c = 0; c < layout_.categories(); ++c) {
    const double deviation = 1 / std::sqrt(static_cast<double>(std::max(levels(c), width(c))));
    const std::vector<Scalar>* share = layout_.share.empty() ? nullptr : &layout_.share[static_cast<std::size_t>(c)];
    for (Index code = 0; code < levels(c); ++code) {
      auto own = params.segment(row(c, code), row_width(c));
      for (Index j = 0; j < width(c); ++j) own[j] = static_cast<Scalar>(deviation * random.normal(index++));
      own[width(c)] = share ? std::log(std::max((*share)[static_cast<std::size_t>(code)], kLeastShare)) : 0;
    }
  }
}

}  // namespace entivec
