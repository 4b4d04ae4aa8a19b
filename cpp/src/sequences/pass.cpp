#include "entivec/sequences/pass.h"

#include <algorithm>

namespace entivec {

SequencePass::SequencePass(const SequenceNet& net, Index sequences, Index rows)
    : net_(net), length_(net.sizes().max_length), cache_(net.stack().cache(rows, sequences)) {
  x_.resize(rows, net.layout().event());
  dx_.resize(rows, net.layout().event());
  states_.resize(rows, net.state());
  carry_.resize(sequences, net.stack().carried());
  d_carry_.resize(sequences, net.stack().carried());
}

void SequencePass::assign(std::vector<Sequence> sequences) {
  sequences_ = std::move(sequences);
  std::stable_sort(sequences_.begin(), sequences_.end(),
                   [](const Sequence& a, const Sequence& b) { return a.length > b.length; });
  positions_.clear();
  for (const Sequence& sequence : sequences_) positions_.push_back(sequence.position);
  pieces_ = sequences_.empty() ? 0 : (sequences_[0].length + length_ - 1) / length_;
}

void SequencePass::begin(ConstVectorRef params) {
  reached_ = 0;
  net_.stack().start(params, carry_.topRows(count()));
}

PackedDropout SequencePass::dropout(Scalar rate, std::uint64_t seed) const {
  return {rate, seed, positions_.data(), piece_ * length_};
}

void SequencePass::look_up(const SequenceView& view, ConstVectorRef params, MatrixRef x) const {
  for (Index t = 0; t < packing_.steps(); ++t)
    for (Index s = 0; s < packing_.active(t); ++s)
      net_.vectors().look_up(view, event(t, s), params, x.row(packing_.row(t, s)).data());
}

void SequencePass::forward(Index piece, const SequenceView& view, ConstVectorRef params, Scalar dropout,
                           std::uint64_t seed) {
  piece_ = piece;
  rate_ = dropout;
  seed_ = seed;
  lengths_.clear();
  for (const Sequence& sequence : sequences_) {
    const Index left = sequence.length - piece * length_;
    if (left > 0) lengths_.push_back(std::min(left, length_));
  }
  packing_.assign(lengths_);
  auto carry = carry_.topRows(packing_.sequences());
  const auto at = static_cast<std::size_t>(piece);
  if (carries_.size() <= at) carries_.resize(at + 1);
  if (carries_[at].rows() < carry_.rows()) carries_[at].resize(carry_.rows(), carry_.cols());
  auto begun = carries_[at].topRows(packing_.sequences());
  if (piece == reached_) {
    begun = carry;
    ++reached_;
  } else {
    carry = begun;
  }
  auto x = x_.topRows(packing_.rows());
  look_up(view, params, x);
  net_.stack().forward(packing_, x, params, this->dropout(rate_, seed_), cache_, carry,
                       states_.topRows(packing_.rows()));
}

void SequencePass::backward(const SequenceView& view, ConstVectorRef params, ConstMatrixRef d_states,
                            Gradient& gradient, const Matrix* d_inputs) {
  const Index rows = packing_.rows();
  auto dx = dx_.topRows(rows);
  auto d_carry = d_carry_.topRows(packing_.sequences());
  d_carry.setZero();
  auto grads = gradient.dense(0, net_.stack().num_params());
  net_.stack().backward(packing_, x_.topRows(rows), d_states, params, dropout(rate_, seed_), cache_,
                        carry_.topRows(packing_.sequences()), d_carry, dx, grads);
  if (piece_ == 0) net_.stack().start_backward(d_carry, grads);
  if (d_inputs) dx += d_inputs->topRows(rows);
  for (Index t = 0; t < packing_.steps(); ++t)
    for (Index s = 0; s < packing_.active(t); ++s)
      net_.vectors().add_gradient(view, event(t, s), dx.row(packing_.row(t, s)).data(), gradient);
}

void Pool::add(const SequencePass& pass, MatrixRef pooled) const {
  const Packing& packing = pass.packing();
  for (Index t = 0; t < packing.steps(); ++t)
    for (Index s = 0; s < packing.active(t); ++s) {
      const auto state = pass.states().row(packing.row(t, s));
      if (mean_) pooled.row(s) += state;
      if (!pass.ends(t, s)) continue;
      if (mean_)
        pooled.row(s) /= static_cast<Scalar>(pass.time(t) + 1);
      else
        pooled.row(s) = state;
    }
}

void Pool::backward(const SequencePass& pass, ConstMatrixRef d_pooled, MatrixRef d_states) const {
  const Packing& packing = pass.packing();
  for (Index t = 0; t < packing.steps(); ++t)
    for (Index s = 0; s < packing.active(t); ++s) {
      auto d = d_states.row(packing.row(t, s));
      if (mean_)
        d = d_pooled.row(s) / static_cast<Scalar>(pass.sequences()[static_cast<std::size_t>(s)].length);
      else if (pass.ends(t, s))
        d = d_pooled.row(s);
      else
        d.setZero();
    }
}

}  // namespace entivec
