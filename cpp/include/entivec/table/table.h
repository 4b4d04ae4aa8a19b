// A table as three borrowed blocks, and a batch of its rows.
#pragma once

#include <vector>

#include "entivec/table/layout.h"

namespace entivec {

// Borrowed row-major blocks; a categorical cell is a look-up, never a one-hot vector.
struct TableView {
  Index rows = 0;
  const Scalar* dense = nullptr;              // (n, c), NaN = missing
  const std::int32_t* codes = nullptr;        // (n, k), 0 = missing, 1 = other
  const std::int32_t* bag_offsets = nullptr;  // (n + 1) CSR
  const std::int32_t* bag_items = nullptr;
  const Scalar* bag_counts = nullptr;
};

// Throws std::invalid_argument where a code or an item lies outside the layout. Call once, at the boundary.
void check_table(const TableLayout& layout, const TableView& table);

// One bag row: items with their shares of the row's total.
struct BagRow {
  const std::int32_t* items;
  const Scalar* counts;
  Index size;
  Scalar total;
};
BagRow bag_row(const TableView& table, Index row);

// Rows gathered for the layers. `dense` has zeros where cells are missing and the gap flags behind the c columns.
struct Batch {
  Batch(const TableLayout& layout, Index capacity);

  Index size = 0;
  Matrix dense;                              // (capacity, c + f) input
  Codes codes;                               // (capacity, k) input
  Matrix dense_target;                       // (capacity, c), NaN = missing
  Codes codes_target;                        // (capacity, k)
  Vector weight;                             // (capacity) row weights
  std::vector<Index> bag_input, bag_target;  // rows of `table` whose bags are input and target; −1: none
  const TableView* table = nullptr;
  const Batch* guide = nullptr;  // the same rows of the table of targets that guide the code, if there is one
};

// Gathers table rows `rows[0 … count)` with weight one and a clean input.
void gather(const TableLayout& layout, const TableView& table, const Index* rows, Index count, Batch& batch);

// Gathers the consecutive rows first … first + count.
void gather(const TableLayout& layout, const TableView& table, Index first, Index count, Batch& batch);

// The same of what an encoder reads alone, half of the memory.
void gather_inputs(const TableLayout& layout, const TableView& table, Index first, Index count, Batch& batch);

}  // namespace entivec
