#include "entivec/table/table.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "entivec/core/check.h"
#include "entivec/core/prefetch.h"

namespace entivec {

namespace {

// Missing → 0 with the flag raised; the flags stand behind the c value columns.
void fill_dense_input(const TableLayout& layout, const Scalar* source, Scalar* x) {
  const Index c = layout.dense();
  for (Index j = 0; j < c; ++j) {
    const Scalar value = source[j];
    x[j] = std::isnan(value) ? Scalar(0) : value;
  }
  for (Index f = 0; f < layout.flags(); ++f)
    x[c + f] = std::isnan(source[layout.flag_columns()[static_cast<std::size_t>(f)]]) ? Scalar(1) : Scalar(0);
}

constexpr Index kAhead = 8;         // rows that are asked for before they are copied
constexpr Index kMostAhead = 4096;  // bytes of each: the start of a longer row brings the rest along

void gather_input(const TableLayout& layout, const TableView& table, Index row, Index i, Batch& batch) {
  const Index c = layout.dense(), k = layout.codes();
  if (c > 0) fill_dense_input(layout, table.dense + row * c, batch.dense.row(i).data());
  if (k > 0) std::copy_n(table.codes + row * k, k, batch.codes.row(i).data());
  batch.bag_input[static_cast<std::size_t>(i)] = row;
}

void gather_row(const TableLayout& layout, const TableView& table, Index row, Index i, Batch& batch) {
  const Index c = layout.dense(), k = layout.codes();
  gather_input(layout, table, row, i, batch);
  if (c > 0) std::copy_n(table.dense + row * c, c, batch.dense_target.row(i).data());
  if (k > 0) std::copy_n(table.codes + row * k, k, batch.codes_target.row(i).data());
  batch.bag_target[static_cast<std::size_t>(i)] = row;
  batch.weight[i] = 1;
}

}  // namespace

Batch::Batch(const TableLayout& layout, Index capacity)
    : dense(Matrix::Zero(capacity, layout.dense() + layout.flags())),
      codes(Codes::Zero(capacity, layout.codes())),
      dense_target(Matrix::Zero(capacity, layout.dense())),
      codes_target(Codes::Zero(capacity, layout.codes())),
      weight(Vector::Ones(capacity)),
      bag_input(static_cast<std::size_t>(capacity), -1),
      bag_target(static_cast<std::size_t>(capacity), -1) {}

void check_table(const TableLayout& layout, const TableView& table) {
  const auto& levels = layout.columns().levels;
  const std::int32_t* code = table.codes;
  for (Index i = 0; i < table.rows; ++i)
    for (std::size_t j = 0; j < levels.size(); ++j, ++code)
      if (*code < 0 || *code >= levels[j])
        fail("codes, column " + std::to_string(j) + ", row " + std::to_string(i),
             "0 <= code < " + std::to_string(levels[j]), *code);
  if (layout.bag() == 0) return;
  check(table.bag_offsets[0] == 0, "bags", "first offset 0", table.bag_offsets[0]);
  for (Index i = 0; i < table.rows; ++i)
    check(table.bag_offsets[i] <= table.bag_offsets[i + 1], "bags", "non-decreasing offsets", table.bag_offsets[i + 1]);
  for (Index e = 0; e < table.bag_offsets[table.rows]; ++e) {
    check(table.bag_items[e] >= 0 && table.bag_items[e] < layout.bag(), "bags", "0 <= item < bag width",
          table.bag_items[e]);
    check(table.bag_counts[e] >= 0 && std::isfinite(table.bag_counts[e]), "bags", "a finite count >= 0",
          table.bag_counts[e]);
  }
}

BagRow bag_row(const TableView& table, Index row) {
  if (row < 0 || table.bag_offsets == nullptr) return {nullptr, nullptr, 0, 0};
  const Index begin = table.bag_offsets[row], size = table.bag_offsets[row + 1] - begin;
  Scalar total = 0;
  for (Index e = 0; e < size; ++e) total += table.bag_counts[begin + e];
  if (total <= 0) return {nullptr, nullptr, 0, 0};
  return {table.bag_items + begin, table.bag_counts + begin, size, total};
}

void gather(const TableLayout& layout, const TableView& table, const Index* rows, Index count, Batch& batch) {
  batch.size = count;
  batch.table = &table;
  for (Index i = 0; i < count; ++i) {
    // A batch's rows lie anywhere in the table, where the processor does not look ahead.
    if (i + kAhead < count) {
      const Index next = rows[i + kAhead], c = layout.dense(), k = layout.codes();
      prefetch(table.dense + next * c, std::min(kMostAhead, c * static_cast<Index>(sizeof(Scalar))));
      prefetch(table.codes + next * k, std::min(kMostAhead, k * static_cast<Index>(sizeof(std::int32_t))));
    }
    gather_row(layout, table, rows[i], i, batch);
  }
}

void gather(const TableLayout& layout, const TableView& table, Index first, Index count, Batch& batch) {
  batch.size = count;
  batch.table = &table;
  for (Index i = 0; i < count; ++i) gather_row(layout, table, first + i, i, batch);
}

void gather_inputs(const TableLayout& layout, const TableView& table, Index first, Index count, Batch& batch) {
  batch.size = count;
  batch.table = &table;
  for (Index i = 0; i < count; ++i) gather_input(layout, table, first + i, i, batch);
}

}  // namespace entivec
