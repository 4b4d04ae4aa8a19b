#include "entivec/rows/variational.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "entivec/core/check.h"
#include "entivec/core/run.h"
#include "entivec/loss/kl.h"
#include "entivec/loss/softmax.h"

namespace entivec {

namespace {

// −ln(−ln u)
Scalar gumbel(std::uint32_t word) {
  return static_cast<Scalar>(-std::log(-std::log((static_cast<double>(word) + 0.5) * 0x1.0p-32)));
}

}  // namespace

Posterior::Posterior(Index continuous, std::vector<Index> categories, Scalar temperature)
    : continuous_(continuous),
      levels_(std::accumulate(categories.begin(), categories.end(), Index{0})),
      categories_(std::move(categories)),
      temperature_(temperature) {
  for (Index levels : categories_) check(levels >= 2, "Posterior, categories", "at least two levels", levels);
  check(temperature > 0, "Posterior, temperature", "a number > 0", temperature);
}

void Posterior::bound(MatrixRef statistics) const {
  auto lv = statistics.middleCols(continuous_, continuous_).array();
  lv = lv.max(kLeastLogVariance).min(kMostLogVariance);
}

void Posterior::draw(ConstMatrixRef statistics, const Random& random, std::uint64_t position, bool hard,
                     MatrixRef z) const {
  const Index d = continuous_;
  for (Index i = 0; i < statistics.rows(); ++i) {
    const std::uint64_t row = (position + static_cast<std::uint64_t>(i)) << 20;
    fill_normal(random, row, d, z.row(i).data());
    constexpr Index kPiece = 64;
    for (Index k = 0; k < d; k += kPiece) {
      const Index size = std::min(kPiece, d - k);
      Eigen::Array<Scalar, 1, kPiece> deviation;
      deviation.head(size) = Scalar(0.5) * statistics.row(i).segment(d + k, size).array();
      run::exp_below(0, deviation.data(), size);
      auto own = z.row(i).segment(k, size).array();
      own = statistics.row(i).segment(k, size).array() + deviation.head(size) * own;
    }
    RandomWords words(random, row + (1u << 19));  // the upper half of a row's counter range
    for (Index level = 0; level < levels_; ++level) z(i, d + level) = statistics(i, 2 * d + level) + gumbel(words());
  }
  if (hard) return decide(z);
  z.rightCols(levels_) /= temperature_;
  for_each_category([&](Index, Index first, Index levels) {
    auto own = z.middleCols(d + first, levels);
    softmax_rows(own, own);
  });
}

void Posterior::embed(ConstMatrixRef statistics, MatrixRef code) const {
  code.leftCols(continuous_) = statistics.leftCols(continuous_);
  for_each_category([&](Index, Index first, Index levels) {
    softmax_rows(statistics.middleCols(2 * continuous_ + first, levels), code.middleCols(continuous_ + first, levels));
  });
}

void Posterior::decide(MatrixRef z) const {
  for_each_category([&](Index, Index first, Index levels) {
    for (Index i = 0; i < z.rows(); ++i) {
      auto own = z.row(i).segment(continuous_ + first, levels);
      Index best = 0;
      own.maxCoeff(&best);
      own.setZero();
      own[best] = 1;
    }
  });
}

void Posterior::divergence(ConstMatrixRef statistics, MatrixRef kl) const {
  const Index d = continuous_;
  gaussian_kl(statistics.leftCols(d), statistics.middleCols(d, d), kl.leftCols(d));
  for_each_category([&](Index c, Index first, Index levels) {
    categorical_kl(statistics.middleCols(2 * d + first, levels), kl.middleCols(d + c, 1));
  });
}

void Posterior::log_ratio(ConstMatrixRef statistics, ConstMatrixRef z, VectorRef ratio) const {
  const Index d = continuous_;
  for (Index i = 0; i < z.rows(); ++i) {
    const auto lv = statistics.row(i).segment(d, d).array();
    const auto centred = z.row(i).head(d).array() - statistics.row(i).head(d).array();
    ratio[i] = Scalar(0.5) * (lv + centred.square() * (-lv).exp() - z.row(i).head(d).array().square()).sum();
  }
  for_each_category([&](Index, Index first, Index levels) {
    const auto logits = statistics.middleCols(2 * d + first, levels), chosen = z.middleCols(d + first, levels);
    for (Index i = 0; i < z.rows(); ++i)
      ratio[i] -= std::log(static_cast<Scalar>(levels)) + chosen.row(i).dot(logits.row(i)) - log_sum_exp(logits, i);
  });
}

void Posterior::backward(ConstMatrixRef statistics, ConstMatrixRef z, ConstMatrixRef dz, ConstVectorRef by,
                         ConstVectorRef by_categorical, MatrixRef d_statistics) const {
  const Index d = continuous_;
  auto d_mean = d_statistics.leftCols(d), d_log_variance = d_statistics.middleCols(d, d);
  d_mean = dz.leftCols(d);
  // z − μ is e^{lv/2} ε, and ∂z/∂lv half of it.
  d_log_variance = Scalar(0.5) * dz.leftCols(d).cwiseProduct(z.leftCols(d) - statistics.leftCols(d));
  gaussian_kl_backward(statistics.leftCols(d), statistics.middleCols(d, d), by, d_mean, d_log_variance);
  const auto lv = statistics.middleCols(d, d).array();
  const auto further =
      (lv >= kMostLogVariance && d_log_variance.array() < 0) || (lv <= kLeastLogVariance && d_log_variance.array() > 0);
  d_log_variance = further.select(Scalar(0), d_log_variance);
  for_each_category([&](Index, Index first, Index levels) {
    auto d_logits = d_statistics.middleCols(2 * d + first, levels);
    for (Index i = 0; i < z.rows(); ++i) {
      const auto y = z.row(i).segment(d + first, levels).array();
      const auto dy = dz.row(i).segment(d + first, levels).array();
      d_logits.row(i).array() = y * (dy - (y * dy).sum()) / temperature_;
    }
    categorical_kl_backward(statistics.middleCols(2 * d + first, levels), by_categorical, d_logits);
  });
}

void Posterior::jacobian(ConstMatrixRef statistics, ConstMatrixRef of_statistics, MatrixRef j) const {
  const Index d = continuous_, wide = this->statistics();
  Matrix codes(statistics.rows(), code());
  embed(statistics, codes);
  for (Index i = 0; i < statistics.rows(); ++i) {
    const auto in = of_statistics.middleRows(i * wide, wide);
    auto out = j.middleRows(i * code(), code());
    out.topRows(d) = in.topRows(d);
    for_each_category([&](Index, Index first, Index levels) {
      const Vector a = codes.row(i).segment(d + first, levels).transpose();
      const auto logits = in.middleRows(2 * d + first, levels);
      out.middleRows(d + first, levels) = a.asDiagonal() * (logits.rowwise() - a.transpose() * logits);
    });
  }
}

}  // namespace entivec
