// CBOW and doc2vec's DM with the mean of the contexts, in parallel with the same bits for any number of threads. Inputs
// stand still within a batch; outputs, each of one part that one thread trains, do not.
#pragma once

#include <vector>

#include "entivec/tokens/grid.h"
#include "entivec/tokens/means.h"
#include "entivec/tokens/target.h"

namespace entivec {

// The gradient of a mean divides by the number of its contexts, which leaves inputs far behind the outputs. The step of
// the inputs is therefore longer by the geometric mean of the contexts' numbers: a rate of their own, not another
// gradient. The arithmetic mean is that of the few widest baskets, whose rate small ones diverge at.
Scalar mean_contexts(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training);

class MeanTrainer : public TokenTrainer {
 public:
  // As PairTrainer; training.words must be true. Inputs of the attributes stand between the words' and the documents'.
  MeanTrainer(const Sentences& sentences, std::vector<double> counts, const Attributes& attributes,
              const TokenTraining& training, MatrixRef inputs, MatrixRef outputs);

  LossSum evaluate(const Sentences& held_out) const override;

  Scalar input_scale() const { return input_scale_; }

 protected:
  LossSum train(Index epoch, Index step) override;

 private:
  struct Shard {
    ContextMeans means;
    std::vector<Index> targets, target_offsets;        // sorted by the part of their word
    std::vector<Index> inputs, input_offsets;          // sorted by the owner of their row
    std::vector<Index> attributes, attribute_offsets;  // of tokens, position · width + place, likewise
  };

  Index attribute(const Shard& shard, Index i) const;  // code of the i-th of a shard; negative: missing
  void draw_shard(Index epoch, Index first, Index last, Shard& shard) const;
  LossSum train_part(Index part, Scalar rate, const Random& random);
  void step_inputs(Index owner);
  void step_attributes(Index owner);

  Attributes attributes_;
  InputRows rows_;
  Rows words_, documents_, outputs_;  // the words' inputs with their attributes'
  Index parts_;
  Scalar input_scale_;
  Deal deal_;
  std::vector<Noise> noise_;
  std::vector<Index> attribute_steps_;  // of each attribute in the batch
  std::vector<Index> begins_;           // of the shards of a batch
  std::vector<Shard> shards_;
};

}  // namespace entivec
