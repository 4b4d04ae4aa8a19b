#include "entivec/sequences/guide_head.h"

#include "entivec/loss/softmax.h"

namespace entivec {

// output → its gradient times `by`
Scalar GuideHead::number_loss(Scalar target, Scalar by, Scalar& output) const {
  const Scalar error = output - target;
  output = 2 * by * error;
  return error * error;
}

Scalar GuideHead::loss(const GuideView& view, ConstMatrixRef e, const std::vector<Index>& entity, ConstVectorRef params,
                       Scalar scale, LossPart* parts, MatrixRef de, VectorRef* grads) const {
  const auto classes = static_cast<Index>(guide_.classes.size());
  Matrix outputs(e.rows(), map_.out());
  map_.forward(e, params, outputs);
  Scalar total = 0;
  for (Index i = 0; i < e.rows(); ++i) {
    const Index own = entity[static_cast<std::size_t>(i)];
    Index at = 0, part = 0;
    const auto take = [&](Scalar weight, bool known, Index width, const auto& loss_of) {
      if (known && weight > 0) {
        const Scalar lost = loss_of(weight * scale, outputs.row(i).data() + at);
        total += weight * lost;
        parts[part].add(lost);
      } else {
        outputs.row(i).segment(at, width).setZero();
      }
      at += width;
      ++part;
    };
    for (Index j = 0; j < guide_.numbers; ++j) {
      const Scalar target = view.numbers[own * guide_.numbers + j];
      take(guide_.weight[static_cast<std::size_t>(part)], !std::isnan(target), 1,
           [&](Scalar by, Scalar* output) { return number_loss(target, by, *output); });
    }
    for (Index j = 0; j < classes; ++j) {
      const std::int32_t target = view.classes[own * classes + j];
      const Index count = guide_.classes[static_cast<std::size_t>(j)];
      take(guide_.weight[static_cast<std::size_t>(part)], target >= 0 && target < count, count,
           [&](Scalar by, Scalar* logits) {
             const Scalar score = logits[target];
             const Scalar lost = softmax(by, logits, count) - score;
             logits[target] -= by;
             return lost;
           });
    }
  }
  if (grads) map_.backward(e, outputs, params, de, *grads);
  return scale * total;
}

void GuideHead::predict(ConstMatrixRef e, ConstVectorRef params, MatrixRef outputs) const {
  map_.forward(e, params, outputs);
  for (Index i = 0; i < outputs.rows(); ++i) {
    Scalar* logits = outputs.row(i).data() + guide_.numbers;
    for (Index count : guide_.classes) {
      softmax(1, logits, count);
      logits += count;
    }
  }
}

}  // namespace entivec
