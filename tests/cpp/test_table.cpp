#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tables.h"

namespace entivec::test {

namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

std::string layout_error(const std::function<void(TableColumns&)>& damage) {
  TableColumns columns = mixed_columns();
  damage(columns);
  return message_of([&] { TableLayout layout(columns); });
}

std::string table_error(const std::function<void(Table&)>& damage) {
  Table table = random_table(mixed_columns(), 12, 1, 0);
  damage(table);
  return message_of([&] { check_table(*table.layout, table.view); });
}

}  // namespace

TEST(TableLayout, CountsAndPositions) {
  const TableLayout layout(mixed_columns());
  EXPECT_EQ(layout.dense(), 5);
  EXPECT_EQ(layout.flags(), 2);
  EXPECT_EQ(layout.flag_columns(), (std::vector<Index>{0, 2}));
  EXPECT_EQ(layout.sources(), 9);
  EXPECT_EQ(layout.inputs(), 5 + 2 + 5 + 4 + 4 + 3 + 5 + 6);
  EXPECT_EQ(layout.outputs(), 5 + 3 + 3 + 1 + 1 + 5 + 6);
  EXPECT_EQ(layout.encoded(), 5 + 3 + 3 + 2 + 2 + 5 + 6);

  const std::vector<Index> inputs{7, 12, 16, 20, 23, 28}, outputs{5, 8, 11, 12, 13, 18}, encoded{5, 8, 11, 13, 15, 20};
  const std::vector<bool> flags{false, false, true, true, false, false};
  ASSERT_EQ(layout.categories().size(), inputs.size());
  for (std::size_t j = 0; j < inputs.size(); ++j) {
    const Category& category = layout.categories()[j];
    EXPECT_EQ(category.input, inputs[j]);
    EXPECT_EQ(category.output, outputs[j]);
    EXPECT_EQ(category.encoded, encoded[j]);
    EXPECT_EQ(category.flag, flags[j]);
    EXPECT_EQ(category.source, static_cast<Index>(j) + 3);
  }
}

TEST(TableLayout, WeightsSpreadTheLossOverSources) {
  TableColumns columns = mixed_columns();
  for (std::size_t k = 9; k < 13; ++k) columns.share[k] = k == 11;  // a constant column: the entropy floor
  const TableLayout layout(columns);
  EXPECT_DOUBLE_EQ(layout.dense_weight()[1], 1.0 / 9);
  for (std::size_t part : {2, 3, 4}) EXPECT_DOUBLE_EQ(layout.dense_weight()[part], 1.0 / 27);
  const double entropy = -(.5 * std::log(.5) + .3 * std::log(.3) + .2 * std::log(.2));
  EXPECT_NEAR(layout.categories()[0].weight, 1 / (9 * std::sqrt(entropy)), 1e-15);
  EXPECT_NEAR(layout.categories()[2].weight, 1 / (9 * std::sqrt(0.05)), 1e-15);
}

TEST(TableLayout, NumbersOfATextStandBesideItsCodes) {
  TableColumns columns = mixed_columns();
  columns.code_source[1] = 2;  // the source of three dense columns
  const TableLayout layout(columns);
  for (std::size_t part : {2, 3, 4}) EXPECT_DOUBLE_EQ(layout.dense_weight()[part], layout.dense_weight()[1]);
  EXPECT_TRUE(layout.categories()[1].told);
  for (std::size_t other : {0, 2, 3, 4, 5}) EXPECT_FALSE(layout.categories()[other].told);
}

TEST(TableLayout, ABagOfTwoItemsIsNoFlag) {
  TableColumns columns;
  columns.bag_source = 0;
  columns.bag_width = 2;
  columns.bag_share = {.5, .5};
  const TableLayout layout(columns);
  EXPECT_FALSE(layout.categories()[0].flag);
  EXPECT_EQ(layout.outputs(), 2);
}

TEST(TableLayout, RefusesWhatDoesNotFitTogether) {
  EXPECT_EQ(layout_error([](TableColumns& c) { c.dense_gap.pop_back(); }),
            "[TableLayout, dense_gap] expected 5 but got 4");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.code_source.pop_back(); }),
            "[TableLayout, code_source] expected 5 but got 4");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.first_target.pop_back(); }),
            "[TableLayout, first_target] expected 5 but got 4");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.share.pop_back(); }), "[TableLayout, share] expected 21 but got 20");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.bag_share.pop_back(); }),
            "[TableLayout, bag_share] expected 6 but got 5");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.first_target[1] = 3; }),
            "[TableLayout, first_target] expected 0, 1 or 2 but got 3");
  EXPECT_EQ(layout_error([](TableColumns& c) {
              c.levels[0] = 2;
              c.share.resize(18);
            }),
            "[TableLayout, levels] expected codes for missing, other and a target but got 2");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.code_source[0] = -1; }),
            "[TableLayout, code_source] expected a source column >= 0 but got -1");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.dense_source[2] = -2; }),
            "[TableLayout, dense_source] expected a source column >= 0 but got -2");
  EXPECT_EQ(layout_error([](TableColumns& c) { c.bag_source = -1; }),
            "[TableLayout, bag_source] expected a source column >= 0 but got -1");
  EXPECT_EQ(layout_error([](TableColumns& c) { c = {}; }), "[TableLayout] expected at least one column but got 0");
}

TEST(CheckTable, AcceptsAGoodTable) {
  EXPECT_EQ(table_error([](Table&) {}), "no error");
}

TEST(CheckTable, NamesTheOffendingCell) {
  EXPECT_EQ(table_error([](Table& t) { t.codes(3, 1) = 4; }),
            "[codes, column 1, row 3] expected 0 <= code < 4 but got 4");
  EXPECT_EQ(table_error([](Table& t) { t.codes(11, 0) = -1; }),
            "[codes, column 0, row 11] expected 0 <= code < 5 but got -1");
  EXPECT_EQ(table_error([](Table& t) { t.offsets[0] = 1; }), "[bags] expected first offset 0 but got 1");
  EXPECT_EQ(table_error([](Table& t) { t.offsets[4] = t.offsets[5] + 1; }).substr(0, 38),
            "[bags] expected non-decreasing offsets");
  EXPECT_EQ(table_error([](Table& t) { t.items[2] = 6; }), "[bags] expected 0 <= item < bag width but got 6");
  EXPECT_EQ(table_error([](Table& t) { t.counts[2] = -1; }), "[bags] expected a finite count >= 0 but got -1");
  EXPECT_EQ(table_error([](Table& t) { t.counts[2] = std::numeric_limits<Scalar>::quiet_NaN(); }),
            "[bags] expected a finite count >= 0 but got nan");
}

TEST(Gather, CopiesChosenRowsAndRaisesFlags) {
  const Table table = random_table(mixed_columns(), 30, 2);
  const TableLayout& layout = *table.layout;
  const Matrix x = explicit_input(table);
  const std::vector<Index> rows{7, 0, 29, 7, 13};
  Batch batch(layout, 8);
  gather(layout, table.view, rows.data(), 5, batch);
  ASSERT_EQ(batch.size, 5);
  for (Index i = 0; i < 5; ++i) {
    const Index row = rows[static_cast<std::size_t>(i)];
    EXPECT_EQ(batch.dense.row(i), x.row(row).head(layout.dense() + layout.flags()));
    for (Index j = 0; j < layout.dense(); ++j)
      EXPECT_TRUE(batch.dense_target(i, j) == table.dense(row, j) ||
                  (std::isnan(batch.dense_target(i, j)) && std::isnan(table.dense(row, j))));
    EXPECT_EQ(batch.codes.row(i), table.codes.row(row));
    EXPECT_EQ(batch.codes_target.row(i), table.codes.row(row));
    EXPECT_EQ(batch.bag_input[static_cast<std::size_t>(i)], row);
    EXPECT_EQ(batch.bag_target[static_cast<std::size_t>(i)], row);
    EXPECT_EQ(batch.weight[i], 1);
  }
}

TEST(Gather, ConsecutiveRowsAreTheSameAsChosenOnes) {
  const Table table = random_table(mixed_columns(), 30, 3, 0);
  const std::vector<Index> rows{10, 11, 12};
  Batch chosen(*table.layout, 3), run(*table.layout, 3), inputs(*table.layout, 3);
  gather(*table.layout, table.view, rows.data(), 3, chosen);
  gather(*table.layout, table.view, 10, 3, run);
  EXPECT_EQ(chosen.dense, run.dense);
  EXPECT_EQ(chosen.dense_target, run.dense_target);
  EXPECT_EQ(chosen.codes, run.codes);
  EXPECT_EQ(chosen.bag_target, run.bag_target);
  gather_inputs(*table.layout, table.view, 10, 3, inputs);
  EXPECT_EQ(inputs.size, 3);
  EXPECT_EQ(inputs.table, &table.view);
  EXPECT_EQ(chosen.dense, inputs.dense);
  EXPECT_EQ(chosen.codes, inputs.codes);
  EXPECT_EQ(chosen.bag_input, inputs.bag_input);
}

TEST(BagRow, EmptyAndUncountedBagsHaveNoItems) {
  const Table table = random_table(mixed_columns(), 60, 4);
  const Matrix target = explicit_target(table);
  int empty = 0, zero = 0;
  for (Index i = 0; i < table.rows; ++i) {
    const BagRow bag = bag_row(table.view, i);
    const bool observed = !std::isnan(target(i, target.cols() - 1));
    EXPECT_EQ(bag.size > 0, observed);
    const auto at = static_cast<std::size_t>(i);
    const bool stored = table.offsets[at + 1] > table.offsets[at];
    empty += !stored;
    zero += stored && !observed;
  }
  EXPECT_GT(empty, 0);
  EXPECT_GT(zero, 0);
  EXPECT_EQ(bag_row(table.view, -1).size, 0);
}

}  // namespace entivec::test
