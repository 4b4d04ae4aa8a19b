// Writes a linear discriminant of the means into the categories of a variational autoencoder.
#pragma once

#include "entivec/models/autoencoder.h"

namespace entivec {

// logits of all categories = μ `kernel` + `bias` for every row: kernel (d, Σk), bias (Σk). As μ is affine in what the
// last maps of the encoder read, so are the logits.
void start_categories(const AutoEncoder& model, ConstMatrixRef kernel, ConstVectorRef bias, VectorRef params);

}  // namespace entivec
