#include "entivec/sequences/stack.h"

#include "entivec/nn/running_mean.h"

namespace entivec {

namespace {

std::vector<Index> dense_widths(Index in, const SequenceSizes& sizes) {
  if (sizes.reader != Reader::kNone) return {0};
  return {in, sizes.hidden, sizes.hidden};
}

}  // namespace

void PackedDropout::apply(std::uint32_t layer, const Packing& packing, MatrixRef m) const {
  if (rate <= 0) return;
  const Random random(seed, Stream::kDropout, layer);
  const auto threshold = probability_threshold(rate);
  const Scalar kept = 1 / (1 - rate);
  for (Index t = 0; t < packing.steps(); ++t)
    for (Index s = 0; s < packing.active(t); ++s) {
      // 2^12 words an event, 2^20 events a sequence.
      RandomWords words(random, (positions[s] << 30) + (static_cast<std::uint64_t>(first_event + t) << 10));
      Scalar* row = m.row(packing.row(t, s)).data();
      for (Index j = 0; j < m.cols(); ++j) row[j] *= words() < threshold ? Scalar(0) : kept;
    }
}

Stack::Stack(Index in, const SequenceSizes& sizes)
    : in_(in),
      hidden_(sizes.hidden),
      dense_(dense_widths(in, sizes), Activation::kRelu, false, false),
      projection_(sizes.hidden, sizes.components) {
  if (sizes.reader == Reader::kNone) {
    carried_ = in + 1;
  } else {
    const Cell cell = sizes.reader == Reader::kLstm ? Cell::kLstm : Cell::kGru;
    for (Index l = 0; l < sizes.layers; ++l) {
      layers_.emplace_back(cell, l == 0 ? in : hidden_, hidden_);
      offsets_.push_back(num_params_);
      carries_.push_back(carried_);
      num_params_ += layers_.back().num_params();
      carried_ += layers_.back().carried();
    }
  }
  start_ = num_params_;
  if (depth() > 0) num_params_ += carried_;
  dense_at_ = num_params_;
  if (depth() == 0) num_params_ += dense_.num_params();
  projection_at_ = num_params_;
  num_params_ += projection_.num_params();
}

Index Stack::out() const { return projected() ? projection_.out() : hidden_; }

Stack::Cache Stack::cache(Index rows, Index sequences) const {
  Cache cache;
  for (const Recurrent& layer : layers_) cache.layers.push_back(layer.cache(rows, sequences));
  for (Index l = 0; l < std::max<Index>(depth(), 1); ++l) {
    cache.h.emplace_back(rows, hidden_);
    cache.dh.emplace_back(rows, hidden_);
  }
  if (depth() == 0) {
    cache.mean.resize(rows, in_);
    cache.dense = dense_.cache(rows);
  }
  return cache;
}

void Stack::start(ConstVectorRef params, MatrixRef carry) const {
  if (depth() == 0)
    carry.setZero();
  else
    carry.rowwise() = params.segment(start_, carried_).transpose();
}

void Stack::start_backward(ConstMatrixRef d_carry, VectorRef grads) const {
  if (depth() == 0) return;
  auto start = grads.segment(start_, carried_);
  for (Index s = 0; s < d_carry.rows(); ++s) start += d_carry.row(s).transpose();
}

void Stack::forward(const Packing& packing, MatrixRef x, ConstVectorRef params, const PackedDropout& dropout,
                    Cache& cache, MatrixRef carry, MatrixRef states) const {
  const Index rows = packing.rows();
  dropout.apply(0, packing, x);
  if (depth() == 0) {
    running_mean(packing, x, carry, cache.mean.topRows(rows));
    dense_.forward(cache.mean.topRows(rows), params.segment(dense_at_, dense_.num_params()), {}, 0, cache.dense,
                   cache.h[0].topRows(rows));
  }
  for (Index l = 0; l < depth(); ++l) {
    const Recurrent& layer = layers_[at(l)];
    auto h = cache.h[at(l)].topRows(rows);
    const ConstMatrixRef below = l == 0 ? ConstMatrixRef(x) : ConstMatrixRef(cache.h[at(l - 1)].topRows(rows));
    layer.forward(packing, below, params.segment(offsets_[at(l)], layer.num_params()), cache.layers[at(l)],
                  carry.middleCols(carries_[at(l)], layer.carried()), h);
    if (l + 1 < depth()) dropout.apply(static_cast<std::uint32_t>(l + 1), packing, h);
  }
  const auto top = cache.h.back().topRows(rows);
  if (projected())
    projection_.forward(top, params.segment(projection_at_, projection_.num_params()), states);
  else
    states = top;
}

void Stack::backward(const Packing& packing, ConstMatrixRef x, ConstMatrixRef d_states, ConstVectorRef params,
                     const PackedDropout& dropout, Cache& cache, MatrixRef carry, MatrixRef d_carry, MatrixRef dx,
                     VectorRef grads) const {
  const Index rows = packing.rows();
  auto d_top = cache.dh.back().topRows(rows);
  const Index own = projection_.num_params();
  if (projected())
    projection_.backward(cache.h.back().topRows(rows), d_states, params.segment(projection_at_, own), d_top,
                         grads.segment(projection_at_, own));
  else
    d_top = d_states;
  if (depth() == 0) {
    const Index size = dense_.num_params();
    dense_.backward(cache.mean.topRows(rows), d_top, params.segment(dense_at_, size), cache.dense, dx,
                    grads.segment(dense_at_, size));
    auto d_mean = cache.mean.topRows(rows);
    d_mean = dx;
    running_mean_backward(packing, d_mean, carry, dx);
  }
  for (Index l = depth() - 1; l >= 0; --l) {
    const Recurrent& layer = layers_[at(l)];
    const Index size = layer.num_params();
    const ConstMatrixRef below = l == 0 ? x : ConstMatrixRef(cache.h[at(l - 1)].topRows(rows));
    MatrixRef d_below = l == 0 ? dx : MatrixRef(cache.dh[at(l - 1)].topRows(rows));
    layer.backward(packing, below, cache.dh[at(l)].topRows(rows), params.segment(offsets_[at(l)], size),
                   cache.layers[at(l)], d_carry.middleCols(carries_[at(l)], layer.carried()), d_below,
                   grads.segment(offsets_[at(l)], size));
    if (l > 0) dropout.apply(static_cast<std::uint32_t>(l), packing, d_below);
  }
  dropout.apply(0, packing, dx);
}

void Stack::outset(ConstMatrixRef carry, ConstVectorRef params, MatrixRef states) const {
  const Index n = carry.rows();
  Matrix top(n, hidden_);
  if (depth() == 0) {
    Mlp::Cache cache = dense_.cache(n);
    dense_.forward(Matrix::Zero(n, in_), params.segment(dense_at_, dense_.num_params()), {}, 0, cache, top);
  } else {
    top = carry.middleCols(carries_.back(), hidden_);
  }
  if (projected())
    projection_.forward(top, params.segment(projection_at_, projection_.num_params()), states);
  else
    states = top;
}

void Stack::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  params.setZero();  // the start
  for (Index l = 0; l < depth(); ++l)
    layers_[at(l)].initialise(random, index, params.segment(offsets_[at(l)], layers_[at(l)].num_params()));
  if (depth() == 0) dense_.initialise(random, index, params.segment(dense_at_, dense_.num_params()));
  projection_.initialise(random, index, params.segment(projection_at_, projection_.num_params()));
}

}  // namespace entivec
