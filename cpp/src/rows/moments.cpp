#include "entivec/rows/moments.h"

#include "centred_rows.h"
#include "entivec/core/check.h"

namespace entivec {

namespace {

void check_widths(const TableLayout& layout, const VectorXd& centre, const VectorXd& unit) {
  check(centre.size() == layout.dense(), "centre", layout.dense(), centre.size());
  check(unit.size() == layout.dense() && (unit.array() > 0).all(), "unit", "one above zero for every dense column",
        unit.size());
}

// Takes the dense cells from about the centre to about their mean, `away` from it, which changes their products with
// everything else; then from units to numbers.
MatrixXd about_the_mean(const Moments& moments, const VectorXd& away, const VectorXd& unit) {
  const Index c = away.size(), full = moments.second.rows();
  VectorXd shift = VectorXd::Zero(full), scale = VectorXd::Ones(full);
  shift.head(c) = away.cwiseProduct(moments.observed) / moments.rows;
  scale.head(c) = unit;
  MatrixXd second = moments.second - shift * moments.sum.transpose() - moments.sum * shift.transpose();
  second += moments.rows * shift * shift.transpose();
  return scale.asDiagonal() * second * scale.asDiagonal();
}

}  // namespace

Moments table_moments(const TableLayout& layout, const TableView& table, const VectorXd& centre, const VectorXd& unit,
                      int threads) {
  check_widths(layout, centre, unit);
  check(table.rows <= Moments::kMostRows, "table_moments", "few enough rows for exact sums", table.rows);
  const CentredTable on_grid(layout, table, centre, unit, threads);
  Moments moments{.rows = static_cast<double>(table.rows), .observed = {}, .sum = {}, .second = on_grid.moments()};
  on_grid.sums(moments.observed, moments.sum);
  return moments;
}

Pca fit_pca(const TableLayout& layout, const Moments& moments, const VectorXd& centre, const VectorXd& unit,
            Index count, std::uint64_t seed) {
  check_widths(layout, centre, unit);
  const Index c = layout.dense(), full = layout.inputs() - layout.flags();
  check(moments.second.rows() == full && moments.second.cols() == full, "moments", full, moments.second.rows());
  check(moments.rows > 0, "moments", "at least one row", moments.rows);
  const VectorXd away = moments.sum.head(c).cwiseQuotient(moments.observed.cwiseMax(1));
  VectorXd mean = VectorXd::Zero(layout.encoded());
  mean.head(c) = centre + away.cwiseProduct(unit);
  for (const Category& category : layout.categories()) {
    const auto targets = moments.sum.segment(category.input - layout.flags() + category.first, category.targets());
    if (targets.sum() > 0) mean.segment(category.encoded, category.targets()) = targets / targets.sum();
  }
  const MatrixXd half = centre_levels(layout, mean, about_the_mean(moments, away, unit));
  return fit_pca(mean, centre_levels(layout, mean, half.transpose()) / moments.rows, count, seed);
}

}  // namespace entivec
