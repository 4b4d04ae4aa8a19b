#include "entivec/nn/mlp.h"

#include "entivec/nn/l2.h"

namespace entivec {

Mlp::Mlp(std::vector<Index> widths, Activation activation, bool activate_input, bool activate_output)
    : widths_(std::move(widths)),
      activation_(activation),
      activate_input_(activate_input),
      activate_output_(activate_output) {
  for (std::size_t l = 0; l + 1 < widths_.size(); ++l) {
    maps_.emplace_back(widths_[l], widths_[l + 1]);
    offsets_.push_back(num_params_);
    num_params_ += maps_.back().num_params();
  }
}

bool Mlp::activated(Index level) const {
  if (level == 0) return activate_input_;
  return level < depth() || activate_output_;
}

Mlp::Cache Mlp::cache(Index capacity) const {
  Cache cache;
  for (std::size_t level = 0; level < widths_.size(); ++level) {
    const Index width = activated(static_cast<Index>(level)) ? widths_[level] : 0;
    cache.h.emplace_back(Matrix::Zero(capacity, width));
    cache.slope.emplace_back(Matrix::Zero(capacity, width));
    cache.dx.emplace_back(Matrix::Zero(capacity, widths_[level]));
  }
  return cache;
}

void Mlp::forward(ConstMatrixRef x, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
                  Cache& cache, MatrixRef y) const {
  const Index n = x.rows();
  auto finish = [&](Index level, ConstMatrixRef a, MatrixRef h) {
    auto slope = cache.slope[static_cast<std::size_t>(level)].topRows(n);
    activate(activation_, a, h, slope);
    drop(dropout, first_layer + static_cast<std::uint32_t>(level), h, slope);
  };
  if (activated(0)) finish(0, x, cache.h[0].topRows(n));
  for (Index l = 0; l < depth(); ++l) {
    const auto at = static_cast<std::size_t>(l);
    const auto own = params.segment(offset(l), map(l).num_params());
    const bool last = l + 1 == depth();
    MatrixRef out = last ? y : MatrixRef(cache.h[at + 1].topRows(n));
    if (activated(l))
      map(l).forward(cache.h[at].topRows(n), own, out);
    else
      map(l).forward(x, own, out);
    if (activated(l + 1)) finish(l + 1, out, out);
  }
}

void Mlp::backward(ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params, Cache& cache, MatrixRef dx,
                   VectorRef grads) const {
  const Index n = x.rows();
  auto level = [n](std::vector<Matrix>& matrices, Index l) { return matrices[static_cast<std::size_t>(l)].topRows(n); };
  auto da = level(cache.dx, depth());
  if (activated(depth()))
    da = dy.cwiseProduct(level(cache.slope, depth()));
  else
    da = dy;
  for (Index l = depth() - 1; l >= 0; --l) {
    const auto own = params.segment(offset(l), map(l).num_params());
    auto own_grads = grads.segment(offset(l), map(l).num_params());
    MatrixRef below = l == 0 ? dx : MatrixRef(level(cache.dx, l));
    const ConstMatrixRef above = level(cache.dx, l + 1);
    if (activated(l)) {
      map(l).backward(level(cache.h, l), above, own, below, own_grads);
      below.array() *= level(cache.slope, l).array();
    } else {
      map(l).backward(x, above, own, below, own_grads);
    }
  }
}

Scalar Mlp::l2(Scalar rate, Index maps, ConstVectorRef params, VectorRef grads) const {
  Scalar loss = 0;
  for (Index l = 0; l < maps; ++l)
    loss += add_l2(rate, ConstMatrixMap(params.data() + offset(l), map(l).in(), map(l).out()),
                   MatrixMap(grads.data() + offset(l), map(l).in(), map(l).out()));
  return loss;
}

void Mlp::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  for (Index l = 0; l < depth(); ++l) map(l).initialise(random, index, params.segment(offset(l), map(l).num_params()));
}

}  // namespace entivec
