// How the two products of a CentredTable walk its rows.
#pragma once

#include "entivec/rows/centred_table.h"

namespace entivec {

constexpr Index kChunk = 512;  // rows centred at a time

template <class Visit>
void CentredTable::for_each_level(Index row, const Visit& visit) const {
  const auto& categories = layout_.categories();
  for (Index j = 0; j < layout_.codes(); ++j)
    visit(categories[static_cast<std::size_t>(j)], Index{table_.codes[row * layout_.codes() + j]}, 1.0);
  if (layout_.bag() == 0) return;
  const BagRow bag = bag_row(table_, row);
  for (Index e = 0; e < bag.size; ++e)
    visit(categories.back(), Index{bag.items[e]},
          on_grid(categories.back().scale * static_cast<double>(bag.counts[e] / bag.total)));
}

// Maps moments of all input levels to those of centred targets along the rows: e − p·1 for observed cells, nothing
// for missing ones.
MatrixXd centre_levels(const TableLayout& layout, const VectorXd& mean, const MatrixXd& moments);

}  // namespace entivec
