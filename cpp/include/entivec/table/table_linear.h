// Affine map from the rows of a table: y = [dense, flags] W_dense + Σ_columns W[code] + bag shares · W_bag + b.
//   y (n, out)   W (layout.inputs(), out)   b (out)
// A categorical cell adds one row of W; its gradient touches that row alone.
#pragma once

#include "entivec/nn/kernel_product.h"
#include "entivec/table/table.h"

namespace entivec {

class TableLinear {
 public:
  TableLinear(const TableLayout& layout, Index out) : layout_(layout), out_(out) {}

  Index out() const { return out_; }
  Index num_weights() const { return layout_.inputs() * out_; }
  Index num_params() const { return (layout_.inputs() + 1) * out_; }  // W row-major, then b

  void forward(const Batch& batch, ConstVectorRef params, MatrixRef y) const;

  // Adds to `grads`, a large dense part later where there is a list for it; a table needs no gradient of its own.
  void backward(const Batch& batch, ConstMatrixRef dy, VectorRef grads, KernelProducts* later = nullptr) const;

 private:
  const TableLayout& layout_;
  Index out_;
};

}  // namespace entivec
