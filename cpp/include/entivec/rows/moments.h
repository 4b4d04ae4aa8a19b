// Sums over rows from which principal components follow. Those of the parts of a table add up, in any order, to those
// of the whole bit by bit: cells are rounded to a grid on which sums of products of kMostRows rows are exact in double.
#pragma once

#include "entivec/rows/pca.h"

namespace entivec {

struct Moments {
  static constexpr Index kMostRows = Index{1} << 18;
  static constexpr double kStep = 1.0 / 4096;  // of the grid, in units
  static constexpr double kMost = 32;          // units from the centre; cells farther out count as so far

  double rows = 0;
  VectorXd observed;  // (c) dense cells
  VectorXd sum;       // (inputs − flags): of dense cells in units from the centre | of every level
  MatrixXd second;    // their products (inputs − flags)²
};

// `centre` and `unit` (c): where the dense cells lie about, and how far.
Moments table_moments(const TableLayout& layout, const TableView& table, const VectorXd& centre, const VectorXd& unit,
                      int threads);

// The first `count` components. Where cells are missing, their gaps are taken to lie anywhere.
Pca fit_pca(const TableLayout& layout, const Moments& moments, const VectorXd& centre, const VectorXd& unit,
            Index count, std::uint64_t seed);

}  // namespace entivec
