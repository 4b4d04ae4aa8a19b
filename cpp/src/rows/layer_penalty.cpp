#include "layer_penalty.h"

namespace entivec {

namespace {

// Level 0 is the first kernel with its `joint` columns, level l > 0 that of the chain's map l − 1. The squared slopes
// of the linear path's columns are one.
struct LayerScratch : ContractivePenalty::Scratch {
  const LayerScratch* shared = nullptr;  // of the step's first shard
  std::vector<Vector> norms;             // by level: ‖w_j‖² over the rows that hold values
  std::vector<Vector> squares;           // by level: Σ_rows by · s_j²
  Vector s;                              // (joint) squared slopes of one row at the first level
  std::vector<Index> missing;
};

LayerScratch& own(ContractivePenalty::Scratch& scratch) { return static_cast<LayerScratch&>(scratch); }

}  // namespace

std::unique_ptr<ContractivePenalty::Scratch> LayerPenalty::scratch(Index) const {
  auto scratch = std::make_unique<LayerScratch>();
  for (Index level = 0; level <= chain_.depth(); ++level) {
    const Index width = level == 0 ? chain_.joint() : chain_.body->width(level);
    scratch->norms.emplace_back(Vector::Zero(width));
    scratch->squares.emplace_back(Vector::Zero(width));
  }
  scratch->s = Vector::Ones(chain_.joint());
  scratch->missing.reserve(static_cast<std::size_t>(chain_.layout.inputs()));
  return scratch;
}

void LayerPenalty::begin(ConstVectorRef params, const Shards& shards, int) const {
  LayerScratch& shared = own(*shards[0]);
  for (Index level = 0; level <= chain_.depth(); ++level) {
    Vector& norms = shared.norms[static_cast<std::size_t>(level)];
    norms.setZero();
    const ConstMatrixMap w = level == 0 ? chain_.first(params) : chain_.map(level - 1, params);
    for (Index row = 0; row < w.rows(); ++row) norms += w.row(row).cwiseAbs2().transpose();
  }
  for (Index mark : observed_.marks()) shared.norms[0] -= chain_.first(params).row(mark).cwiseAbs2().transpose();
  for (Scratch* shard : shards) {
    own(*shard).shared = &shared;
    for (Vector& squares : own(*shard).squares) squares.setZero();
  }
}

Scalar LayerPenalty::add(const Batch& batch, const Vector& by, const Dropout&, ConstVectorRef params, Mlp::Cache& body,
                         Scratch& scratch, VectorRef grads) const {
  LayerScratch& s = own(scratch);
  const ConstMatrixMap first = chain_.first(params);
  MatrixMap d_first = chain_.first(grads);
  const Index width = chain_.body->width(0);
  Scalar sum = 0;
  for (Index level = 0; level <= chain_.depth(); ++level) {
    const auto at = static_cast<std::size_t>(level);
    const Vector& norms = s.shared->norms[at];
    for (Index i = 0; i < batch.size; ++i) {
      if (!chain_.body->activated(level)) {  // a linear code
        sum += by[i] * norms.sum();
        s.squares[at].array() += by[i];
        continue;
      }
      const auto slope = body.slope[at].row(i).transpose();
      auto d_slope = body.d_slope[at].row(i).transpose();
      if (level > 0) {
        sum += by[i] * slope.cwiseAbs2().dot(norms);
        s.squares[at] += by[i] * slope.cwiseAbs2();
        d_slope = 2 * by[i] * slope.cwiseProduct(norms);
        continue;
      }
      s.s.tail(width) = slope.cwiseAbs2();
      sum += by[i] * s.s.dot(norms);
      s.squares[at] += by[i] * s.s;
      d_slope = norms.tail(width);
      observed_.missing(batch, i, s.missing);
      for (Index row : s.missing) {
        sum -= by[i] * s.s.dot(first.row(row).cwiseAbs2());
        d_slope -= first.row(row).tail(width).cwiseAbs2().transpose();
        d_first.row(row) -= 2 * by[i] * first.row(row).cwiseProduct(s.s.transpose());
      }
      d_slope.array() *= 2 * by[i] * slope.array();
    }
  }
  return sum;
}

void LayerPenalty::end(ConstVectorRef params, const Shards& shards, int, VectorRef grads) const {
  LayerScratch& total = own(*shards[0]);
  for (std::size_t shard = 1; shard < shards.size(); ++shard)
    for (std::size_t level = 0; level < total.squares.size(); ++level)
      total.squares[level] += own(*shards[shard]).squares[level];
  for (Index level = 0; level <= chain_.depth(); ++level) {
    const auto twice = 2 * total.squares[static_cast<std::size_t>(level)].transpose();
    const ConstMatrixMap w = level == 0 ? chain_.first(params) : chain_.map(level - 1, params);
    MatrixMap dw = level == 0 ? chain_.first(grads) : chain_.map(level - 1, grads);
    for (Index row = 0; row < w.rows(); ++row) dw.row(row) += w.row(row).cwiseProduct(twice);
    if (level == 0)
      for (Index mark : observed_.marks()) dw.row(mark) -= w.row(mark).cwiseProduct(twice);
  }
}

void LayerPenalty::norms(const Batch& batch, ConstVectorRef params, const Mlp::Cache& body, Scratch& scratch,
                         VectorRef norms) const {
  LayerScratch& s = own(scratch);
  for (Index i = 0; i < batch.size; ++i) {
    s.s.tail(chain_.body->width(0)) = body.slope[0].row(i).cwiseAbs2().transpose();
    norms[i] = s.s.dot(s.norms[0]);
    observed_.missing(batch, i, s.missing);
    for (Index row : s.missing) norms[i] -= s.s.dot(chain_.first(params).row(row).cwiseAbs2());
  }
}

}  // namespace entivec
