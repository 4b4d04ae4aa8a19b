// Vectors of documents that were not trained, with words and outputs frozen.
#pragma once

#include "entivec/tokens/mean_trainer.h"

namespace entivec {

// Trains `documents` (by the sentences' numbers), which hold where to start, for training.epochs passes: by DM, with
// the scale that its words were trained with (MeanTrainer::input_scale), or by DBOW where the scale is 0. What a
// document becomes depends on no other: its random numbers are a function of (seed, epoch).
void infer_documents(const Sentences& sentences, const Vocabulary& vocabulary, const TokenTraining& training,
                     Scalar input_scale, const Rows& words, const Rows& outputs, const Rows& documents);

}  // namespace entivec
