#include "entivec/models/diagnose.h"

#include "pieces.h"

namespace entivec {

namespace {

constexpr Index kPieceRows = 32;  // a Jacobian has as many rows as the code is wide
constexpr Index kMostShards = 8;  // each has a gradient of its own

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
  const Index piece = (table.rows + kMostShards - 1) / kMostShards, shards = (table.rows + piece - 1) / piece;
  std::vector<Batch> batches(static_cast<std::size_t>(shards), Batch(model.layout(), piece));
  std::vector<std::unique_ptr<Workspace>> workspaces;
  Shards step;
  for (Index shard = 0; shard < shards; ++shard) {
    workspaces.push_back(model.workspace(piece));
    step.push_back(workspaces.back().get());
  }
  std::vector<Vector> parts(static_cast<std::size_t>(shards), Vector::Zero(model.num_params()));
  Vector values = Vector::Zero(shards);
  const Scalar scale = 1 / static_cast<Scalar>(table.rows);
  model.begin_step(fitted.params, step, fitted.threads);
  parallel_pieces(table.rows, piece, fitted.threads, [&](Index shard, Index first, Index size) {
    const auto at = static_cast<std::size_t>(shard);
    gather(model.layout(), table, first, size, batches[at]);
    const Dropout where{0, seed, static_cast<std::uint64_t>(first)};
    values[shard] =
        model.contraction_and_gradient(batches[at], scale, where, fitted.params, *workspaces[at], parts[at]);
  });
  model.end_penalty(fitted.params, step, fitted.threads, grads);
  for (const Vector& part : parts) grads += part;
  return values.cast<double>().sum();
}

}  // namespace entivec
