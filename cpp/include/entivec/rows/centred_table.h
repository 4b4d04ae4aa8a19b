// The centred encoded table as a linear operator: scaled dense columns beside one-hot categories, neither of which
// is ever formed. Missing cells stand at the mean, that is at zero.
#pragma once

#include <functional>

#include "entivec/table/table.h"

namespace entivec {

using MatrixXd = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using VectorXd = Eigen::VectorXd;

class CentredTable {
 public:
  // `weights` (n) or null for equal weights.
  CentredTable(const TableLayout& layout, const TableView& table, const Scalar* weights, int threads);

  // About a given centre (c) of the dense cells, which are rounded to a grid of units (c) from there: see moments.h.
  CentredTable(const TableLayout& layout, const TableView& table, const VectorXd& centre, const VectorXd& unit,
               int threads);

  const VectorXd& mean() const { return mean_; }  // (layout.encoded()), over observed cells
  Index width() const { return layout_.encoded(); }

  // Xᵀ S X Q / Σ s for Q (width, b), in one pass over the rows.
  MatrixXd multiply_covariance(const MatrixXd& q) const;

  // Xᵀ S X / Σ s. Memory and time grow with width²: for tables of moderate width.
  MatrixXd covariance() const;

  // Σ s x xᵀ over dense cells, centred, beside all input levels as they are, the gap flags left out.
  MatrixXd moments() const;

  // Observed dense cells (c), and the sums of what `moments` multiplies (inputs − flags).
  void sums(VectorXd& observed, VectorXd& sum) const;

 private:
  double weight(Index row) const { return weights_ ? static_cast<double>(weights_[row]) : 1.0; }
  void find_mean();
  double on_grid(double x) const;
  void add_shard(const MatrixXd& q, const MatrixXd& mean_q, Index first, Index last, MatrixXd& out) const;
  void add_second_moments(Index first, Index count, MatrixXd& moments) const;
  void centre_dense(Index first, Index count, MatrixXd& x) const;

  // Calls visit(category, input level, share) for every look-up of a row, missing and untargeted levels included.
  template <class Visit>
  void for_each_level(Index row, const Visit& visit) const;

  const TableLayout& layout_;
  const TableView& table_;
  const Scalar* weights_;
  int threads_;
  double total_weight_ = 0;
  VectorXd mean_;
  VectorXd unit_;  // (c) of the grid; empty without one
};

}  // namespace entivec
