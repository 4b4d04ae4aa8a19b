// The softmax of one category over an event's own level and negatives that are drawn, for very many levels.
#include <limits>

#include "entivec/loss/sampled.h"
#include "entivec/loss/softmax.h"
#include "entivec/product/product.h"
#include "event_call.h"

namespace entivec {

Scalar EventHeads::sampled_softmax(Index category, const Call& call) const {
  const Index n = call.states.rows(), wide = vectors_.row_width(category);
  const LogUniform ranks(vectors_.levels(category) - kFirstToken);
  draw(category, call);
  const auto query = call.scratch.query.topRows(n).leftCols(wide);
  auto d_query = call.scratch.d_query.topRows(n).leftCols(wide);
  const auto drawn = call.scratch.drawn.leftCols(wide);
  auto logits = call.scratch.logits.topRows(n).leftCols(sampled_ + 1);  // the own level's is the last
  set_product_transposed(query, drawn, logits.leftCols(sampled_));
  d_query.setZero();
  Scalar loss = 0;
  Vector row(wide);
  for (Index i = 0; i < n; ++i) {
    const Index token = call.code(category, i, vectors_.layout()) - kFirstToken;
    if (token < 0) {
      logits.row(i).setZero();
      continue;
    }
    const Index at = vectors_.row(category, token + kFirstToken);
    const auto own = call.params.segment(at, wide);
    for (Index k = 0; k < sampled_; ++k) {
      const Index other = call.scratch.draws[static_cast<std::size_t>(k)];
      // A draw of the own level is no negative.
      logits(i, k) = other == token ? std::numeric_limits<Scalar>::lowest() / 2
                                    : logits(i, k) - ranks.log_expected(other, sampled_);
    }
    const Scalar score = query.row(i).dot(own) - ranks.log_expected(token, sampled_);
    logits(i, sampled_) = score;
    const Scalar lost = softmax(call.scale, logits.row(i).data(), sampled_ + 1) - score;
    const Scalar pull = logits(i, sampled_) - call.scale;
    loss += lost;
    call.parts[category].add(lost);
    d_query.row(i) = pull * own.transpose();
    row = pull * query.row(i).transpose();
    vectors_.add_row(category, token + kFirstToken, row.data(), *call.gradient);
  }
  add_product(1, logits.leftCols(sampled_), drawn, d_query);
  auto d_drawn = call.scratch.drawn.leftCols(wide);
  set_transposed_product(logits.leftCols(sampled_), query, d_drawn);
  for (Index k = 0; k < sampled_; ++k)
    vectors_.add_row(category, call.scratch.draws[static_cast<std::size_t>(k)] + kFirstToken, d_drawn.row(k).data(),
                     *call.gradient);
  return call.scale * loss;
}

}  // namespace entivec
