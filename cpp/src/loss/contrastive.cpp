#include "entivec/loss/contrastive.h"

#include <algorithm>
#include <cmath>

#include "entivec/product/product.h"

namespace entivec {

namespace {

constexpr Scalar kLeastNorm = Scalar(1e-12), kLeastDistance = Scalar(1e-6);

// Slices of other entities than that of slice i, the `count` nearest first; ties by number.
void nearest(const Matrix& cosines, const std::vector<Index>& entity, Index i, Index count, std::vector<Index>& found) {
  found.clear();
  for (Index j = 0; j < cosines.cols(); ++j)
    if (entity[static_cast<std::size_t>(j)] != entity[static_cast<std::size_t>(i)]) found.push_back(j);
  const auto closer = [&](Index a, Index b) {
    return cosines(i, a) != cosines(i, b) ? cosines(i, a) > cosines(i, b) : a < b;
  };
  const auto kept = std::min<std::size_t>(found.size(), static_cast<std::size_t>(count));
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(), closer);
  found.resize(kept);
}

}  // namespace

Scalar contrastive_loss(const ContrastivePairs& pairs, ConstMatrixRef e, const std::vector<Index>& entity, Scalar by,
                        MatrixRef de) {
  const Index n = e.rows();
  const Vector norm = e.rowwise().norm().cwiseMax(kLeastNorm);
  const Matrix unit = norm.cwiseInverse().asDiagonal() * e;
  Matrix cosines(n, n), pull = Matrix::Zero(n, n);  // pull: of the loss with respect to D²
  set_product_transposed(unit, unit, cosines);
  Scalar loss = 0;
  std::vector<Index> found;
  for (Index i = 0; i < n; ++i) {
    for (Index j = i + 1; j < n; ++j) {
      if (entity[static_cast<std::size_t>(i)] != entity[static_cast<std::size_t>(j)]) continue;
      loss += std::max(Scalar(0), 2 - 2 * cosines(i, j));
      pull(i, j) += 1;
    }
    nearest(cosines, entity, i, pairs.negatives, found);
    for (Index j : found) {
      const Scalar distance = std::sqrt(std::max(Scalar(0), 2 - 2 * cosines(i, j)));
      const Scalar short_of = pairs.margin - distance;
      if (short_of <= 0) continue;
      loss += short_of * short_of;
      pull(i, j) -= short_of / std::max(distance, kLeastDistance);
    }
  }
  // D² = 2 − 2 u·v, so that du = −2 Σ pull · v; and of a direction u = e/|e|: de = (du − u (u·du)) / |e|.
  const Matrix both = pull + pull.transpose();
  de.setZero();
  add_product(-2 * by, both, unit, de);
  for (Index i = 0; i < n; ++i) de.row(i) = (de.row(i) - unit.row(i) * unit.row(i).dot(de.row(i))) / norm[i];
  return by * loss;
}

}  // namespace entivec
