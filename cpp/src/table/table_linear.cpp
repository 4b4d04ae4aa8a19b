#include "entivec/table/table_linear.h"

#include "entivec/product/product.h"

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

constexpr int kColumns = 32, kFewColumns = 8;  // of a row, summed in registers over all of its look-ups

// y[first … first + Columns) += Σ by · w over the looked-up rows w.
template <int Columns>
void sum_look_ups(const TableLayout& layout, const Batch& batch, Index i, const Scalar* w, Index out, Scalar* y) {
  using Part = Eigen::Array<Scalar, Columns, 1>;
  Part total = Eigen::Map<const Part>(y);
  for_each_look_up(layout, batch, i,
                   [&](Index row, Scalar by) { total += by * Eigen::Map<const Part>(w + row * out); });
  Eigen::Map<Part>{y} = total;
}

}  // namespace

void TableLinear::forward(const Batch& batch, ConstVectorRef params, MatrixRef y) const {
  const Index dense = batch.dense.cols();
  const ConstMatrixMap w(params.data(), layout_.inputs(), out_);
  set_product(params.tail(out_), batch.dense.topRows(batch.size), w.topRows(dense), y);
  if (layout_.categories().empty()) return;
  for (Index i = 0; i < batch.size; ++i) {
    Scalar* own = y.row(i).data();
    Index j = 0;
    for (; j + kColumns <= out_; j += kColumns) sum_look_ups<kColumns>(layout_, batch, i, w.data() + j, out_, own + j);
    for (; j + kFewColumns <= out_; j += kFewColumns)
      sum_look_ups<kFewColumns>(layout_, batch, i, w.data() + j, out_, own + j);
    for (; j < out_; ++j) sum_look_ups<1>(layout_, batch, i, w.data() + j, out_, own + j);
  }
}

void TableLinear::backward(const Batch& batch, ConstMatrixRef dy, VectorRef grads, KernelProducts* later) const {
  const Index dense = batch.dense.cols();
  MatrixMap dw(grads.data(), layout_.inputs(), out_);
  if (dense > 0) add_kernel_product(batch.dense.topRows(batch.size), dy, grads.data(), later);
  auto bias = grads.tail(out_);
  for (Index i = 0; i < batch.size; ++i) {
    bias += dy.row(i).transpose();
    for_each_look_up(layout_, batch, i, [&](Index row, Scalar by) { dw.row(row) += by * dy.row(i); });
  }
}

}  // namespace entivec
