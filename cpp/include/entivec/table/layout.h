// The columns of a table as the networks see them.
#pragma once

#include <string>
#include <vector>

#include "entivec/core/types.h"

namespace entivec {

// What the caller knows of a table's columns. A source column is a column of the user's table; a date is one
// source column with several dense ones, and text with many levels one with codes and dense ones, which tell what
// the code *other* does not.
struct TableColumns {
  std::vector<Index> dense_source;    // (c) source column of each dense column
  std::vector<bool> dense_gap;        // (c) the column had gaps in training: it gets a 0/1 input flag
  std::vector<Index> code_source;     // (k) source column of each categorical column
  std::vector<Index> levels;          // (k) codes of the column: 0 missing, 1 other, 2… known levels
  std::vector<Index> first_target;    // (k) 1 or 2: first code that may be reconstructed
  std::vector<double> share;          // (Σ levels) training share of every code among observed cells
  Index bag_source = -1;              // source column of the bag, −1 without one
  Index bag_width = 0;                // v
  std::vector<double> bag_share;      // (v) mean share of every item among non-empty training bags
  double bag_weight = 1;              // columns that a bag counts for: its items in a mean row
  std::vector<double> source_weight;  // (sources) of a source column's loss; empty for ones
};

// One categorical column (or the bag, a categorical column with a soft target).
struct Category {
  Index source;   // source column
  Index input;    // first input row: code 0
  Index levels;   // input rows
  Index first;    // first code that is a target
  Index output;   // first output column
  Index encoded;  // first encoded (one-hot) column
  bool flag;      // two targets, one logit
  bool told;      // its source has dense columns, which tell one *other* from the next
  double weight;  // of its cross-entropy in the loss
  double scale;   // of its one-hot cells, or of the shares of a bag, in PCA and in scores
  const double* share;

  Index targets() const { return levels - first; }
  Index outputs() const { return flag ? 1 : targets(); }
};

// Positions and weights derived from TableColumns.
//   input rows of a weight matrix   dense (c) | gap flags (f) | codes (Σ levels) | bag (v)
//   outputs of a decoder            dense (c) | logits of every category
//   encoded columns (PCA, scores)   dense (c) | one-hot targets of every category (never formed)
class TableLayout {
 public:
  explicit TableLayout(TableColumns columns);
  TableLayout(const TableLayout&) = delete;  // categories point into columns_
  TableLayout& operator=(const TableLayout&) = delete;

  Index dense() const { return static_cast<Index>(columns_.dense_source.size()); }
  Index flags() const { return static_cast<Index>(flag_columns_.size()); }
  Index codes() const { return static_cast<Index>(columns_.levels.size()); }
  Index bag() const { return columns_.bag_width; }
  Index sources() const { return sources_; }
  Index inputs() const { return inputs_; }
  Index outputs() const { return outputs_; }
  Index encoded() const { return encoded_; }

  const TableColumns& columns() const { return columns_; }
  const std::vector<Index>& flag_columns() const { return flag_columns_; }   // dense column of each flag
  const std::vector<Scalar>& dense_weight() const { return dense_weight_; }  // (c) in the loss
  const std::vector<Category>& categories() const { return categories_; }    // codes, then the bag if any

 private:
  void add_category(Index source, Index levels, Index first, const double* share, bool flag_allowed);

  TableColumns columns_;
  Index sources_ = 0, inputs_ = 0, outputs_ = 0, encoded_ = 0;
  std::vector<Index> flag_columns_;
  std::vector<Scalar> dense_weight_;
  std::vector<Category> categories_;
};

}  // namespace entivec
