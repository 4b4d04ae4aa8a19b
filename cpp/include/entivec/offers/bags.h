// Mean and population variance of the rows of every group.
#pragma once

#include "entivec/core/types.h"
#include "entivec/offers/keys.h"

namespace entivec {

// row(i) gives the numbers (width) of row i, wherever they lie: nothing is gathered. Rows are summed in their order, so
// that sums have the same bits however the rows are held. mean, variance (groups.count, width): overwritten.
template <class Row>
void group_by_bags(const RowGroups& groups, Index width, const Row& row, MatrixRef mean, MatrixRef variance) {
  using Numbers = Eigen::Array<Scalar, 1, Eigen::Dynamic>;
  Vector count = Vector::Zero(groups.count);
  mean.setZero();
  variance.setZero();
  const auto rows = static_cast<Index>(groups.of.size());
  for (Index i = 0; i < rows; ++i) {
    const Index group = groups.of[static_cast<std::size_t>(i)];
    mean.row(group).array() += Eigen::Map<const Numbers>(row(i), width);
    count[group] += 1;
  }
  for (Index g = 0; g < groups.count; ++g) mean.row(g) /= count[g];
  for (Index i = 0; i < rows; ++i) {
    const Index group = groups.of[static_cast<std::size_t>(i)];
    variance.row(group).array() += (Eigen::Map<const Numbers>(row(i), width) - mean.row(group).array()).square();
  }
  for (Index g = 0; g < groups.count; ++g) variance.row(g) /= count[g];
}

// d of row i is add(i, d): a function of the group's gradients and the row itself.
template <class Row, class Add>
void group_by_bags_backward(const RowGroups& groups, Index width, const Row& row, ConstMatrixRef mean,
                            ConstMatrixRef d_mean, ConstMatrixRef d_variance, const Add& add) {
  using Numbers = Eigen::Array<Scalar, 1, Eigen::Dynamic>;
  Vector count = Vector::Zero(groups.count);
  for (Index group : groups.of) count[group] += 1;
  Numbers d(width);
  for (Index i = 0; i < static_cast<Index>(groups.of.size()); ++i) {
    const Index g = groups.of[static_cast<std::size_t>(i)];
    d = (d_mean.row(g).array() +
         2 * d_variance.row(g).array() * (Eigen::Map<const Numbers>(row(i), width) - mean.row(g).array())) /
        count[g];
    add(i, d.data());
  }
}

}  // namespace entivec
