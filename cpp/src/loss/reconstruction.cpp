#include "entivec/loss/reconstruction.h"

#include <cmath>

#include "category.h"

namespace entivec {

namespace {

Scalar dense_gradient(const TableLayout& layout, const Batch& batch, Index i, Scalar by, Scalar* y) {
  Scalar loss = 0;
  for (Index j = 0; j < layout.dense(); ++j) {
    const Scalar t = batch.dense_target(i, j);
    const Scalar w = by * static_cast<Scalar>(layout.dense_weight()[static_cast<std::size_t>(j)]);
    const Scalar error = std::isnan(t) ? Scalar(0) : y[j] - t;
    loss += w * error * error;
    y[j] = 2 * w * error;
  }
  return loss;
}

}  // namespace

Scalar Reconstruction::value_and_gradient(const Batch& batch, Scalar scale, MatrixRef outputs) const {
  Scalar loss = 0;
  for (Index i = 0; i < batch.size; ++i) {
    Scalar* y = outputs.row(i).data();
    const Scalar by = scale * batch.weight[i];
    loss += dense_gradient(layout_, batch, i, by, y);
    for (std::size_t j = 0; j < layout_.categories().size(); ++j) {
      const Category& category = layout_.categories()[j];
      const Target target(layout_, batch, j, i);
      loss += category_gradient(category, target, by * static_cast<Scalar>(category.weight), y + category.output);
    }
  }
  return loss;
}

void Reconstruction::predict(Heads heads, MatrixRef outputs) const {
  if (heads == Heads::kLinear) return;
  for (Index i = 0; i < outputs.rows(); ++i)
    for (const Category& category : layout_.categories()) {
      Scalar* y = outputs.row(i).data() + category.output;
      if (category.flag)
        *y = sigmoid(*y);
      else
        softmax(Segment(y, category.outputs()));
    }
}

}  // namespace entivec
