// What a decoder says of a row: independent distributions by column type, their parameters the outputs.
//   dense columns   N(output, σ_j) with σ_j = e^s_j, one learnt number a column, held within [0.01, 1]
//                   or, for cells in [0, 1], Bernoulli(sigmoid(output)), whose log-likelihood is linear in the cell
//   categories      softmax of their logits; flags Bernoulli; a bag its shares' cross-entropy
// Missing cells and levels that are no target are left out. In nats, of the scaled cells.
#pragma once

#include "entivec/table/table.h"

namespace entivec {

class Likelihood {
 public:
  // A column's log-likelihood counts source_weight times.
  Likelihood(const TableLayout& layout, bool bernoulli);

  bool bernoulli() const { return bernoulli_; }
  Index num_params() const { return bernoulli_ ? 0 : layout_.dense(); }  // s_j, which start at zero

  // outputs (n, layout.outputs()): logits and means in, the gradient of Σ_i by_i · (−log p(x_i)) out.
  // losses (n) = by_i · (−log p(x_i)). Adds to `grads`.
  void value_and_gradient(const Batch& batch, ConstVectorRef by, ConstVectorRef params, MatrixRef outputs,
                          VectorRef losses, VectorRef grads) const;

  // outputs → predictions in place for dense columns: means, or probabilities.
  void predict(MatrixRef outputs) const;

  // σ_j (num_params)
  void scales(ConstVectorRef params, VectorRef sigma) const;

 private:
  // The dense columns first … first + size.
  void dense_piece(const Batch& batch, ConstVectorRef by, ConstVectorRef params, Index first, Index size,
                   MatrixRef outputs, VectorRef losses, VectorRef grads) const;

  const TableLayout& layout_;
  bool bernoulli_;
  Vector weight_;  // (c) of dense columns
};

}  // namespace entivec
