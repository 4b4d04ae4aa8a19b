#include "entivec/table/observed.h"

#include <cmath>

namespace entivec {

Observed::Observed(const TableLayout& layout) : layout_(layout) {
  const auto& source = layout.columns().dense_source;
  flag_.assign(source.size(), -1);
  for (Index f = 0; f < layout.flags(); ++f) {
    const Index flag = layout.dense() + f;
    const Index flagged = source[static_cast<std::size_t>(layout.flag_columns()[static_cast<std::size_t>(f)])];
    marks_.push_back(flag);
    for (std::size_t j = 0; j < source.size(); ++j)
      if (source[j] == flagged) flag_[j] = flag;
  }
  for (Index j = 0; j < layout.codes(); ++j) marks_.push_back(layout.categories()[static_cast<std::size_t>(j)].input);
}

void Observed::missing(const Batch& batch, Index i, std::vector<Index>& rows) const {
  rows.clear();
  const auto add = [&rows](Index first, Index end) {
    for (Index row = first; row < end; ++row) rows.push_back(row);
  };
  for (Index j = 0; j < layout_.dense(); ++j) {
    const Index flag = flag_[static_cast<std::size_t>(j)];
    if (flag >= 0 ? batch.dense(i, flag) != 0 : std::isnan(batch.dense_target(i, j))) rows.push_back(j);
  }
  for (Index j = 0; j < layout_.codes(); ++j) {
    const Category& category = layout_.categories()[static_cast<std::size_t>(j)];
    if (batch.codes(i, j) == 0) add(category.input + 1, category.input + category.levels);
  }
  if (layout_.bag() == 0) return;
  const Category& bag = layout_.categories().back();
  if (bag_row(*batch.table, batch.bag_input[static_cast<std::size_t>(i)]).size == 0) add(bag.input, layout_.inputs());
}

}  // namespace entivec
