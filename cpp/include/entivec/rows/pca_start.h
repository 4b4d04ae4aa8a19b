// Writes a PCA solution into the linear paths of an autoencoder (RECIPE step 5).
#pragma once

#include "entivec/rows/autoencoder.h"
#include "entivec/rows/pca.h"

namespace entivec {

// encoder W = V/S, b = −Vμ/S: a code of unit variance. Decoder W = VᵀS, b = μ; under kTyped heads a category's
// weights are divided by max(p, 0.1) and its bias is ln max(p, 1e-4), so that the softmax starts near PCA's values.
// Missing and unseen cells contribute what the average row does. Two have no input of their own to carry it and
// contribute −Vμ/S: an empty bag, and a missing number in a column that had no gaps in training (μ is near zero).
void start_at_pca(const AutoEncoder& model, const Pca& pca, Heads heads, VectorRef params);

}  // namespace entivec
