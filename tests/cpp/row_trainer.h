// A trainer of an autoencoder together with the model of the rows that it borrows.
#pragma once

#include "entivec/rows/row_model.h"
#include "entivec/train/trainer.h"

namespace entivec::test {

struct OwnedRows {
  std::unique_ptr<const RowModel> model;
};

class RowTrainer : private OwnedRows, public Trainer {
 public:
  RowTrainer(const AutoEncoder& autoencoder, const TableView& table, std::vector<Index> rows, const Scalar* weights,
             const Corruption& corruption, const Training& training, TrainingState state,
             const TableView* guide = nullptr)
      : OwnedRows{std::make_unique<const RowModel>(autoencoder, table, weights, corruption, guide)},
        Trainer(*model, std::move(rows), training, std::move(state)) {}
};

}  // namespace entivec::test
