#include "entivec/offers/meta_features.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/loss/softmax.h"

namespace entivec {

namespace {

constexpr Index kMostMetas = 5;

Index checked_metas(Index metas) {
  check(metas > 0 && metas <= kMostMetas, "FeatureCompression", "1 to 5 meta-features", metas);
  return metas;
}

}  // namespace

FeatureCompression::FeatureCompression(Index inputs, Index metas, Index width)
    : Linear(inputs, checked_metas(metas) * width) {
  check(inputs > 0, "FeatureCompression", "inputs > 0", inputs);
  check(width > 0, "FeatureCompression", "width > 0", width);
}

MaskNet::MaskNet(Index bag, Index metas)
    : layers_(std::vector<Index>{2 * bag, metas, metas}, Activation::kRelu, false, false) {
  check(bag > 0 && metas > 0, "MaskNet", "bag and metas > 0", std::min(bag, metas));
}

MaskNet::Cache MaskNet::cache(Index capacity) const {
  Cache cache;
  cache.moments = cache.d_moments = Matrix::Zero(capacity, 2 * bag());
  cache.d_y = Matrix::Zero(capacity, metas());
  cache.layers = layers_.cache(capacity);
  return cache;
}

void MaskNet::forward(ConstMatrixRef mean, ConstMatrixRef variance, ConstVectorRef params, Cache& cache,
                      MatrixRef gate) const {
  auto moments = cache.moments.topRows(mean.rows());
  moments.leftCols(bag()) = mean;
  moments.rightCols(bag()) = variance;
  layers_.forward(moments, params, {}, 0, cache.layers, gate);
  for (Index i = 0; i < gate.rows(); ++i)
    for (Index j = 0; j < gate.cols(); ++j) gate(i, j) = 2 * sigmoid(gate(i, j));
}

void MaskNet::backward(ConstMatrixRef gate, ConstMatrixRef d_gate, ConstVectorRef params, Cache& cache,
                       MatrixRef d_mean, MatrixRef d_variance, VectorRef grads) const {
  auto d_y = cache.d_y.topRows(gate.rows()), d_moments = cache.d_moments.topRows(gate.rows());
  d_y.array() = d_gate.array() * gate.array() * (1 - gate.array() / 2);  // of 2σ(y)
  layers_.backward(cache.moments.topRows(gate.rows()), d_y, params, cache.layers, d_moments, grads);
  d_mean += d_moments.leftCols(bag());
  d_variance = d_moments.rightCols(bag());
}

Interactions::Interactions(Index metas, Index width, bool bilinear)
    : metas_(metas), width_(width), bilinear_(bilinear) {
  check(metas > 0 && width > 0, "Interactions", "metas and width > 0", std::min(metas, width));
}

void Interactions::contract(ConstMatrixRef offers, ConstVectorRef params, MatrixRef v) const {
  if (!bilinear_) {
    v = offers;
    return;
  }
  const Linear one = kernel();
  for (Index q = 0; q < metas_; ++q)
    one.forward(offers.middleCols(q * width_, width_), params.segment(q * one.num_params(), one.num_params()),
                v.middleCols(q * metas(), metas()));
}

void Interactions::contract_backward(ConstMatrixRef offers, ConstMatrixRef dv, ConstVectorRef params,
                                     MatrixRef d_offers, VectorRef grads) const {
  if (!bilinear_) {
    d_offers = dv;
    return;
  }
  const Linear one = kernel();
  for (Index q = 0; q < metas_; ++q) {
    const Index at = q * one.num_params();
    one.backward(offers.middleCols(q * width_, width_), dv.middleCols(q * metas(), metas()),
                 params.segment(at, one.num_params()), d_offers.middleCols(q * width_, width_),
                 grads.segment(at, one.num_params()));
  }
}

void Interactions::interact(const Scalar* u, const Scalar* v, Scalar* s) const {
  using Meta = Eigen::Map<const Vector>;
  for (Index k = 0; k < count(); ++k) s[k] = Meta(u + meta_of(k) * width_, width_).dot(Meta(v + k * width_, width_));
}

void Interactions::interact_backward(const Scalar* u, const Scalar* v, const Scalar* ds, Scalar* du, Scalar* dv) const {
  using Meta = Eigen::Map<const Vector>;
  using Into = Eigen::Map<Vector>;
  for (Index k = 0; k < count(); ++k) {
    Into(du + meta_of(k) * width_, width_) += ds[k] * Meta(v + k * width_, width_);
    Into(dv + k * width_, width_) += ds[k] * Meta(u + meta_of(k) * width_, width_);
  }
}

void Interactions::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  const Linear one = kernel();
  for (Index at = 0; at < num_params(); at += one.num_params())
    one.initialise(random, index, params.segment(at, one.num_params()));
}

}  // namespace entivec
