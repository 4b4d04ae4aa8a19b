#include "entivec/table/reconstruction.h"

#include <cmath>
#include <numeric>

#include "category.h"

namespace entivec {

namespace {

// Sums that do not wait for each other: the same number whatever a vector holds, so that they add up to the same bits.
constexpr Index kSums = 16;

// The loss of a row's numbers, their gradient in place of y.
Scalar dense_gradient(const TableLayout& layout, const Batch& batch, Index i, Scalar by, Scalar* y) {
  const Scalar* target = batch.dense_target.row(i).data();
  const Scalar* weight = layout.dense_weight().data();
  Scalar sums[kSums] = {};
  const auto add = [&](Index j, Index sum) {
    const Scalar difference = y[j] - target[j], error = std::isnan(target[j]) ? Scalar(0) : difference;
    const Scalar w = by * weight[j];
    sums[sum] += w * error * error;
    y[j] = 2 * w * error;
  };
  Index j = 0;
  for (; j + kSums <= layout.dense(); j += kSums)
    for (Index sum = 0; sum < kSums; ++sum) add(j + sum, sum);
  for (; j < layout.dense(); ++j) add(j, 0);
  return std::accumulate(sums, sums + kSums, Scalar(0));
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
        softmax(1, y, category.outputs());
    }
}

}  // namespace entivec
