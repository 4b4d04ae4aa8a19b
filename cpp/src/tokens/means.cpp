#include "entivec/tokens/means.h"

#include <algorithm>

namespace entivec {

namespace {

using Row = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
using ConstRow = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

}  // namespace

template <class Body>
void ContextMeans::for_sentences(const Body& body) const {
  for (std::size_t s = 0; s + 1 < drawn_.offsets.size(); ++s)
    body(static_cast<Index>(s), drawn_.offsets[s], drawn_.offsets[s + 1]);
}

ContextMeans::Window ContextMeans::window(Index target, Index begin, Index end) const {
  const Index reach = drawn_.reach[static_cast<std::size_t>(target)];
  return {std::max(begin, target - reach), std::min(end, target + reach + 1)};
}

void ContextMeans::draw(const Sentences& sentences, const Vocabulary& vocabulary, const Attributes& attributes,
                        const TokenTraining& training, const InputRows& rows, Index epoch, Index first, Index last,
                        RandomWords& words) {
  draw_sentences(sentences, vocabulary, training.window, epoch, first, last, words, drawn_);
  documents_ = training.documents;
  inputs_.clear();
  for (std::int32_t word : drawn_.tokens) inputs_.push_back(attributes.draw_input(word, rows, words));
  if (documents_)
    for (Index s = first; s < last; ++s) inputs_.push_back(static_cast<std::int32_t>(sentences.document(s)));
  counts_.resize(drawn_.tokens.size());
  for_sentences([&](Index, Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const Window own = window(t, begin, end);
      counts_[static_cast<std::size_t>(t)] = static_cast<std::int32_t>(own.end - own.begin - 1 + (documents_ ? 1 : 0));
    }
  });
}

void ContextMeans::forward(const Rows& words, const Rows& documents) {
  stride_ = words.stride;
  means_.resize(drawn_.tokens.size() * static_cast<std::size_t>(stride_));
  steps_.resize(inputs_.size() * static_cast<std::size_t>(stride_));
  const auto sum = [&](Index t) { return Row(steps_.data() + t * stride_, stride_); };  // of a sentence up to t
  const auto x = [&](Index i) { return ConstRow((is_document(i) ? documents : words)[input(i)], stride_); };
  for_sentences([&](Index s, Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      if (t == begin)
        sum(t) = x(t);
      else
        sum(t) = sum(t - 1) + x(t);
    }
    for (Index t = begin; t < end; ++t) {
      if (!has_contexts(t)) continue;
      const Window own = window(t, begin, end);
      Row h(mean(t), stride_);
      h = sum(own.end - 1) - x(t);
      if (own.begin > begin) h -= sum(own.begin - 1);
      if (documents_) h += x(num_targets() + s);
      h *= Scalar(1) / static_cast<Scalar>(counts_[static_cast<std::size_t>(t)]);
    }
  });
}

void ContextMeans::backward(Scalar by) {
  std::fill(steps_.begin(), steps_.end(), Scalar(0));
  const auto at = [&](Index i) { return Row(steps_.data() + i * stride_, stride_); };
  Eigen::Array<Scalar, Eigen::Dynamic, 1> running(stride_);
  for_sentences([&](Index s, Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      Row e(mean(t), stride_);
      if (!has_contexts(t)) {
        e.setZero();
        continue;
      }
      e *= by / static_cast<Scalar>(counts_[static_cast<std::size_t>(t)]);
      const Window own = window(t, begin, end);
      at(own.begin) += e;
      if (own.end < end) at(own.end) -= e;
      if (documents_) at(num_targets() + s) += e;
    }
    running.setZero();
    for (Index t = begin; t < end; ++t) {
      running += at(t);
      at(t) = running - Row(mean(t), stride_);
    }
  });
}

}  // namespace entivec
