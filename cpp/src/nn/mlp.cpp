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

Mlp::Cache Mlp::cache(Index capacity, bool curvature) const {
  Cache cache;
  for (Index level = 0; level <= depth(); ++level) {
    const Index own = activated(level) ? width(level) : 0;
    cache.h.emplace_back(Matrix::Zero(capacity, own));
    cache.slope.emplace_back(Matrix::Zero(capacity, own));
    cache.dx.emplace_back(Matrix::Zero(capacity, width(level)));
    cache.curvature.emplace_back(Matrix::Zero(curvature ? capacity : 0, own));
    cache.d_slope.emplace_back(Matrix::Zero(curvature ? capacity : 0, own));
  }
  return cache;
}

void Mlp::forward(ConstMatrixRef x, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
                  Cache& cache, MatrixRef y) const {
  const Index n = x.rows();
  auto finish = [&](Index level, ConstMatrixRef a, MatrixRef h) {
    const auto at = static_cast<std::size_t>(level);
    auto slope = cache.slope[at].topRows(n);
    auto curvature = cache.curvature[at].topRows(std::min(n, cache.curvature[at].rows()));
    if (curvature.rows() > 0)
      activate(activation_, a, h, slope, curvature);
    else
      activate(activation_, a, h, slope);
    drop(dropout, first_layer + static_cast<std::uint32_t>(level), h, slope, curvature);
  };
  if (depth() == 0) {
    finish(0, x, y);
    return;
  }
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
                   VectorRef grads, KernelProducts* later) const {
  const Index n = x.rows();
  auto level = [n](std::vector<Matrix>& matrices, Index l) { return matrices[static_cast<std::size_t>(l)].topRows(n); };
  // From the gradient of an activated value to that of its pre-activation, in place.
  auto through = [&](Index l, MatrixRef d) {
    if (!activated(l)) return;
    d.array() *= level(cache.slope, l).array();
    if (cache.curvature[static_cast<std::size_t>(l)].rows() > 0)
      d.array() += level(cache.d_slope, l).array() * level(cache.curvature, l).array();
  };
  auto da = level(cache.dx, depth());
  da = dy;
  through(depth(), da);
  if (depth() == 0) {
    dx = da;
    return;
  }
  for (Index l = depth() - 1; l >= 0; --l) {
    const auto own = params.segment(offset(l), map(l).num_params());
    auto own_grads = grads.segment(offset(l), map(l).num_params());
    MatrixRef below = l == 0 ? dx : MatrixRef(level(cache.dx, l));
    const ConstMatrixRef above = level(cache.dx, l + 1);
    map(l).backward(activated(l) ? ConstMatrixRef(level(cache.h, l)) : x, above, own, below, own_grads, later);
    through(l, below);
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
