// Contrastive loss of embeddings of slices of entities (Babaev et al. 2022, "CoLES"; Hadsell et al. 2006): slices of
// one entity attract each other, those of others are pushed out to a margin, for every slice the nearest few of them.
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

struct ContrastivePairs {
  Scalar margin = Scalar(0.5);
  Index negatives = 5;  // of each slice, the nearest
};

// e (n, d) of any length; distances are those of the directions e/|e|. entity (n) says whose they are.
//   loss = by · (Σ over pairs of one entity of D² + Σ over each slice's negatives of max(0, margin − D)²)
// Overwrites `de`.
Scalar contrastive_loss(const ContrastivePairs& pairs, ConstMatrixRef e, const std::vector<Index>& entity, Scalar by,
                        MatrixRef de);

}  // namespace entivec
