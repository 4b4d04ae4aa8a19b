// The few numbers that stand for a customer or an offer, and how they meet; parts of an OfferNet, each usable alone.
#pragma once

#include "entivec/nn/mlp.h"

namespace entivec {

// Many numbers → meta-features of `width` numbers each, at most 5 of them.
class FeatureCompression : public Linear {
 public:
  FeatureCompression(Index inputs, Index metas, Index width);
};

// Gates meta-features by what a bag is like (after MaskNet: Wang et al. 2021): each number is multiplied by 2σ(y), y
// two layers over the bag's mean and variance. 1 where it knows nothing.
class MaskNet {
 public:
  MaskNet(Index bag, Index metas);  // numbers of a mean, and of all meta-features

  struct Cache {
    Matrix moments, d_moments, d_y;
    Mlp::Cache layers;
  };
  Cache cache(Index capacity) const;

  Index bag() const { return layers_.width(0) / 2; }
  Index metas() const { return layers_.width(layers_.depth()); }
  Index num_params() const { return layers_.num_params(); }

  // mean, variance (n, bag) → gate (n, metas)
  void forward(ConstMatrixRef mean, ConstMatrixRef variance, ConstVectorRef params, Cache& cache, MatrixRef gate) const;
  // Adds to `d_mean` and `grads`, overwrites `d_variance`.
  void backward(ConstMatrixRef gate, ConstMatrixRef d_gate, ConstVectorRef params, Cache& cache, MatrixRef d_mean,
                MatrixRef d_variance, VectorRef grads) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
    layers_.initialise(random, index, params);
  }

 private:
  Mlp layers_;
};

// Products of the meta-features u_p of a customer and o_q of an offer: of all pairs u_p · (W_pq o_q + b_pq), where
// `bilinear` (Huang et al. 2019, FiBiNET), else u_p · o_p. W o + b is taken once an offer, not once a pair.
class Interactions {
 public:
  Interactions(Index metas, Index width, bool bilinear);

  Index metas() const { return metas_ * width_; }
  Index count() const { return bilinear_ ? metas_ * metas_ : metas_; }
  Index contracted() const { return count() * width_; }  // width of an offer ready for customers
  Index num_params() const { return bilinear_ ? metas_ * kernel().num_params() : 0; }

  // offers (n, metas()) → v (n, contracted())
  void contract(ConstMatrixRef offers, ConstVectorRef params, MatrixRef v) const;
  // Overwrites `d_offers`, adds to `grads`.
  void contract_backward(ConstMatrixRef offers, ConstMatrixRef dv, ConstVectorRef params, MatrixRef d_offers,
                         VectorRef grads) const;

  // s (count()) of a customer's u (metas()) and an offer's v.
  void interact(const Scalar* u, const Scalar* v, Scalar* s) const;
  // Adds to du and dv.
  void interact_backward(const Scalar* u, const Scalar* v, const Scalar* ds, Scalar* du, Scalar* dv) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  Linear kernel() const { return {width_, metas_ * width_}; }  // of one meta-feature of an offer
  Index meta_of(Index pair) const { return bilinear_ ? pair % metas_ : pair; }

  Index metas_, width_;
  bool bilinear_;
};

}  // namespace entivec
