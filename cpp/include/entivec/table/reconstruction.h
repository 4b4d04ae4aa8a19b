// Typed reconstruction: squared error for dense columns, cross-entropy for categories (softmax over a column's
// own levels), Bernoulli for flags, multinomial for a bag. Missing cells and levels that are no target are left out.
//   loss of a row = (1/C) Σ_columns [squared error (mean over the parts of a date) | cross-entropy / √H]
// with H the column's training entropy in nats (floor 0.05) and C the number of source columns. A text with many levels
// has both, and the sum over its numbers.
#pragma once

#include "entivec/table/table.h"

namespace entivec {

// How decoder outputs are read: kTyped as logits, kLinear as the values themselves (the PCA solution).
enum class Heads { kTyped, kLinear };

// Which cells of categories squares are added over: all that are targets, or those the user sees: missing ones are
// left out, and what became *other* (code 1), a level of its own that the code does not tell, is not explained; it is
// left out where dense columns of the same source tell it, which are judged then.
enum class Squares { kTargets, kCells };

class Reconstruction {
 public:
  explicit Reconstruction(const TableLayout& layout) : layout_(layout) {}

  // outputs (n, layout.outputs()): logits in, gradient out. Returns Σ_rows scale · weight · loss.
  Scalar value_and_gradient(const Batch& batch, Scalar scale, MatrixRef outputs) const;

  // Σ_rows weight · loss, with nothing overwritten but the outputs by predictions.
  Scalar value(const Batch& batch, Heads heads, MatrixRef outputs) const;

  // outputs → predictions in place: probabilities for categories (for a flag that of its second level).
  void predict(Heads heads, MatrixRef outputs) const;

  // errors (n, sources): each observed cell's loss without the 1/C; NaN where missing or no target.
  void errors(const Batch& batch, ConstMatrixRef predictions, MatrixRef errors) const;

  // Adds every source column's squared error and squared deviation from `mean` (layout.encoded()), over
  // weighted rows, dense cells and one-hot targets: explained variance is 1 − Σ error / Σ deviation.
  void add_squares(const Batch& batch, ConstMatrixRef predictions, const Eigen::VectorXd& mean, Eigen::VectorXd& error,
                   Eigen::VectorXd& deviation, Squares squares = Squares::kTargets) const;

 private:
  const TableLayout& layout_;
};

}  // namespace entivec
