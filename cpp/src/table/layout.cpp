#include "entivec/table/layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr double kEntropyFloor = 0.05;  // nats: keeps the weight of an almost constant column bounded

// Cross-entropy is divided by √H so that columns of few and of many levels speak equally loud.
double cross_entropy_weight(const double* share, Index count) {
  double entropy = 0;
  for (Index k = 0; k < count; ++k)
    if (share[k] > 0) entropy -= share[k] * std::log(share[k]);
  return 1 / std::sqrt(std::max(entropy, kEntropyFloor));
}

void check_sizes(const TableColumns& c) {
  const auto dense = c.dense_source.size(), codes = c.levels.size();
  const auto total = static_cast<std::size_t>(std::accumulate(c.levels.begin(), c.levels.end(), Index{0}));
  check(c.dense_gap.size() == dense, "TableLayout, dense_gap", dense, c.dense_gap.size());
  check(c.code_source.size() == codes, "TableLayout, code_source", codes, c.code_source.size());
  check(c.first_target.size() == codes, "TableLayout, first_target", codes, c.first_target.size());
  check(c.share.size() == total, "TableLayout, share", total, c.share.size());
  check(c.bag_weight > 0, "TableLayout, bag_weight", "a weight > 0", c.bag_weight);
  check(static_cast<Index>(c.bag_share.size()) == c.bag_width, "TableLayout, bag_share", c.bag_width,
        c.bag_share.size());
}

void check_values(const TableColumns& c) {
  const auto check_source = [](Index source, std::string_view name) {
    check(source >= 0, name, "a source column >= 0", source);
  };
  for (Index source : c.dense_source) check_source(source, "TableLayout, dense_source");
  for (Index source : c.code_source) check_source(source, "TableLayout, code_source");
  if (c.bag_width > 0) check_source(c.bag_source, "TableLayout, bag_source");
  for (std::size_t j = 0; j < c.levels.size(); ++j) {
    const Index first = c.first_target[j];
    check(first >= 0 && first <= 2, "TableLayout, first_target", "0, 1 or 2", first);
    check(c.levels[j] > std::max<Index>(first, 1), "TableLayout, levels", "codes for missing, other and a target",
          c.levels[j]);
  }
}

}  // namespace

TableLayout::TableLayout(TableColumns columns) : columns_(std::move(columns)) {
  check_sizes(columns_);
  check_values(columns_);
  const auto& c = columns_;
  auto seen = [&](const std::vector<Index>& s) {
    for (Index source : s) sources_ = std::max(sources_, source + 1);
  };
  seen(c.dense_source);
  seen(c.code_source);
  seen({c.bag_source});
  check(sources_ > 0, "TableLayout", "at least one column", 0);

  if (columns_.source_weight.empty()) columns_.source_weight.assign(static_cast<std::size_t>(sources_), 1.0);
  check(static_cast<Index>(c.source_weight.size()) == sources_, "TableLayout, source_weight", sources_,
        c.source_weight.size());
  std::vector<double> parts(static_cast<std::size_t>(sources_), 0.0);
  std::vector<bool> coded(static_cast<std::size_t>(sources_), false);
  for (Index source : c.dense_source) parts[static_cast<std::size_t>(source)] += 1;
  for (Index source : c.code_source) coded[static_cast<std::size_t>(source)] = true;
  for (std::size_t j = 0; j < c.dense_source.size(); ++j) {
    const auto source = static_cast<std::size_t>(c.dense_source[j]);
    // The numbers of a text have the variance of one column together, where each part of a date has its own.
    const double shared = coded[source] ? 1.0 : parts[source];
    dense_weight_.push_back(static_cast<Scalar>(c.source_weight[source] / (shared * static_cast<double>(sources_))));
    if (c.dense_gap[j]) flag_columns_.push_back(static_cast<Index>(j));
  }
  inputs_ = dense() + flags();
  outputs_ = encoded_ = dense();
  const double* share = c.share.data();
  for (std::size_t j = 0; j < c.levels.size(); ++j) {
    add_category(c.code_source[j], c.levels[j], c.first_target[j], share, true);
    categories_.back().told = parts[static_cast<std::size_t>(c.code_source[j])] > 0;
    share += c.levels[j];
  }
  if (c.bag_width == 0) return;
  add_category(c.bag_source, c.bag_width, 0, c.bag_share.data(), false);
  categories_.back().weight *= c.bag_weight;
  categories_.back().scale = c.bag_weight;
}

void TableLayout::add_category(Index source, Index levels, Index first, const double* share, bool flag_allowed) {
  Category category{source, inputs_, levels, first, outputs_, encoded_, false, false, 0, 1, share};
  category.flag = flag_allowed && category.targets() == 2;
  category.weight = cross_entropy_weight(share + first, category.targets()) / static_cast<double>(sources_);
  category.weight *= columns_.source_weight[static_cast<std::size_t>(source)];
  inputs_ += levels;
  outputs_ += category.outputs();
  encoded_ += category.targets();
  categories_.push_back(category);
}

}  // namespace entivec
