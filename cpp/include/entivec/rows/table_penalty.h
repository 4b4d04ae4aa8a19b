// The contractive penalty of a table alone, to be computed again and again: everything it works in is allocated once.
#pragma once

#include "entivec/rows/autoencoder.h"

namespace entivec {

class TablePenalty {
 public:
  // `model` and what `table` views outlive it.
  TablePenalty(const AutoEncoder& model, const TableView& table, int threads);

  const AutoEncoder& model() const { return model_; }

  // Mean over the rows; adds its gradient to the encoder's `grads`. Probes are those of the training's first step.
  double value_and_gradient(ConstVectorRef params, std::uint64_t seed, VectorRef grads);

 private:
  struct Shard {
    Batch batch;
    std::unique_ptr<Workspace> workspace;
    Vector grads;  // but for the first shard's, which adds to the result itself
    double value = 0;
  };

  const AutoEncoder& model_;
  TableView table_;
  int threads_;
  Index shard_rows_, rows_at_once_;
  std::vector<Shard> shards_;
  Shards workspaces_;
};

}  // namespace entivec
