// The latent variables of a variational autoencoder, between its encoder and its decoder.
//   q(z|x) = N(μ, diag e^lv) × Π_i Categorical(a_i)   p(z) = N(0, I) × Π_i uniform
//   statistics (n, 2d + Σk)  [μ | lv | logits of every category], what the encoder gives
//   z          (n, d + Σk)   [a draw of N(μ, e^lv) | one of every category], what the decoder reads
//   code       (n, d + Σk)   [μ | a], the embedding
// Kingma & Welling 2014; Higgins et al. 2017 (β); Burgess et al. 2018 (capacity); Dupont 2018 (categories).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "entivec/core/rng.h"
#include "entivec/core/types.h"

namespace entivec {

// What a variational model adds to the sizes of an autoencoder.
//   without capacity   weight · KL
//   with               weight · |KL_z − C_z| + weight · |KL_c − C_c|, KL the mean over the batch of all Gaussian (z) or
//                      categorical (c) latents together
// The weight, or the capacities, grow linearly from 0 while the training anneals, C_c to at most Σ ln k.
struct Variational {
  bool on = false;
  std::vector<Index> categories{};  // NOLINT(readability-redundant-member-init)
  Scalar temperature = Scalar(0.67);
  Scalar weight = 1;     // β or γ
  double capacity = -1;  // C_z in nats; below 0 there is none
  double categorical_capacity = 0;

  // C_z and C_c in force once `annealed` of them is: the training asks in its own numbers, records in double.
  template <class Number>
  Number capacity_at(Number annealed) const {
    return annealed * static_cast<Number>(capacity);
  }
  template <class Number>
  Number categorical_capacity_at(Number annealed) const {
    Number most = 0;  // what the categories can carry, Σ ln k
    for (const Index levels : categories) most += std::log(static_cast<Number>(levels));
    return std::min(annealed * static_cast<Number>(categorical_capacity), most);
  }
};

class Posterior {
 public:
  Posterior(Index continuous, std::vector<Index> categories, Scalar temperature);

  Index continuous() const { return continuous_; }
  const std::vector<Index>& categories() const { return categories_; }  // levels of each
  Index statistics() const { return 2 * continuous_ + levels_; }
  Index code() const { return continuous_ + levels_; }
  Index latents() const { return continuous_ + static_cast<Index>(categories_.size()); }

  // Log-variances brought into [kLeastLogVariance, kMostLogVariance], where their exponential is a number. An encoder
  // far off one row would otherwise end a training.
  void bound(MatrixRef statistics) const;

  // z of rows numbered from `position`. Categories are relaxed, softmax((logits + Gumbel noise) / temperature)
  // (Maddison et al. 2017; Jang et al. 2017), or, `hard`, one level each.
  void draw(ConstMatrixRef statistics, const Random& random, std::uint64_t position, bool hard, MatrixRef z) const;

  // The embedding of a row.
  void embed(ConstMatrixRef statistics, MatrixRef code) const;

  // Every category of a code or a draw → its most probable level.
  void decide(MatrixRef z) const;

  // kl (n, d + number of categories)
  void divergence(ConstMatrixRef statistics, MatrixRef kl) const;

  // log p(z) − log q(z|x) (n) of hard draws.
  void log_ratio(ConstMatrixRef statistics, ConstMatrixRef z, VectorRef ratio) const;

  // From the gradient with respect to relaxed draws, and that of Σ_i by_i · KL of the Gaussian latents and
  // by_categorical_i · KL of the categories. Overwrites `d_statistics`. Log-variances at a bound have a gradient only
  // where it leads back.
  void backward(ConstMatrixRef statistics, ConstMatrixRef z, ConstMatrixRef dz, ConstVectorRef by,
                ConstVectorRef by_categorical, MatrixRef d_statistics) const;

  // j (n · (d + Σk), inputs) = ∂code/∂x from ∂statistics/∂x (n · statistics, inputs).
  void jacobian(ConstMatrixRef statistics, ConstMatrixRef of_statistics, MatrixRef j) const;

  static constexpr Scalar kLeastLogVariance = -20, kMostLogVariance = 10;

 private:
  // Calls visit(category, first level, levels) with levels counted over all categories.
  template <class Visit>
  void for_each_category(const Visit& visit) const {
    Index first = 0;
    for (std::size_t c = 0; c < categories_.size(); first += categories_[c++])
      visit(static_cast<Index>(c), first, categories_[c]);
  }

  Index continuous_, levels_;
  std::vector<Index> categories_;
  Scalar temperature_;
};

}  // namespace entivec
