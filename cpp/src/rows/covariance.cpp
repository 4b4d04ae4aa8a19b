// Xᵀ S X by moments of the input levels, centred afterwards: a row touches one entry for every pair of its cells.
#include "centred_rows.h"
#include "entivec/core/parallel.h"
#include "entivec/rows/centred_table.h"

namespace entivec {

namespace {

constexpr Index kSlice = 64;  // dense columns of one covariance task

}  // namespace

MatrixXd centre_levels(const TableLayout& layout, const VectorXd& mean, const MatrixXd& moments) {
  MatrixXd out(layout.encoded(), moments.cols());
  const Index c = layout.dense();
  out.topRows(c) = moments.topRows(c);
  for (const Category& category : layout.categories()) {
    // Input rows skip the gap flags, which take no part in PCA.
    const auto observed = moments.middleRows(category.input - layout.flags() + category.first, category.targets());
    const Eigen::RowVectorXd sum = observed.colwise().sum();
    out.middleRows(category.encoded, category.targets()) =
        observed - mean.segment(category.encoded, category.targets()) * sum;
  }
  return out;
}

void CentredTable::add_second_moments(Index first, Index count, MatrixXd& moments) const {
  const Index c = layout_.dense(), slices = (c + kSlice - 1) / kSlice;
  MatrixXd x(count, c);
  centre_dense(first, count, x);
  MatrixXd weighted = x;
  for (Index i = 0; i < count; ++i) weighted.row(i) *= weight(first + i);
  parallel_for(slices + static_cast<Index>(layout_.categories().size()), threads_, [&](Index task) {
    if (task < slices) {
      const Index begin = task * kSlice, n = std::min(kSlice, c - begin);
      moments.block(begin, 0, n, begin + n).noalias() +=
          x.middleCols(begin, n).transpose() * weighted.leftCols(begin + n);
      return;
    }
    const Category& own = layout_.categories()[static_cast<std::size_t>(task - slices)];
    for (Index i = 0; i < count; ++i)
      for_each_level(first + i, [&](const Category& category, Index level, double share) {
        if (&category != &own) return;
        auto row = moments.row(category.input - layout_.flags() + level);
        row.head(c) += share * weighted.row(i);
        for_each_level(first + i, [&](const Category& other, Index other_level, double other_share) {
          if (&other <= &own)
            row[other.input - layout_.flags() + other_level] += share * other_share * weight(first + i);
        });
      });
  });
}

MatrixXd CentredTable::moments() const {
  const Index full = layout_.inputs() - layout_.flags();
  MatrixXd moments = MatrixXd::Zero(full, full);
  for (Index first = 0; first < table_.rows; first += kChunk)
    add_second_moments(first, std::min(kChunk, table_.rows - first), moments);
  moments.triangularView<Eigen::StrictlyUpper>() = moments.transpose();
  return moments;
}

MatrixXd CentredTable::covariance() const {
  const MatrixXd half = centre_levels(layout_, mean_, moments());
  const MatrixXd other = half.transpose();
  return centre_levels(layout_, mean_, other) / total_weight_;
}

}  // namespace entivec
