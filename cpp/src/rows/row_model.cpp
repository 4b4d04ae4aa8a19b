#include "entivec/rows/row_model.h"

#include "entivec/core/check.h"
#include "workspace.h"

namespace entivec {

namespace {

// Scratch of the autoencoder beside the rows that it is for.
struct RowWorkspace : AutoEncoderWorkspace {
  RowWorkspace(const AutoEncoder& model, Index capacity, bool guided)
      : AutoEncoderWorkspace(model, capacity), batch(model.layout(), capacity) {
    if (guided) guide.emplace(*model.guide_layout(), capacity);
  }

  Batch batch;
  std::optional<Batch> guide;
};

RowWorkspace& rows_of(Workspace& workspace) { return static_cast<RowWorkspace&>(workspace); }

Dropout dropout_of(const Step& step) { return {step.dropout, step.seed, step.position}; }

}  // namespace

RowModel::RowModel(const AutoEncoder& autoencoder, const TableView& table, const Scalar* weights,
                   const Corruption& corruption, const TableView* guide)
    : autoencoder_(autoencoder), table_(table), weights_(weights), corruption_(corruption), guide_(guide) {
  if (!guide) return;
  check(autoencoder.guide_layout() != nullptr, "guide", "a model with guides", "a table for one without");
  check(guide->rows == table.rows, "guide", table.rows, guide->rows);
}

std::unique_ptr<Workspace> RowModel::workspace(Index capacity) const {
  return std::make_unique<RowWorkspace>(autoencoder_, capacity, guide_ != nullptr);
}

void RowModel::begin_step(ConstVectorRef params, const Shards& shards, int threads) const {
  autoencoder_.begin_step(params, shards, threads);
}

void RowModel::load(const Step& step, Workspace& workspace) const {
  RowWorkspace& w = rows_of(workspace);
  gather(autoencoder_.layout(), table_, step.examples, step.count, w.batch);
  if (weights_)
    for (Index i = 0; i < step.count; ++i) w.batch.weight[i] = weights_[step.examples[i]];
  if (w.guide) {
    gather(*autoencoder_.guide_layout(), *guide_, step.examples, step.count, *w.guide);
    w.guide->weight.head(step.count) = w.batch.weight.head(step.count);
    w.batch.guide = &*w.guide;
  }
  corrupt(autoencoder_.layout(), corruption_.at(step.progress), Random(step.seed, Stream::kNoise), step.position,
          *step.epoch, w.batch);
}

void RowModel::forward(const Step& step, ConstVectorRef params, Workspace& workspace) const {
  autoencoder_.forward(rows_of(workspace).batch, step.scale, dropout_of(step), params, workspace);
}

Scalar RowModel::backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const {
  return autoencoder_.backward(rows_of(workspace).batch, step.scale, dropout_of(step), params, workspace,
                               gradient.dense(), gradient.later());
}

Scalar RowModel::end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const {
  return autoencoder_.end_step(params, shards, threads, grads);
}

Scalar RowModel::couple(const Shards& shards, Scalar annealed) const { return autoencoder_.couple(shards, annealed); }

void RowModel::add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const {
  autoencoder_.add_terms(shards, sums);
}

}  // namespace entivec
