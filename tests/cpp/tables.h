// Small random tables with everything a table can hold, and their explicit one-hot matrices.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "entivec/table/table.h"

namespace entivec::test {

// Numbers of the tests' own: the engine is fixed by the standard, its distributions are not.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double normal();  // variance one, bounded
  Index below(Index bound) { return static_cast<Index>(uniform() * static_cast<double>(bound)); }
  Vector vector(Index size, double scale = 1);
  Matrix matrix(Index rows, Index cols, double scale = 1);

 private:
  std::mt19937_64 engine_;
};

// Owns the blocks that a TableView borrows.
struct Table {
  std::unique_ptr<TableLayout> layout;
  Index rows = 0;
  Matrix dense;
  Codes codes;
  std::vector<std::int32_t> offsets{0}, items;
  std::vector<Scalar> counts;
  TableView view;  // of the members above: valid wherever the table is moved

  void look();  // points `view` at the blocks
};

// Nine source columns: two numbers (one with gaps), a date of three parts with gaps, categories whose targets start
// at code 2, 1 and 0, two flags, and a bag.
TableColumns mixed_columns();

// A random table of these columns. Missing cells come with probability `missing`; `code 1` counts as missing where it
// is no target. A third of the bags are then empty or of counts zero.
Table random_table(const TableColumns& columns, Index rows, std::uint64_t seed, double missing = 0.2);

// Numbers and categories only, nothing ever missing: what PCA knows exactly.
TableColumns plain_columns();

// (n, layout.inputs()) what TableLinear multiplies, written out.
Matrix explicit_input(const Table& table);

// One-hot targets as one matrix (n, layout.encoded()); NaN where nothing is observed.
Matrix explicit_target(const Table& table);

// 0 … rows − 1
std::vector<Index> all_rows(Index rows);

// A batch of all rows in order.
Batch whole(const Table& table);

}  // namespace entivec::test
