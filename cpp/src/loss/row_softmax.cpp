#include "entivec/loss/row_softmax.h"

#include <algorithm>
#include <limits>

#include "entivec/loss/sampled.h"
#include "entivec/loss/softmax.h"
#include "entivec/product/product.h"

namespace entivec {

namespace {

constexpr Index kMostLogits = Index{1} << 21, kFewestQueries = 32, kMostQueries = 512;

void make_room_for(Matrix& matrix, Index rows, Index cols) {
  if (matrix.rows() < rows || matrix.cols() < cols)
    matrix.resize(std::max(matrix.rows(), rows), std::max(matrix.cols(), cols));
}

}  // namespace

RowSoftmax::RowSoftmax(Index begin, Index rows, Index width, bool full, Index sampled)
    : begin_(begin),
      rows_(rows),
      width_(width),
      full_(full),
      sampled_(sampled),
      block_(std::clamp(kMostLogits / std::max<Index>(rows, 1), kFewestQueries, kMostQueries)) {}

void RowSoftmax::loss(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale,
                      const Draws& draws, Scratch& scratch, VectorRef losses, MatrixRef d_query,
                      Gradient* gradient) const {
  losses.setZero();
  if (rows_ == 0) {
    d_query.setZero();
    return;
  }
  if (full_ || !gradient) return all_rows(query, meant, params, scale, scratch, losses, d_query, gradient);
  draw(params, draws, scratch);
  drawn_rows(query, meant, params, scale, scratch, losses, d_query, *gradient);
}

void RowSoftmax::all_rows(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale,
                          Scratch& scratch, VectorRef losses, MatrixRef d_query, Gradient* gradient) const {
  const Index n = query.rows();
  const ConstMatrixMap own = table(params);
  make_room_for(scratch.logits, std::min(block_, n), rows_);
  auto logits = scratch.logits.topRows(n).leftCols(rows_);
  set_product_transposed(query, own, logits);
  for (Index i = 0; i < n; ++i) {
    const Index count = meant.count(i);
    if (count == 0) {
      logits.row(i).setZero();
      continue;
    }
    Scalar sum = 0;
    for (Index k = 0; k < count; ++k) sum += logits(i, meant.of(i)[k]);
    const Scalar share = 1 / static_cast<Scalar>(count);
    losses[i] = softmax(scale, logits.row(i).data(), rows_) - share * sum;
    for (Index k = 0; k < count; ++k) logits(i, meant.of(i)[k]) -= scale * share;
  }
  if (!gradient) return;
  d_query.setZero();
  add_product(1, logits, own, d_query);
  auto grads = gradient->dense(begin_, num_params());
  add_transposed_product(1, logits, query, MatrixMap(grads.data(), rows_, width_));
}

// The negatives of a block, the same for all of its queries: their rows to scratch.drawn.
void RowSoftmax::draw(ConstVectorRef params, const Draws& draws, Scratch& scratch) const {
  const LogUniform ranks(rows_);
  make_room_for(scratch.drawn, sampled_, width_);
  scratch.draws.resize(static_cast<std::size_t>(sampled_));
  for (Index k = 0; k < sampled_; ++k) {
    const std::uint64_t at = draws.number * static_cast<std::uint64_t>(sampled_) + static_cast<std::uint64_t>(k);
    const Index other = ranks.rank(draws.random.uniform(at));
    scratch.draws[static_cast<std::size_t>(k)] = other;
    std::copy_n(params.data() + row(other), width_, scratch.drawn.row(k).data());
  }
}

void RowSoftmax::drawn_rows(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale,
                            Scratch& scratch, VectorRef losses, MatrixRef d_query, Gradient& gradient) const {
  const Index n = query.rows();
  const LogUniform ranks(rows_);
  Index most = 0;
  for (Index i = 0; i < n; ++i) most = std::max(most, meant.count(i));
  make_room_for(scratch.logits, n, sampled_ + most);
  if (scratch.row.size() < width_) scratch.row.resize(width_);
  auto drawn = scratch.drawn.topRows(sampled_).leftCols(width_);
  auto negatives = scratch.logits.topRows(n).leftCols(sampled_);
  set_product_transposed(query, drawn, negatives);
  d_query.setZero();
  for (Index i = 0; i < n; ++i) {
    const Index count = meant.count(i);
    const Index* own = meant.of(i);
    if (count == 0) {
      negatives.row(i).setZero();
      continue;
    }
    Scalar* logits = scratch.logits.row(i).data();  // those of the rows meant stand behind the negatives'
    for (Index k = 0; k < sampled_; ++k) {
      const Index other = scratch.draws[static_cast<std::size_t>(k)];
      // A draw of a row that is meant is no negative.
      logits[k] = std::find(own, own + count, other) != own + count ? std::numeric_limits<Scalar>::lowest() / 2
                                                                    : logits[k] - ranks.log_expected(other, sampled_);
    }
    Scalar sum = 0;
    for (Index k = 0; k < count; ++k) {
      const Eigen::Map<const Vector> target(params.data() + row(own[k]), width_);
      sum += logits[sampled_ + k] = query.row(i).dot(target) - ranks.log_expected(own[k], sampled_);
    }
    const Scalar share = 1 / static_cast<Scalar>(count);
    losses[i] = softmax(scale, logits, sampled_ + count) - share * sum;
    auto d_row = scratch.row.head(width_);
    for (Index k = 0; k < count; ++k) {
      const Scalar pull = logits[sampled_ + k] - scale * share;
      d_query.row(i) += pull * Eigen::Map<const Vector>(params.data() + row(own[k]), width_).transpose();
      d_row = pull * query.row(i).transpose();
      gradient.row(row(own[k]), d_row.data(), width_);
    }
  }
  add_product(1, negatives, drawn, d_query);
  set_transposed_product(negatives, query, drawn);
  for (Index k = 0; k < sampled_; ++k)
    gradient.row(row(scratch.draws[static_cast<std::size_t>(k)]), drawn.row(k).data(), width_);
}

}  // namespace entivec
