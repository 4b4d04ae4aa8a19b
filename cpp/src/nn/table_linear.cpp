#include "entivec/nn/table_linear.h"

#include "entivec/core/product.h"

namespace entivec {

namespace {

// Calls visit(input row, multiplier) for every categorical cell and bag item of row i.
template <class Visit>
void for_each_look_up(const TableLayout& layout, const Batch& batch, Index i, const Visit& visit) {
  const auto& categories = layout.categories();
  for (Index j = 0; j < layout.codes(); ++j)
    visit(categories[static_cast<std::size_t>(j)].input + batch.codes(i, j), Scalar(1));
  if (layout.bag() == 0) return;
  const BagRow bag = bag_row(*batch.table, batch.bag_input[static_cast<std::size_t>(i)]);
  for (Index e = 0; e < bag.size; ++e) visit(categories.back().input + bag.items[e], bag.counts[e] / bag.total);
}

}  // namespace

void TableLinear::forward(const Batch& batch, ConstVectorRef params, MatrixRef y) const {
  const Index dense = batch.dense.cols();
  const ConstMatrixMap w(params.data(), layout_.inputs(), out_);
  y.rowwise() = params.tail(out_).transpose();
  if (dense > 0) add_product(1, batch.dense.topRows(batch.size), w.topRows(dense), y);
  for (Index i = 0; i < batch.size; ++i)
    for_each_look_up(layout_, batch, i, [&](Index row, Scalar by) { y.row(i) += by * w.row(row); });
}

void TableLinear::backward(const Batch& batch, ConstMatrixRef dy, VectorRef grads) const {
  const Index dense = batch.dense.cols();
  MatrixMap dw(grads.data(), layout_.inputs(), out_);
  if (dense > 0) add_transposed_product(1, batch.dense.topRows(batch.size), dy, dw.topRows(dense));
  auto bias = grads.tail(out_);
  for (Index i = 0; i < batch.size; ++i) {
    bias += dy.row(i).transpose();
    for_each_look_up(layout_, batch, i, [&](Index row, Scalar by) { dw.row(row) += by * dy.row(i); });
  }
}

}  // namespace entivec
