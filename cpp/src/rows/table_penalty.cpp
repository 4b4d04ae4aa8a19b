#include "entivec/rows/table_penalty.h"

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"

namespace entivec {

namespace {

constexpr Index kMostShards = 4;    // each has a gradient of its own, as large as the first kernel
constexpr Index kPenaltyRows = 64;  // fewer rows are two shards
constexpr Index kSumPiece = 1 << 16;

Index penalty_rows(Index rows) {
  const Index most = (rows + kMostShards - 1) / kMostShards;
  return std::max(most, std::min((rows + 1) / 2, kPenaltyRows));
}

}  // namespace

TablePenalty::TablePenalty(const AutoEncoder& model, const TableView& table, int threads)
    : model_(model),
      table_(table),
      threads_(threads),
      shard_rows_(penalty_rows(table.rows)),
      rows_at_once_(std::min(shard_rows_, kPenaltyRows)) {
  check(table.rows > 0, "table", "at least one row", table.rows);
  for (Index first = 0; first < table.rows; first += shard_rows_) {
    const Index parameters = first == 0 ? 0 : model.encoder().num_params();
    shards_.push_back({Batch(model.layout(), rows_at_once_), model.workspace(rows_at_once_), Vector::Zero(parameters)});
  }
  for (const Shard& shard : shards_) workspaces_.push_back(shard.workspace.get());
}

double TablePenalty::value_and_gradient(ConstVectorRef params, std::uint64_t seed, VectorRef grads) {
  auto encoder_grads = grads.head(model_.encoder().num_params());
  const Scalar scale = 1 / static_cast<Scalar>(table_.rows);
  model_.begin_step(params, workspaces_, threads_);
  parallel_pieces(table_.rows, shard_rows_, threads_, [&](Index number, Index begin, Index size) {
    Shard& shard = shards_[static_cast<std::size_t>(number)];
    shard.value = 0;
    shard.grads.setZero();
    VectorRef own = number == 0 ? VectorRef(encoder_grads) : VectorRef(shard.grads);
    for (Index first = begin; first < begin + size; first += rows_at_once_) {
      gather(model_.layout(), table_, first, std::min(rows_at_once_, begin + size - first), shard.batch);
      const Dropout where{0, seed, static_cast<std::uint64_t>(first)};
      shard.value += model_.contraction_and_gradient(shard.batch, scale, where, params, *shard.workspace, own);
    }
  });
  model_.end_penalty(params, workspaces_, threads_, grads);
  parallel_pieces(encoder_grads.size(), kSumPiece, threads_, [&](Index, Index first, Index size) {
    for (std::size_t s = 1; s < shards_.size(); ++s)
      encoder_grads.segment(first, size) += shards_[s].grads.segment(first, size);
  });
  double value = 0;
  for (const Shard& shard : shards_) value += shard.value;
  return value;
}

}  // namespace entivec
