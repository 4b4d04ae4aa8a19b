#include "entivec/sequences/event_heads.h"

#include <algorithm>

#include "entivec/product/product.h"
#include "event_call.h"

namespace entivec {

EventHeads::EventHeads(const EventVectors& vectors, Index state, Index begin, Index sampled)
    : vectors_(vectors), begin_(begin), block_(kMostStates), numbers_(state, vectors.layout().predicted) {
  end_ = begin_ + numbers_.num_params();
  for (Index c = 0; c < vectors.layout().categories(); ++c) {
    maps_.emplace_back(state, vectors.width(c));
    offsets_.push_back(end_);
    end_ += maps_.back().num_params();
    softmaxes_.emplace_back(vectors.row(c, kFirstToken), std::max<Index>(vectors.levels(c) - kFirstToken, 0),
                            vectors.row_width(c), vectors.dense(c), sampled);
    block_ = std::min(block_, softmaxes_.back().block());
  }
}

EventHeads::Scratch EventHeads::scratch() const {
  Scratch scratch;
  Index widest = 0;
  for (const RowSoftmax& softmax : softmaxes_) widest = std::max(widest, softmax.width());
  scratch.states.resize(block_, numbers_.in());
  scratch.d_states.resize(block_, numbers_.in());
  scratch.map_d.resize(block_, numbers_.in());
  scratch.numbers.resize(block_, numbers_.out());
  scratch.query.resize(block_, widest);
  scratch.d_query.resize(block_, widest);
  scratch.losses.resize(block_);
  return scratch;
}

Scalar EventHeads::loss(const SequenceView& view, ConstMatrixRef states, const std::vector<Index>& events,
                        ConstVectorRef params, Scalar scale, const Random& random, std::uint64_t draw, Scratch& scratch,
                        LossPart* parts, MatrixRef d_states, Gradient* gradient) const {
  const Call call{view, states, events, params, scale, random, draw, scratch, parts, d_states, gradient};
  d_states.setZero();
  Scalar loss = numbers_loss(call);
  for (Index c = 0; c < vectors_.layout().categories(); ++c) loss += category_loss(c, call);
  return loss;
}

// Σ (x − x̂)² of the numbers that are there.
Scalar EventHeads::numbers_loss(const Call& call) const {
  const SequenceLayout& layout = vectors_.layout();
  const Index n = call.states.rows();
  if (layout.predicted == 0) return 0;
  auto guess = call.scratch.numbers.topRows(n);
  numbers(call.states, call.params, guess);
  Scalar loss = 0;
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < layout.predicted; ++j) {
      const Scalar target = call.view.numbers[call.events[static_cast<std::size_t>(i)] * layout.numbers + j];
      const Scalar error = std::isnan(target) ? Scalar(0) : guess(i, j) - target;
      guess(i, j) = 2 * call.scale * error;
      loss += error * error;
      if (!std::isnan(target)) call.parts[layout.categories() + j].add(error * error);
    }
  if (call.gradient) {
    const auto own = call.params.segment(begin_, numbers_.num_params());
    auto dx = call.scratch.map_d.topRows(n);
    numbers_.backward(call.states, guess, own, dx, call.gradient->dense(begin_, own.size()));
    call.d_states += dx;
  }
  return call.scale * loss;
}

// query (n, width + 1): the map of the states, then 1, which meets the biases
void EventHeads::query(Index category, ConstMatrixRef states, ConstVectorRef params, MatrixRef query) const {
  const Index wide = vectors_.width(category);
  map(category).forward(states, params.segment(offset(category), map(category).num_params()), query.leftCols(wide));
  query.col(wide).setOnes();
}

Scalar EventHeads::category_loss(Index category, const Call& call) const {
  const RowSoftmax& softmax = softmaxes_[static_cast<std::size_t>(category)];
  if (softmax.rows() == 0) return 0;
  const Index n = call.states.rows();
  auto query = call.scratch.query.topRows(n).leftCols(softmax.width());
  auto d_query = call.scratch.d_query.topRows(n).leftCols(softmax.width());
  this->query(category, call.states, call.params, query);
  MeantRows& meant = call.scratch.meant;
  meant.clear();
  for (Index i = 0; i < n; ++i) {
    const Index token = call.code(category, i, vectors_.layout()) - kFirstToken;
    if (token >= 0) meant.rows.push_back(token);
    meant.end_query();
  }
  softmax.loss(query, meant, call.params, call.scale, {call.random, call.draw}, call.scratch.softmax,
               call.scratch.losses.head(n), d_query, call.gradient);
  Scalar loss = 0;
  for (Index i = 0; i < n; ++i)
    if (meant.count(i) > 0) {
      loss += call.scratch.losses[i];
      call.parts[category].add(call.scratch.losses[i]);
    }
  if (call.gradient) {
    const Linear& own = map(category);
    auto dx = call.scratch.map_d.topRows(n);
    own.backward(call.states, d_query.leftCols(softmax.width() - 1),
                 call.params.segment(offset(category), own.num_params()), dx,
                 call.gradient->dense(offset(category), own.num_params()));
    call.d_states += dx;
  }
  return call.scale * loss;
}

void EventHeads::numbers(ConstMatrixRef states, ConstVectorRef params, MatrixRef numbers) const {
  numbers_.forward(states, params.segment(begin_, numbers_.num_params()), numbers);
}

void EventHeads::logits(Index category, ConstMatrixRef states, ConstVectorRef params, MatrixRef logits) const {
  Matrix own(states.rows(), vectors_.row_width(category));
  query(category, states, params, own);
  set_product_transposed(own, softmaxes_[static_cast<std::size_t>(category)].table(params), logits);
}

void EventHeads::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  numbers_.initialise(random, index, params.segment(begin_, numbers_.num_params()));
  for (std::size_t c = 0; c < maps_.size(); ++c)
    maps_[c].initialise(random, index, params.segment(offsets_[c], maps_[c].num_params()));
}

}  // namespace entivec
