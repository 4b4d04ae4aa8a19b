#include "tables.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace entivec::test {

namespace {

constexpr Scalar kMissing = std::numeric_limits<Scalar>::quiet_NaN();

// A date's parts are missing together.
void draw_dense(Table& table, Draw& draw, double missing) {
  const auto& source = table.layout->columns().dense_source;
  for (Index i = 0; i < table.rows; ++i) {
    bool gap = false;
    for (Index j = 0; j < table.layout->dense(); ++j) {
      const auto at = static_cast<std::size_t>(j);
      if (j == 0 || source[at] != source[at - 1]) gap = draw.uniform() < missing;
      table.dense(i, j) = gap ? kMissing : static_cast<Scalar>(draw.normal() + 0.3 * static_cast<double>(j));
    }
  }
}

void draw_codes(Table& table, Draw& draw, double missing) {
  for (const Category& category : table.layout->categories()) {
    const Index j = &category - table.layout->categories().data();
    if (j == table.layout->codes()) return;
    for (Index i = 0; i < table.rows; ++i) {
      const bool gap = draw.uniform() < missing;
      const Index code = gap ? draw.below(category.first) : category.first + draw.below(category.targets());
      table.codes(i, j) = static_cast<std::int32_t>(code);
    }
  }
}

void draw_bags(Table& table, Draw& draw, double missing) {
  for (Index i = 0; i < table.rows; ++i) {
    const double kind = draw.uniform();
    for (Index v = 0; v < table.layout->bag() && !(kind < missing / 2); ++v) {
      if (draw.uniform() < 0.4) continue;
      table.items.push_back(static_cast<std::int32_t>(v));
      table.counts.push_back(kind < missing ? Scalar(0) : static_cast<Scalar>(1 + draw.below(4)));
    }
    table.offsets.push_back(static_cast<std::int32_t>(table.items.size()));
  }
}

// Adds row i's bag, as shares of its total, to `x`; returns the total.
Scalar add_bag(const Table& table, Index i, Eigen::Ref<Eigen::RowVectorX<Scalar>> x) {
  const auto begin = table.offsets[static_cast<std::size_t>(i)], end = table.offsets[static_cast<std::size_t>(i) + 1];
  Scalar total = 0;
  for (auto e = begin; e < end; ++e) total += table.counts[static_cast<std::size_t>(e)];
  for (auto e = begin; e < end && total > 0; ++e)
    x[table.items[static_cast<std::size_t>(e)]] += table.counts[static_cast<std::size_t>(e)] / total;
  return total;
}

}  // namespace

double Draw::normal() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

Vector Draw::vector(Index size, double scale) {
  return Vector::NullaryExpr(size, [&](Index) { return static_cast<Scalar>(scale * normal()); });
}

Matrix Draw::matrix(Index rows, Index cols, double scale) {
  return Matrix::NullaryExpr(rows, cols, [&](Index, Index) { return static_cast<Scalar>(scale * normal()); });
}

void Table::look() { view = {rows, dense.data(), codes.data(), offsets.data(), items.data(), counts.data()}; }

TableColumns mixed_columns() {
  TableColumns c;
  c.dense_source = {0, 1, 2, 2, 2};
  c.dense_gap = {true, false, true, false, false};
  c.code_source = {3, 4, 5, 6, 7};
  c.levels = {5, 4, 4, 3, 5};
  c.first_target = {2, 1, 2, 1, 0};
  c.share = {0, 0, .5, .3, .2, 0, .1, .6, .3, 0, 0, .7, .3, 0, .4, .6, .1, .2, .3, .3, .1};
  c.bag_source = 8;
  c.bag_width = 6;
  c.bag_share = {.3, .2, .2, .1, .1, .1};
  return c;
}

TableColumns plain_columns() {
  TableColumns c;
  c.dense_source = {0, 1, 2};
  c.dense_gap = {false, false, false};
  c.code_source = {3, 4, 5};
  c.levels = {6, 4, 5};
  c.first_target = {2, 2, 1};
  c.share = {0, 0, .25, .25, .25, .25, 0, 0, .5, .5, 0, .25, .25, .25, .25};
  return c;
}

Table random_table(const TableColumns& columns, Index rows, std::uint64_t seed, double missing) {
  Table table;
  table.layout = std::make_unique<TableLayout>(columns);
  table.rows = rows;
  table.dense = Matrix::Zero(rows, table.layout->dense());
  table.codes = Codes::Zero(rows, table.layout->codes());
  Draw draw(seed);
  draw_dense(table, draw, missing);
  draw_codes(table, draw, missing);
  draw_bags(table, draw, missing);
  table.look();
  return table;
}

Matrix explicit_input(const Table& table) {
  const TableLayout& layout = *table.layout;
  Matrix x = Matrix::Zero(table.rows, layout.inputs());
  for (Index i = 0; i < table.rows; ++i) {
    Index at = 0;
    for (Index j = 0; j < layout.dense(); ++j, ++at)
      if (!std::isnan(table.dense(i, j))) x(i, at) = table.dense(i, j);
    for (Index j = 0; j < layout.dense(); ++j)
      if (layout.columns().dense_gap[static_cast<std::size_t>(j)]) x(i, at++) = std::isnan(table.dense(i, j)) ? 1 : 0;
    for (Index j = 0; j < layout.codes(); ++j) {
      x(i, at + table.codes(i, j)) = 1;
      at += layout.columns().levels[static_cast<std::size_t>(j)];
    }
    Eigen::RowVectorX<Scalar> bag = Eigen::RowVectorX<Scalar>::Zero(layout.bag());
    add_bag(table, i, bag);
    x.row(i).tail(layout.bag()) = bag;
  }
  return x;
}

Matrix explicit_target(const Table& table) {
  const TableLayout& layout = *table.layout;
  Matrix x = Matrix::Constant(table.rows, layout.encoded(), kMissing);
  for (Index i = 0; i < table.rows; ++i) {
    x.row(i).head(layout.dense()) = table.dense.row(i);
    Index at = layout.dense();
    for (Index j = 0; j < layout.codes(); ++j) {
      const Index first = layout.columns().first_target[static_cast<std::size_t>(j)];
      const Index targets = layout.columns().levels[static_cast<std::size_t>(j)] - first;
      if (table.codes(i, j) >= first) {
        x.row(i).segment(at, targets).setZero();
        x(i, at + table.codes(i, j) - first) = 1;
      }
      at += targets;
    }
    Eigen::RowVectorX<Scalar> bag = Eigen::RowVectorX<Scalar>::Zero(layout.bag());
    if (add_bag(table, i, bag) > 0) x.row(i).tail(layout.bag()) = bag;
  }
  return x;
}

std::vector<Index> all_rows(Index rows) {
  std::vector<Index> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), Index{0});
  return all;
}

Batch whole(const Table& table) {
  Batch batch(*table.layout, table.rows);
  gather(*table.layout, table.view, Index{0}, table.rows, batch);
  return batch;
}

}  // namespace entivec::test
