#include "entivec/rows/centred_table.h"

#include <cmath>

#include "centred_rows.h"
#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/rows/moments.h"

namespace entivec {

namespace {

constexpr Index kShards = 8;  // fixed: sums never depend on the thread count

}  // namespace

CentredTable::CentredTable(const TableLayout& layout, const TableView& table, const Scalar* weights, int threads)
    : layout_(layout), table_(table), weights_(weights), threads_(threads), mean_(VectorXd::Zero(layout.encoded())) {
  check(table.rows > 0, "CentredTable", "at least one row", table.rows);
  find_mean();
  check(total_weight_ > 0, "CentredTable", "a sum of weights > 0", total_weight_);
}

CentredTable::CentredTable(const TableLayout& layout, const TableView& table, const VectorXd& centre,
                           const VectorXd& unit, int threads)
    : layout_(layout),
      table_(table),
      weights_(nullptr),
      threads_(threads),
      total_weight_(static_cast<double>(table.rows)),
      mean_(VectorXd::Zero(layout.encoded())),
      unit_(unit) {
  mean_.head(layout.dense()) = centre;
}

double CentredTable::on_grid(double x) const {
  if (unit_.size() == 0) return x;
  return std::clamp(std::round(x / Moments::kStep), -Moments::kMost / Moments::kStep, Moments::kMost / Moments::kStep) *
         Moments::kStep;
}

void CentredTable::sums(VectorXd& observed, VectorXd& sum) const {
  const Index c = layout_.dense();
  observed = VectorXd::Zero(c);
  sum = VectorXd::Zero(layout_.inputs() - layout_.flags());
  MatrixXd x(std::min(kChunk, table_.rows), c);
  for (Index first = 0; first < table_.rows; first += kChunk) {
    const Index n = std::min(kChunk, table_.rows - first);
    centre_dense(first, n, x);
    for (Index i = 0; i < n; ++i) {
      sum.head(c) += x.row(i) * weight(first + i);
      for (Index j = 0; j < c; ++j) observed[j] += std::isnan(table_.dense[(first + i) * c + j]) ? 0 : 1;
      for_each_level(first + i, [&](const Category& category, Index level, double share) {
        sum[category.input - layout_.flags() + level] += share * weight(first + i);
      });
    }
  }
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
    if (observed[category.encoded] > 0)
      mean_.segment(category.encoded, category.targets()) /= observed[category.encoded];
}

void CentredTable::centre_dense(Index first, Index count, MatrixXd& x) const {
  const Index c = layout_.dense();
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < c; ++j) {
      const double value = table_.dense[(first + i) * c + j];
      const double from = unit_.size() == 0 ? value - mean_[j] : on_grid((value - mean_[j]) / unit_[j]);
      x(i, j) = std::isnan(value) ? 0.0 : from;
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

}  // namespace entivec
