// An autoencoder on the rows of a table, as the trainer knows it: a step's rows are gathered and corrupted.
#pragma once

#include "entivec/rows/autoencoder.h"
#include "entivec/table/corrupt.h"

namespace entivec {

class RowModel : public Model {
 public:
  // Borrows the autoencoder, the table, `weights` (n, mean one; null for equal weights) and `guide` (n rows of the
  // autoencoder's guide_layout, null without guides).
  RowModel(const AutoEncoder& autoencoder, const TableView& table, const Scalar* weights = nullptr,
           const Corruption& corruption = {}, const TableView* guide = nullptr);

  Index num_examples() const override { return table_.rows; }
  Index num_params() const override { return autoencoder_.num_params(); }
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  void begin_step(ConstVectorRef params, const Shards& shards, int threads) const override;
  void load(const Step& step, Workspace& workspace) const override;
  void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const override;
  Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const override;
  Scalar end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const override;
  bool adds_to_put_off() const override { return autoencoder_.adds_to_put_off(); }

  bool coupled() const override { return autoencoder_.posterior() != nullptr; }
  Scalar couple(const Shards& shards, Scalar annealed) const override;
  Index num_terms() const override { return autoencoder_.num_terms(); }
  void add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const override;

 private:
  const AutoEncoder& autoencoder_;
  const TableView& table_;
  const Scalar* weights_;
  Corruption corruption_;
  const TableView* guide_;
};

}  // namespace entivec
