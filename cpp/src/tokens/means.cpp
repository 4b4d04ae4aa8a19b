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

void ContextMeans::draw(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training,
                        Index epoch, Index first, Index last, RandomWords& words) {
  draw_sentences(sentences, vocabulary, training.window, epoch, first, last, words, drawn_);
  documents_ = training.documents;
  inputs_ = drawn_.tokens;
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

void ContextMeans::forward(const Rows& words, const Rows& documents, const Attributes& attributes) {
  stride_ = words.stride;
  means_.resize(drawn_.tokens.size() * static_cast<std::size_t>(stride_));
  steps_.resize(inputs_.size() * static_cast<std::size_t>(stride_));
  const Index first_attribute = words.count - attributes.count;
  const auto sum = [&](Index t) { return Row(steps_.data() + t * stride_, stride_); };  // of a sentence up to t
  const auto row = [&](const Rows& rows, Index r) { return ConstRow(rows[r], stride_); };
  const auto add = [&](Scalar sign, Index t, Row to) {
    to += sign * row(words, word(t));
    for (Index a = 0; a < attributes.width; ++a)
      if (const Index code = attributes.codes[word(t) * attributes.width + a]; code >= 0)
        to += sign * row(words, first_attribute + code);
  };
  for_sentences([&](Index s, Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      if (t == begin)
        sum(t).setZero();
      else
        sum(t) = sum(t - 1);
      add(1, t, sum(t));
    }
    for (Index t = begin; t < end; ++t) {
      if (!has_contexts(t)) continue;
      const Window own = window(t, begin, end);
      Row h(mean(t), stride_);
      h = sum(own.end - 1);
      add(-1, t, h);
      if (own.begin > begin) h -= sum(own.begin - 1);
      if (documents_) h += row(documents, input(num_targets() + s));
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
