// Skip-gram and doc2vec's DBOW with negative sampling, in parallel with the same bits for any number of threads.
#pragma once

#include <vector>

#include "entivec/tokens/grid.h"
#include "entivec/tokens/group.h"

namespace entivec {

class PairTrainer : public TokenTrainer {
 public:
  // Borrows the sentences and both matrices, which it trains: inputs (rows as InputRows numbers them),
  // outputs (V), both filled up with zeros to whole packets. Documents: the rows of the inputs behind the others.
  PairTrainer(const Sentences& sentences, std::vector<double> counts, const TokenTraining& training, MatrixRef inputs,
              MatrixRef outputs);

  LossSum evaluate(const Sentences& held_out) const override;

 protected:
  LossSum train(Index epoch, Index step) override;

 private:
  void draw_pairs(Index epoch, Index step, std::uint32_t number);
  Index input_part(std::int32_t row) const;
  LossSum train_block(Index epoch, Index step, Index input_part, Index output_part, const Random& random);

  PairSource source_;
  InputRows rows_;
  Rows inputs_, outputs_;
  Index parts_;
  std::vector<std::int32_t> ranked_;
  Deal input_deal_, output_deal_;
  std::vector<Noise> noise_;
  std::vector<BlockedPairs> chunks_;  // of the step
};

}  // namespace entivec
