// What one shard of a step adds to: the gradient of the loss, in the three forms that it comes in.
//   dense      a buffer as long as the dense parameters
//   products   of large kernels, put off until all shards have gone backward (nn/kernel_product.h)
//   rows       of look-up tables: those that the shard touches, and no others (nn/touched_rows.h)
#pragma once

#include <cmath>

#include "entivec/nn/kernel_product.h"
#include "entivec/nn/touched_rows.h"

namespace entivec {

class Gradient {
 public:
  // The dense parameters are the first. Products are put off only where somebody sees to them (`puts_off`).
  explicit Gradient(Index num_dense, bool puts_off = false) : dense_(Vector::Zero(num_dense)), puts_off_(puts_off) {}

  // To be added to: all, or those of params[begin … begin + size).
  VectorRef dense() { return dense_; }
  VectorRef dense(Index begin, Index size) { return dense_.segment(begin, size); }

  // params[begin …), a kernel (in, out), += xᵀ dy. Both must stand untouched until the step is over.
  void product(ConstMatrixRef x, ConstMatrixRef dy, Index begin) {
    add_kernel_product(x, dy, dense_.data() + begin, later());
  }

  // params[begin … begin + width), a row of a look-up table, += d.
  void row(Index begin, const Scalar* d, Index width) { rows_.add(begin, d, width); }

  // All of another one's, which puts nothing off.
  void add(const Gradient& other) {
    dense_ += other.dense_;
    for (const TouchedRows::Row& row : other.rows_.rows()) rows_.add(row.begin, other.rows_.gradient(row), row.width);
  }

  // Of all that was added but products that were put off.
  Scalar norm() const { return std::sqrt(dense_.squaredNorm() + rows_.squared_norm()); }
  void scale(Scalar by) {
    dense_ *= by;
    rows_.scale(by);
  }

  // The list that layers put products off to, each with its place in dense(); null where nothing is put off.
  KernelProducts* later() { return puts_off_ ? &products_ : nullptr; }

  const KernelProducts& products() const { return products_; }
  const TouchedRows& rows() const { return rows_; }

  // Forgets products and rows; the dense part is left to whoever took it.
  void next_step() {
    products_.clear();
    rows_.clear();
  }

 private:
  Vector dense_;
  bool puts_off_;
  KernelProducts products_;
  TouchedRows rows_;
};

}  // namespace entivec
