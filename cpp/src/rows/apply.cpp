#include "entivec/rows/apply.h"

#include "entivec/core/check.h"
#include "pieces.h"

namespace entivec {

namespace {

// Rows first … first + size of the table → outputs in scratch.outputs.
void reconstruct(const Fitted& fitted, const TableView& table, Scratch& s, Index first, Index size) {
  gather(fitted.model.layout(), table, first, size, s.batch);
  fitted.model.encode(s.batch, fitted.params, *s.workspace, s.codes.topRows(size));
  fitted.model.decode(s.codes.topRows(size), fitted.params, *s.workspace, s.outputs.topRows(size));
}

// Σ_rows weight · (−evidence bound) / C of the batch in scratch, KL weighted as at the end of the training.
double bound_loss(const Fitted& fitted, Scratch& s) {
  constexpr std::uint64_t kSeed = 0;
  const Index n = s.batch.size;
  Matrix evidence(n, 3);
  fitted.model.evidence(s.batch, 1, kSeed, fitted.params, *s.workspace, evidence);
  const Vector rows = evidence.col(0) + fitted.model.divergence_weight() * evidence.col(1);
  return static_cast<double>(s.batch.weight.head(n).dot(rows)) / static_cast<double>(fitted.model.layout().sources());
}

void decide(const TableLayout& layout, ConstMatrixRef predictions, MatrixRef dense, Eigen::Ref<Codes> levels,
            MatrixRef bag) {
  dense = predictions.leftCols(layout.dense());
  for (Index j = 0; j < layout.codes(); ++j) {
    const Category& category = layout.categories()[static_cast<std::size_t>(j)];
    for (Index i = 0; i < predictions.rows(); ++i) {
      const auto own = predictions.row(i).segment(category.output, category.outputs());
      Index best = 0;
      if (category.flag)
        best = own[0] > Scalar(0.5);
      else
        own.maxCoeff(&best);
      levels(i, j) = static_cast<std::int32_t>(category.first + best);
    }
  }
  if (layout.bag() > 0) bag = predictions.rightCols(layout.bag());
}

}  // namespace

void encode(const Fitted& fitted, const TableView& table, MatrixRef codes) {
  check(codes.rows() == table.rows, "encode", table.rows, codes.rows());
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather_inputs(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.encode(s.batch, fitted.params, *s.workspace, codes.middleRows(first, size));
  });
}

void decode(const Fitted& fitted, ConstMatrixRef codes, MatrixRef dense, Eigen::Ref<Codes> levels, MatrixRef bag) {
  for_each_piece(fitted, codes.rows(), kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    auto outputs = s.outputs.topRows(size);
    fitted.model.decode(codes.middleRows(first, size), fitted.params, *s.workspace, outputs);
    fitted.model.predict(fitted.heads, outputs);
    decide(fitted.model.layout(), outputs, dense.middleRows(first, size), levels.middleRows(first, size),
           bag.middleRows(first, size));
  });
}

void predict(const Fitted& fitted, ConstMatrixRef codes, MatrixRef predictions) {
  for_each_piece(fitted, codes.rows(), kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    auto outputs = predictions.middleRows(first, size);
    fitted.model.decode(codes.middleRows(first, size), fitted.params, *s.workspace, outputs);
    fitted.model.predict(fitted.heads, outputs);
  });
}

void reconstruction_errors(const Fitted& fitted, const TableView& table, MatrixRef errors) {
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    auto outputs = s.outputs.topRows(size);
    reconstruct(fitted, table, s, first, size);
    fitted.model.predict(fitted.heads, outputs);
    fitted.model.reconstruction().errors(s.batch, outputs, errors.middleRows(first, size));
  });
}

void guess(const Fitted& fitted, const TableView& table, MatrixRef predictions) {
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather_inputs(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.encode(s.batch, fitted.params, *s.workspace, s.codes.topRows(size));
    fitted.model.guess(s.codes.topRows(size), fitted.params, predictions.middleRows(first, size));
  });
}

void evidence(const Fitted& fitted, const TableView& table, Index draws, std::uint64_t seed, MatrixRef evidence) {
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.evidence(s.batch, draws, seed, fitted.params, *s.workspace, evidence.middleRows(first, size));
  });
}

Score score(const Fitted& fitted, const TableView& table, const Scalar* weights, const DoubleVector& mean,
            const TableView* guide, Squares squares) {
  const Index sources = fitted.model.layout().sources(), pieces = (table.rows + kPieceRows - 1) / kPieceRows;
  const Score none{0, DoubleVector::Zero(sources), DoubleVector::Zero(sources)};
  std::vector<Score> parts(static_cast<std::size_t>(pieces), none);
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index piece, Index first, Index size) {
    Score& part = parts[static_cast<std::size_t>(piece)];
    auto outputs = s.outputs.topRows(size);
    reconstruct(fitted, table, s, first, size);
    if (weights)
      for (Index i = 0; i < size; ++i) s.batch.weight[i] = weights[first + i];
    if (fitted.model.posterior()) {
      fitted.model.predict(fitted.heads, outputs);
      part.loss = bound_loss(fitted, s);
    } else {
      part.loss = fitted.model.reconstruction_loss(s.batch, fitted.heads, fitted.params, outputs);
    }
    if (guide) {
      gather(*fitted.model.guide_layout(), *guide, first, size, *s.guide);
      s.guide->weight.head(size) = s.batch.weight.head(size);
      part.loss += fitted.model.guide_loss(*s.guide, s.codes.topRows(size), fitted.params, *s.workspace);
    }
    fitted.model.reconstruction().add_squares(s.batch, outputs, mean, part.error, part.deviation, squares);
  });
  Score total = none;
  for (const Score& part : parts) {  // in piece order: the same bits for any thread count
    total.loss += part.loss / static_cast<double>(table.rows);
    total.error += part.error;
    total.deviation += part.deviation;
  }
  return total;
}

}  // namespace entivec
