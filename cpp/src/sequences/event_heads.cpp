#include "entivec/sequences/event_heads.h"

#include <algorithm>

#include "entivec/loss/sampled.h"
#include "entivec/loss/softmax.h"
#include "entivec/product/product.h"
#include "event_call.h"

namespace entivec {

namespace {

constexpr Index kMostLogits = Index{1} << 21, kFewestStates = 32, kMostStates = 512;

}  // namespace

EventHeads::EventHeads(const EventVectors& vectors, Index state, Index begin, Index sampled)
    : vectors_(vectors),
      begin_(begin),
      sampled_(sampled),
      block_(kMostStates),
      numbers_(state, vectors.layout().predicted) {
  end_ = begin_ + numbers_.num_params();
  for (Index c = 0; c < vectors.layout().categories(); ++c) {
    maps_.emplace_back(state, vectors.width(c));
    offsets_.push_back(end_);
    end_ += maps_.back().num_params();
    block_ = std::min(block_, std::max(kFewestStates, kMostLogits / vectors.levels(c)));
  }
}

EventHeads::Scratch EventHeads::scratch() const {
  Scratch scratch;
  Index widest = 0, most = 0;
  for (Index c = 0; c < vectors_.layout().categories(); ++c) {
    widest = std::max(widest, vectors_.row_width(c));
    most = std::max({most, vectors_.levels(c), sampled_ + 1});
  }
  scratch.states.resize(block_, numbers_.in());
  scratch.d_states.resize(block_, numbers_.in());
  scratch.map_d.resize(block_, numbers_.in());
  scratch.numbers.resize(block_, numbers_.out());
  scratch.query.resize(block_, widest);
  scratch.d_query.resize(block_, widest);
  scratch.logits.resize(block_, most);
  scratch.drawn.resize(sampled_, widest);
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
  if (vectors_.levels(category) <= kFirstToken) return 0;
  const Index n = call.states.rows(), wide = vectors_.row_width(category);
  query(category, call.states, call.params, call.scratch.query.topRows(n).leftCols(wide));
  const bool full = vectors_.dense(category) || !call.gradient;
  const Scalar loss = full ? full_softmax(category, call) : sampled_softmax(category, call);
  if (call.gradient) {
    const Linear& own = map(category);
    auto dx = call.scratch.map_d.topRows(n);
    own.backward(call.states, call.scratch.d_query.topRows(n).leftCols(wide - 1),
                 call.params.segment(offset(category), own.num_params()), dx,
                 call.gradient->dense(offset(category), own.num_params()));
    call.d_states += dx;
  }
  return loss;
}

Scalar EventHeads::full_softmax(Index category, const Call& call) const {
  const Index n = call.states.rows(), wide = vectors_.row_width(category);
  const ConstMatrixMap tokens = vectors_.tokens(category, call.params);
  const auto query = call.scratch.query.topRows(n).leftCols(wide);
  auto logits = call.scratch.logits.topRows(n).leftCols(tokens.rows());
  set_product_transposed(query, tokens, logits);
  Scalar loss = 0;
  for (Index i = 0; i < n; ++i) {
    const Index token = call.code(category, i, vectors_.layout()) - kFirstToken;
    if (token < 0) {
      logits.row(i).setZero();
      continue;
    }
    const Scalar own = logits(i, token);
    const Scalar lost = softmax(call.scale, logits.row(i).data(), tokens.rows()) - own;
    logits(i, token) -= call.scale;
    loss += lost;
    call.parts[category].add(lost);
  }
  if (call.gradient) {
    auto d_query = call.scratch.d_query.topRows(n).leftCols(wide);
    d_query.setZero();
    add_product(1, logits, tokens, d_query);
    auto own = call.gradient->dense(vectors_.row(category, kFirstToken), tokens.size());
    add_transposed_product(1, logits, query, MatrixMap(own.data(), tokens.rows(), wide));
  }
  return call.scale * loss;
}

// The negatives of a block, all states the same: their embeddings to scratch.drawn.
void EventHeads::draw(Index category, const Call& call) const {
  const LogUniform ranks(vectors_.levels(category) - kFirstToken);
  const Index wide = vectors_.row_width(category);
  call.scratch.draws.resize(static_cast<std::size_t>(sampled_));
  for (Index k = 0; k < sampled_; ++k) {
    const std::uint64_t at = call.draw * static_cast<std::uint64_t>(sampled_) + static_cast<std::uint64_t>(k);
    const Index token = ranks.rank(call.random.uniform(at));
    call.scratch.draws[static_cast<std::size_t>(k)] = token;
    std::copy_n(call.params.data() + vectors_.row(category, token + kFirstToken), wide,
                call.scratch.drawn.row(k).data());
  }
}

void EventHeads::numbers(ConstMatrixRef states, ConstVectorRef params, MatrixRef numbers) const {
  numbers_.forward(states, params.segment(begin_, numbers_.num_params()), numbers);
}

void EventHeads::logits(Index category, ConstMatrixRef states, ConstVectorRef params, MatrixRef logits) const {
  Matrix own(states.rows(), vectors_.row_width(category));
  query(category, states, params, own);
  set_product_transposed(own, vectors_.tokens(category, params), logits);
}

void EventHeads::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  numbers_.initialise(random, index, params.segment(begin_, numbers_.num_params()));
  for (std::size_t c = 0; c < maps_.size(); ++c)
    maps_[c].initialise(random, index, params.segment(offsets_[c], maps_[c].num_params()));
}

}  // namespace entivec
