#include "entivec/models/diagnose.h"

#include "pieces.h"

namespace entivec {

namespace {

constexpr Index kPieceRows = 32;  // a Jacobian has as many rows as the code is wide
constexpr Index kMostShards = 4;  // each has a gradient of its own, as large as the first kernel
constexpr Index kShardRows = 64;  // fewer rows are two shards
constexpr Index kSumPiece = 1 << 16;

}  // namespace

void jacobians(const Fitted& fitted, const TableView& table, MatrixRef j) {
  const Index d = fitted.model.code();
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.jacobian(s.batch, fitted.params, *s.workspace, j.middleRows(first * d, size * d));
  });
}

void jacobian_norms(const Fitted& fitted, const TableView& table, Index probes, std::uint64_t seed, VectorRef norms) {
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.jacobian_norms(s.batch, fitted.params, probes, seed, static_cast<std::uint64_t>(first), *s.workspace,
                                norms.segment(first, size));
  });
}

DoubleVector saturation(const Fitted& fitted, const TableView& table, Scalar share) {
  const auto layers = static_cast<Index>(fitted.model.encoder().num_activated());
  const Index pieces = (table.rows + kPieceRows - 1) / kPieceRows;
  Matrix counts = Matrix::Zero(pieces, layers);
  for_each_piece(fitted, table.rows, kPieceRows, [&](Scratch& s, Index number, Index first, Index size) {
    gather(fitted.model.layout(), table, first, size, s.batch);
    fitted.model.count_saturated(s.batch, share, fitted.params, *s.workspace, counts.row(number).transpose());
  });
  DoubleVector shares = counts.cast<double>().colwise().sum().transpose();
  for (Index l = 0; l < layers; ++l)
    shares[l] /= static_cast<double>(table.rows) * static_cast<double>(fitted.model.encoder().units(l));
  return shares;
}

double contraction_and_gradient(const Fitted& fitted, const TableView& table, std::uint64_t seed, VectorRef grads) {
  const AutoEncoder& model = fitted.model;
  const Index n = table.rows, most = (n + kMostShards - 1) / kMostShards;
  const Index piece = std::max(most, std::min((n + 1) / 2, kShardRows)), shards = (n + piece - 1) / piece;
  const Index at_once = std::min(piece, kShardRows);
  std::vector<Batch> batches(static_cast<std::size_t>(shards), Batch(model.layout(), at_once));
  std::vector<std::unique_ptr<Workspace>> workspaces;
  Shards step;
  for (Index shard = 0; shard < shards; ++shard) {
    workspaces.push_back(model.workspace(at_once));
    step.push_back(workspaces.back().get());
  }
  auto encoder_grads = grads.head(model.encoder().num_params());
  // The first shard adds to the result itself.
  std::vector<Vector> parts(static_cast<std::size_t>(shards - 1), Vector::Zero(encoder_grads.size()));
  DoubleVector values = DoubleVector::Zero(shards);
  model.begin_step(fitted.params, step, fitted.threads);
  parallel_pieces(n, piece, fitted.threads, [&](Index shard, Index begin, Index size) {
    const auto at = static_cast<std::size_t>(shard);
    for (Index first = begin; first < begin + size; first += at_once) {
      gather(model.layout(), table, first, std::min(at_once, begin + size - first), batches[at]);
      const Dropout where{0, seed, static_cast<std::uint64_t>(first)};
      values[shard] +=
          model.contraction_and_gradient(batches[at], 1 / static_cast<Scalar>(n), where, fitted.params, *workspaces[at],
                                         shard == 0 ? VectorRef(encoder_grads) : VectorRef(parts[at - 1]));
    }
  });
  model.end_penalty(fitted.params, step, fitted.threads, grads);
  parallel_pieces(encoder_grads.size(), kSumPiece, fitted.threads, [&](Index, Index first, Index size) {
    for (const Vector& part : parts) encoder_grads.segment(first, size) += part.segment(first, size);
  });
  return values.sum();
}

}  // namespace entivec
