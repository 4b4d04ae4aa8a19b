#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "entivec/table/corrupt.h"
#include "tables.h"

namespace entivec::test {

namespace {

constexpr Index kRows = 4000;
const Random kNoise(5, Stream::kNoise);

// Four standard errors of a rate over `count` trials.
double margin(double rate, double count) { return 4 * std::sqrt(rate * (1 - rate) / count); }

Batch corrupted(const Table& table, const Corruption& corruption) {
  Batch batch = whole(table);
  corrupt(*table.layout, corruption, kNoise, 100, all_rows(table.rows), batch);
  return batch;
}

// The share of rows in which anything of source column `source` differs from the clean table.
double changed(const Table& table, const Batch& batch, Index source) {
  const TableColumns& columns = table.layout->columns();
  const Batch clean = whole(table);
  Index count = 0;
  for (Index i = 0; i < table.rows; ++i) {
    bool differs = columns.bag_source == source && batch.bag_input[static_cast<std::size_t>(i)] != i;
    for (Index j = 0; j < table.layout->dense(); ++j)
      differs |= columns.dense_source[static_cast<std::size_t>(j)] == source && batch.dense(i, j) != clean.dense(i, j);
    for (Index j = 0; j < table.layout->codes(); ++j)
      differs |= columns.code_source[static_cast<std::size_t>(j)] == source && batch.codes(i, j) != clean.codes(i, j);
    count += differs;
  }
  return static_cast<double>(count) / static_cast<double>(table.rows);
}

}  // namespace

TEST(Corrupt, NothingIsTheCleanBatch) {
  const Table table = random_table(mixed_columns(), 50, 1);
  for (NoiseKind kind : {NoiseKind::kNone, NoiseKind::kGaussian, NoiseKind::kMask, NoiseKind::kSwap}) {
    const Batch batch = corrupted(table, {kind, 0, 0});
    EXPECT_EQ(batch.dense, whole(table).dense);
    EXPECT_EQ(batch.codes, whole(table).codes);
  }
}

TEST(Corrupt, NeverTouchesTheTarget) {
  const Table table = random_table(mixed_columns(), 50, 1, 0);
  for (NoiseKind kind : {NoiseKind::kGaussian, NoiseKind::kMask, NoiseKind::kSwap}) {
    const Batch batch = corrupted(table, {kind, Scalar(0.9), Scalar(0.9)});
    EXPECT_EQ(batch.dense_target, table.dense);
    EXPECT_EQ(batch.codes_target, table.codes);
    EXPECT_EQ(batch.bag_target, whole(table).bag_target);
  }
}

TEST(Corrupt, GaussianMovesObservedNumbersAlone) {
  const Table table = random_table(mixed_columns(), kRows, 2);
  const Batch clean = whole(table), batch = corrupted(table, {NoiseKind::kGaussian, Scalar(0.5), 0});
  double sum = 0, squares = 0, count = 0;
  for (Index i = 0; i < kRows; ++i) {
    EXPECT_EQ(batch.dense.row(i).tail(2), clean.dense.row(i).tail(2));
    for (Index j = 0; j < table.layout->dense(); ++j) {
      const double moved = batch.dense(i, j) - clean.dense(i, j);
      if (std::isnan(table.dense(i, j))) {
        EXPECT_EQ(moved, 0);
        continue;
      }
      sum += moved;
      squares += moved * moved;
      ++count;
    }
  }
  EXPECT_NEAR(sum / count, 0, 4 * 0.5 / std::sqrt(count));
  EXPECT_NEAR(squares / count, 0.25, 4 * 0.25 * std::sqrt(2 / count));
  EXPECT_EQ(batch.codes, clean.codes);
}

TEST(Corrupt, MaskMakesWholeSourceColumnsMissing) {
  const Table table = random_table(mixed_columns(), kRows, 3, 0);
  const Batch clean = whole(table), batch = corrupted(table, {NoiseKind::kMask, Scalar(0.3), 0});
  for (Index source : {0, 1, 2, 3, 4, 5, 6, 8})  // the missing code of column 7 is a level like any other
    EXPECT_NEAR(changed(table, batch, source), 0.3, margin(0.3, kRows));
  for (Index i = 0; i < kRows; ++i) {
    const bool date = batch.dense(i, 6) == 1;
    EXPECT_EQ(batch.dense(i, 5), batch.dense(i, 0) == 0 ? 1 : 0);
    for (Index j : {2, 3, 4}) EXPECT_EQ(batch.dense(i, j), date ? 0 : clean.dense(i, j));
    for (Index j = 0; j < 4; ++j) EXPECT_TRUE(batch.codes(i, j) == 0 || batch.codes(i, j) == clean.codes(i, j));
    const Index bag = batch.bag_input[static_cast<std::size_t>(i)];
    EXPECT_TRUE(bag == -1 || bag == i);
  }
}

// Every cell of this table tells its row, so that the donor can be read off what was swapped in.
TEST(Corrupt, SwapCopiesValuesAndFlagsFromOneDonor) {
  TableColumns columns = mixed_columns();
  columns.levels = {kRows + 2, 4, 4, 3, 5};
  columns.share.assign(static_cast<std::size_t>(kRows + 18), 1.0 / kRows);
  Table table = random_table(columns, kRows, 4, 0.3);
  const double observed = 1e6;
  for (Index i = 0; i < kRows; ++i) {
    table.codes(i, 0) = static_cast<std::int32_t>(i + 2);
    for (Index j = 0; j < 5; ++j)
      if (!std::isnan(table.dense(i, j))) table.dense(i, j) = static_cast<Scalar>(observed + i);
  }
  table.look();
  const Batch batch = corrupted(table, {NoiseKind::kSwap, Scalar(0.4), 0});
  const Matrix x = explicit_input(table);
  Index both = 0, donors_differ = 0;
  for (Index i = 0; i < kRows; ++i) {
    Index donor = -1;
    const auto from = [&](Index row) {
      if (row == i) return;
      both += donor >= 0;
      donors_differ += donor >= 0 && donor != row;
      donor = row;
    };
    from(batch.codes(i, 0) - 2);
    from(batch.bag_input[static_cast<std::size_t>(i)]);
    for (Index j : {0, 1, 2, 3, 4})
      if (batch.dense(i, j) >= observed) from(static_cast<Index>(batch.dense(i, j) - observed));
    if (donor < 0) continue;
    // Source by source, value and flag are the row's own or the donor's, never a mixture.
    for (const std::vector<Index>& parts : {std::vector<Index>{0, 5}, {1}, {2, 3, 4, 6}}) {
      const auto is_row = [&](Index row) {
        return std::all_of(parts.begin(), parts.end(), [&](Index p) { return batch.dense(i, p) == x(row, p); });
      };
      EXPECT_TRUE(is_row(i) || is_row(donor));
    }
    for (Index j = 1; j < 5; ++j)
      EXPECT_TRUE(batch.codes(i, j) == table.codes(i, j) || batch.codes(i, j) == table.codes(donor, j));
  }
  EXPECT_GT(both, 100);
  EXPECT_EQ(donors_differ, 0);
  for (Index source : {3, 8}) EXPECT_NEAR(changed(table, batch, source), 0.4, margin(0.4, kRows));
}

TEST(Corrupt, SwapDrawsFromTheGivenDonorsAlone) {
  const Table table = random_table(mixed_columns(), 300, 9);
  std::vector<int> drawn(300, 0);
  Batch batch = whole(table);
  corrupt(*table.layout, {NoiseKind::kSwap, 1, 0}, kNoise, 0, {4, 17, 200}, batch);
  for (Index donor : batch.bag_input) ++drawn[static_cast<std::size_t>(donor)];
  for (std::size_t donor : {4, 17, 200}) EXPECT_NEAR(drawn[donor], 100, 4 * std::sqrt(300 * 2.0 / 9));
  EXPECT_EQ(drawn[4] + drawn[17] + drawn[200], 300);
}

TEST(Corrupt, SwapHitsSourcesIndependently) {
  const Table table = random_table(mixed_columns(), kRows, 5, 0);
  const Batch batch = corrupted(table, {NoiseKind::kSwap, Scalar(0.5), 0}), clean = whole(table);
  double both = 0;
  for (Index i = 0; i < kRows; ++i)
    both += batch.dense(i, 1) != clean.dense(i, 1) && batch.bag_input[static_cast<std::size_t>(i)] != i;
  EXPECT_NEAR(both / kRows, 0.25, margin(0.25, kRows));
}

TEST(Corrupt, UnknownRateShowsObservedLevelsAsOther) {
  const Table table = random_table(mixed_columns(), kRows, 6);
  const Batch batch = corrupted(table, {NoiseKind::kNone, 0, Scalar(0.1)});
  double hidden = 0, could = 0;
  for (Index i = 0; i < kRows; ++i)
    for (Index j = 0; j < table.layout->codes(); ++j) {
      const auto code = table.codes(i, j), seen = batch.codes(i, j);
      ASSERT_TRUE(seen == code || (seen == 1 && code > 1));
      could += code > 1;
      hidden += seen != code;
    }
  EXPECT_NEAR(hidden / could, 0.1, margin(0.1, could));
}

// The same row of the same step meets the same noise wherever it is computed.
TEST(Corrupt, DoesNotDependOnHowABatchIsSplit) {
  const Table table = random_table(mixed_columns(), 64, 7, 0);
  const TableLayout& layout = *table.layout;
  for (NoiseKind kind : {NoiseKind::kGaussian, NoiseKind::kMask, NoiseKind::kSwap}) {
    const Corruption corruption{kind, Scalar(0.3), Scalar(0.1)};
    const Batch all = corrupted(table, corruption);
    for (Index first = 0, size = 1; first < table.rows; first += size, size = std::min(size + 2, table.rows - first)) {
      Batch part(layout, size);
      gather(layout, table.view, first, size, part);
      corrupt(layout, corruption, kNoise, static_cast<std::uint64_t>(100 + first), all_rows(table.rows), part);
      EXPECT_EQ(part.dense, all.dense.middleRows(first, size));
      EXPECT_EQ(part.codes, all.codes.middleRows(first, size));
      for (Index i = 0; i < size; ++i)
        EXPECT_EQ(part.bag_input[static_cast<std::size_t>(i)], all.bag_input[static_cast<std::size_t>(first + i)]);
      if (first + size == table.rows) break;
    }
  }
}

TEST(Corrupt, DiffersFromStepToStep) {
  const Table table = random_table(mixed_columns(), 64, 8);
  Batch batch = whole(table);
  corrupt(*table.layout, {NoiseKind::kSwap, Scalar(0.5), 0}, kNoise, 164, all_rows(table.rows), batch);
  EXPECT_NE(batch.dense, corrupted(table, {NoiseKind::kSwap, Scalar(0.5), 0}).dense);
}

}  // namespace entivec::test
