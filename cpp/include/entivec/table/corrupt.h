// Noise at the input of a training batch, never at its target.
#pragma once

#include "entivec/core/rng.h"
#include "entivec/table/table.h"

namespace entivec {

enum class NoiseKind { kNone, kGaussian, kMask, kSwap };

struct Corruption {
  NoiseKind kind = NoiseKind::kNone;
  Scalar level = 0;         // sd of the Gaussian; rate of masked or swapped source columns
  Scalar unknown_rate = 0;  // share of categorical cells shown as "other", so that unseen levels are trained
  Scalar span = 0;          // share of the training over which the noise fades to nothing; 0: it stays

  // What is left of it once `progress` of the training is done.
  Corruption at(Scalar progress) const;
};

// Corrupts the input of a gathered batch. `position` numbers the batch's first row within the whole training, so
// that the same row of the same step meets the same noise wherever it is computed.
//   Swap: each source column, value and flag together, is copied with probability `level` from one donor row, drawn
//   from `donors` (rows of the batch's table).
void corrupt(const TableLayout& layout, const Corruption& corruption, const Random& random, std::uint64_t position,
             const std::vector<Index>& donors, Batch& batch);

}  // namespace entivec
