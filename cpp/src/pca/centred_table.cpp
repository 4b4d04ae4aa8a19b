#include "entivec/pca/centred_table.h"

#include <cmath>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr Index kShards = 8;   // fixed: sums never depend on the thread count
constexpr Index kChunk = 512;  // rows centred at a time
constexpr Index kSlice = 64;   // dense columns of one covariance task

// Maps moments of all input levels to those of centred targets along the rows: e − p·1 for observed cells, nothing
// for missing ones.
MatrixXd centre_levels(const TableLayout& layout, const VectorXd& mean, const MatrixXd& moments) {
  MatrixXd out(layout.encoded(), moments.cols());
  const Index c = layout.dense();
  out.topRows(c) = moments.topRows(c);
  for (const Category& category : layout.categories()) {
    // Input rows skip the gap flags, which take no part in PCA.
    const auto observed =
        moments.middleRows(category.input - layout.flags() + category.first, category.targets());
    const Eigen::RowVectorXd sum = observed.colwise().sum();
    out.middleRows(category.encoded, category.targets()) =
        observed - mean.segment(category.encoded, category.targets()) * sum;
  }
  return out;
}

}  // namespace

CentredTable::CentredTable(const TableLayout& layout, const TableView& table, const Scalar* weights, int threads)
    : layout_(layout), table_(table), weights_(weights), threads_(threads), mean_(VectorXd::Zero(layout.encoded())) {
  check(table.rows > 0, "CentredTable", "at least one row", table.rows);
  find_mean();
  check(total_weight_ > 0, "CentredTable", "a sum of weights > 0", total_weight_);
}

template <class Visit>
void CentredTable::for_each_level(Index row, const Visit& visit) const {
  const auto& categories = layout_.categories();
  for (Index j = 0; j < layout_.codes(); ++j)
    visit(categories[static_cast<std::size_t>(j)], Index{table_.codes[row * layout_.codes() + j]}, 1.0);
  if (layout_.bag() == 0) return;
  const BagRow bag = bag_row(table_, row);
  for (Index e = 0; e < bag.size; ++e) visit(categories.back(), Index{bag.items[e]}, static_cast<double>(bag.counts[e] / bag.total));
}

void CentredTable::find_mean() {
  const Index c = layout_.dense();
  VectorXd observed = VectorXd::Zero(layout_.encoded());
  for (Index i = 0; i < table_.rows; ++i) {
    const double s = weight(i);
    total_weight_ += s;
    for (Index j = 0; j < c; ++j) {
      const Scalar x = table_.dense[i * c + j];
      if (std::isnan(x)) continue;
      mean_[j] += s * x;
      observed[j] += s;
    }
    for_each_level(i, [&](const Category& category, Index level, double share) {
      if (level < category.first) return;
      mean_[category.encoded + level - category.first] += s * share;
      observed[category.encoded] += s * share;
    });
  }
  for (Index j = 0; j < c; ++j)
    if (observed[j] > 0) mean_[j] /= observed[j];
  for (const Category& category : layout_.categories())
    if (observed[category.encoded] > 0) mean_.segment(category.encoded, category.targets()) /= observed[category.encoded];
}

void CentredTable::centre_dense(Index first, Index count, MatrixXd& x) const {
  const Index c = layout_.dense();
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < c; ++j) {
      const double value = table_.dense[(first + i) * c + j];
      x(i, j) = std::isnan(value) ? 0.0 : value - mean_[j];
    }
}

void CentredTable::add_shard(const MatrixXd& q, const MatrixXd& mean_q, Index first, Index last, MatrixXd& out) const {
  const Index c = layout_.dense();
  MatrixXd x(std::min(kChunk, last - first), c), y(x.rows(), q.cols());
  for (Index begin = first; begin < last; begin += kChunk) {
    const Index n = std::min(kChunk, last - begin);
    centre_dense(begin, n, x);
    y.topRows(n).noalias() = x.topRows(n) * q.topRows(c);
    for (Index i = 0; i < n; ++i) {
      auto yi = y.row(i);
      for_each_level(begin + i, [&](const Category& category, Index level, double share) {
        const Index number = &category - layout_.categories().data();
        if (level >= category.first)
          yi += share * (q.row(category.encoded + level - category.first) - mean_q.row(number));
      });
      yi *= weight(begin + i);
      for_each_level(begin + i, [&](const Category& category, Index level, double share) {
        const Index number = &category - layout_.categories().data();
        if (level < category.first) return;
        out.row(category.encoded + level - category.first) += share * yi;
        out.row(width() + number) += share * yi;  // what the centring of this category takes off later
      });
    }
    out.topRows(c).noalias() += x.topRows(n).transpose() * y.topRows(n);
  }
}

MatrixXd CentredTable::multiply_covariance(const MatrixXd& q) const {
  const Index categories = static_cast<Index>(layout_.categories().size());
  MatrixXd mean_q(categories, q.cols());
  for (Index j = 0; j < categories; ++j) {
    const Category& category = layout_.categories()[static_cast<std::size_t>(j)];
    mean_q.row(j) = mean_.segment(category.encoded, category.targets()).transpose() *
                    q.middleRows(category.encoded, category.targets());
  }
  std::vector<MatrixXd> parts(kShards, MatrixXd::Zero(width() + categories, q.cols()));
  const Index piece = (table_.rows + kShards - 1) / kShards;
  parallel_pieces(table_.rows, piece, threads_, [&](Index shard, Index first, Index count) {
    add_shard(q, mean_q, first, first + count, parts[static_cast<std::size_t>(shard)]);
  });
  for (Index shard = 1; shard < kShards; ++shard) parts[0] += parts[static_cast<std::size_t>(shard)];
  MatrixXd out = parts[0].topRows(width());
  for (Index j = 0; j < categories; ++j) {
    const Category& category = layout_.categories()[static_cast<std::size_t>(j)];
    out.middleRows(category.encoded, category.targets()) -=
        mean_.segment(category.encoded, category.targets()) * parts[0].row(width() + j);
  }
  return out / total_weight_;
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

MatrixXd CentredTable::covariance() const {
  const Index full = layout_.inputs() - layout_.flags();
  MatrixXd moments = MatrixXd::Zero(full, full);
  for (Index first = 0; first < table_.rows; first += kChunk)
    add_second_moments(first, std::min(kChunk, table_.rows - first), moments);
  moments.triangularView<Eigen::StrictlyUpper>() = moments.transpose();
  const MatrixXd half = centre_levels(layout_, mean_, moments);
  const MatrixXd other = half.transpose();
  return centre_levels(layout_, mean_, other) / total_weight_;
}

}  // namespace entivec
